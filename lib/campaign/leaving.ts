import { withResolvers } from '../common/deferred.js';
import { type Clock, sleep, within } from '../common/time.js';
import { ElectionError } from '../errors.js';
import type { Logger } from '../log.js';
import type { OwnKey, Queue } from '../queue/queue.js';
import type { Session } from '../session.js';
import type { Joining } from './joining.js';
import type { Workload } from './task-run.js';

/** A release is tried for so many ms at the least; `stop()` promises `releaseTimeout` and a second. */
const RELEASE_PATIENCE = 900;
/** ms before a leader that has stepped down queues again: the read of the next would have to wait for that write. */
const HEAD_START = 10;

export interface LeavingParts {
  /** Of the election. */
  readonly name: string;
  readonly session: Session;
  /** The session is this election's alone: its lease ends with the candidacy. */
  readonly ownsSession: boolean;
  readonly queue: Queue;
  /** ms */
  readonly releaseTimeout: number;
  readonly log: () => Logger;
}

/** What is to be given up. */
export interface Belongings {
  /** What may still be done in the name of the term. */
  readonly work: Workload | undefined;
  /** A join on its way, which gives back what it gets. */
  readonly joining: Joining | undefined;
  readonly own: OwnKey | undefined;
}

export interface LeavingHandlers {
  /** The key is released, or could not be in time. */
  departed(leaving: Leaving): void;
  /** Something is not as it should be; the departure goes on. */
  troubled(error: ElectionError): void;
}

/**
 * The way out, in order: the work ends, then the key goes. As long as the work winds down the lease is refreshed, so that
 * nobody else can lead. Bounded in time by `releaseTimeout`, and a second for etcd. Whether the candidate comes back is asked
 * when it matters: the user may change his mind meanwhile.
 */
export class Leaving {
  /** Resolves when `departed` has been told and nothing is left running. */
  readonly done: Promise<void>;
  /** Nothing happens before: the state comes first, and whoever hears of it finds `done`. */
  readonly begin: () => void;
  readonly #parts: LeavingParts;
  readonly #belongings: Belongings;
  readonly #on: LeavingHandlers;
  #reason: ElectionError;
  #isReturning = true;
  #stopped: Workload | undefined;
  /** The time for the release is over. */
  #isOver = false;

  constructor(parts: LeavingParts, belongings: Belongings, reason: ElectionError, on: LeavingHandlers) {
    this.#parts = parts;
    this.#belongings = belongings;
    this.#reason = reason;
    this.#on = on;
    const { promise, resolve } = withResolvers<void>();
    this.begin = resolve;
    this.done = promise.then(() => this.#depart());
  }

  /** Why; of a `stop()` that comes while the candidate steps down, that. */
  get reason(): ElectionError {
    return this.#reason;
  }

  /** Whether to queue again afterwards. */
  get isReturning(): boolean {
    return this.#isReturning;
  }

  /** Does not queue again afterwards. The work that there is now does not go on, whatever comes then. */
  stop(reason: ElectionError, work: Workload | undefined): void {
    this.#isReturning = false;
    this.#reason = reason;
    this.#stopped ??= work;
  }

  /** Queues again afterwards; what was stopped stays so. */
  comeBack(): void {
    this.#isReturning = true;
  }

  async #depart(): Promise<void> {
    await this.#giveUp();
    this.#stopped?.cancel(this.#reason);
    const { session, ownsSession } = this.#parts;
    const isLast = ownsSession && !this.#isReturning;
    this.#on.departed(this);
    if (isLast) await session.rest();
  }

  /** Never rejects: what could not be released expires with its lease. */
  async #giveUp(): Promise<void> {
    const { session, ownsSession, releaseTimeout, log } = this.#parts;
    const work = this.#belongings.work?.running;
    const startedAt = this.#clock.now();
    if (work !== undefined && !(await within(this.#clock, releaseTimeout, work))) {
      const message = `the work did not end within ${releaseTimeout} ms: releasing the key all the same`;
      this.#on.troubled(new ElectionError('RELEASE_TIMEOUT', message));
    }
    const left = releaseTimeout - (this.#clock.now() - startedAt);
    const patience = Math.max(RELEASE_PATIENCE, left);
    if (await within(this.#clock, patience, this.#release(patience))) return;
    this.#isOver = true;
    // Now, and not when what it waits for has ended: by then the lease may be that of another candidacy.
    if (ownsSession && !this.#isReturning) void session.revoke(0);
    log().warn({ patience }, 'key not released in time; it will expire with its lease');
  }

  get #clock(): Clock {
    return this.#parts.session.environment.clock;
  }

  async #release(patience: number): Promise<void> {
    const { session } = this.#parts;
    const { joining, own } = this.#belongings;
    await joining?.attempt;
    if (this.#isOver) return;
    if (own !== undefined && !this.#isRevoked && !session.isClosing) {
      await this.#leaveQueue(own);
      if (this.#isReturning) await sleep(this.#clock, HEAD_START);
    }
    if (this.#isRevoked) await session.revoke(patience);
  }

  /** Whether the lease is revoked, which deletes the key too. */
  get #isRevoked(): boolean {
    return this.#parts.ownsSession && !this.#isReturning && !this.#isOver;
  }

  async #leaveQueue(own: OwnKey): Promise<void> {
    const { session, name, queue } = this.#parts;
    try {
      await session.giveBack(queue, { election: name, lease: own.lease, own, isLast: !this.#isReturning });
    } catch (err) {
      this.#on.troubled(err as ElectionError);
    }
  }
}
