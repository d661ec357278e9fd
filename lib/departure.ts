import type { Candidacy, OwnKey } from './candidacy.js';
import { ElectionError } from './errors.js';
import type { Logger } from './log.js';
import type { Session } from './session.js';
import { type Clock, sleep } from './time.js';

/** A release is tried for so many ms at the least; `stop()` promises `releaseTimeout` and a second. */
const RELEASE_PATIENCE = 900;
/** ms before a leader that has stepped down queues again: the read of the next would have to wait for that write. */
const HEAD_START = 10;

export interface DepartureParts {
  /** Of the election. */
  readonly name: string;
  readonly session: Session;
  /** The session is this election's alone: its lease ends with the candidacy. */
  readonly ownsSession: boolean;
  readonly candidacy: Candidacy;
  /** ms */
  readonly releaseTimeout: number;
  readonly log: () => Logger;
  readonly failed: (error: ElectionError) => void;
}

/** What is to be given up. */
export interface Belongings {
  /** The work that is still done in the name of the term. */
  readonly work: Promise<void> | undefined;
  /** A join on its way, which gives back what it gets. */
  readonly attempt: Promise<void> | undefined;
  readonly own: OwnKey | undefined;
  /** Asked when it matters: the user may change his mind meanwhile. */
  readonly isReturning: () => boolean;
}

/**
 * The way out, in order: the work ends, then the key goes. As long as the work winds down the lease is refreshed, so that
 * nobody else can lead. Bounded in time by `releaseTimeout`, and a second for etcd.
 */
export class Departure {
  readonly #parts: DepartureParts;

  constructor(parts: DepartureParts) {
    this.#parts = parts;
  }

  /** Never rejects: what could not be released expires with its lease. */
  async take(belongings: Belongings): Promise<void> {
    const { releaseTimeout } = this.#parts;
    const startedAt = this.#clock.now();
    if (belongings.work !== undefined && !(await this.#within(releaseTimeout, belongings.work))) {
      const message = `the work did not end within ${releaseTimeout} ms: releasing the key all the same`;
      this.#parts.failed(new ElectionError('RELEASE_TIMEOUT', message));
    }
    const left = releaseTimeout - (this.#clock.now() - startedAt);
    const patience = Math.max(RELEASE_PATIENCE, left);
    let isOver = false;
    const released = this.#release(belongings, patience, () => isOver);
    if (await this.#within(patience, released)) return;
    isOver = true;
    // Now, and not when what it waits for has ended: by then the lease may be that of another candidacy.
    if (this.#parts.ownsSession && !belongings.isReturning()) void this.#parts.session.revoke(0);
    this.#parts.log().warn({ patience }, 'key not released in time; it will expire with its lease');
  }

  get #clock(): Clock {
    return this.#parts.session.environment.clock;
  }

  async #release(belongings: Belongings, patience: number, isOver: () => boolean): Promise<void> {
    const { session, ownsSession } = this.#parts;
    const { attempt, own, isReturning } = belongings;
    const isRevoked = (): boolean => ownsSession && !isReturning() && !isOver(); // which deletes the key too
    await attempt;
    if (isOver()) return;
    if (own !== undefined && !isRevoked() && !session.isClosing) {
      await this.#leaveQueue(own, isReturning);
      if (isReturning()) await sleep(this.#clock, HEAD_START);
    }
    if (isRevoked()) await session.revoke(patience);
  }

  async #leaveQueue(own: OwnKey, isReturning: () => boolean): Promise<void> {
    const { session, name, candidacy } = this.#parts;
    try {
      await session.giveBack(candidacy, { election: name, lease: own.lease, own, isLast: !isReturning() });
    } catch (err) {
      this.#parts.failed(err as ElectionError);
    }
  }

  /** Whether `promise` has settled before `ms` have passed. */
  async #within(ms: number, promise: Promise<void>): Promise<boolean> {
    const settled = new AbortController();
    const done = promise.finally(() => settled.abort(null));
    const isLate = await sleep(this.#clock, ms, settled.signal);
    if (!isLate) await done;
    return !isLate;
  }
}
