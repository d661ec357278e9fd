import { Backoff } from '../common/backoff.js';
import { ElectionError } from '../errors.js';
import type { Lease } from '../lease/lease.js';
import type { LeaseUser } from '../lease/lease-users.js';
import type { Logger } from '../log.js';
import type { Head, OwnKey, Place, Queue } from '../queue/queue.js';
import type { Session } from '../session.js';

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

export interface JoiningParts {
  /** Of the election. */
  readonly name: string;
  readonly session: Session;
  /** The session is this election's alone: its lease ends with the candidacy. */
  readonly ownsSession: boolean;
  readonly queue: Queue;
  /** Whether the join reads who is first, too. */
  readonly observe: boolean;
  readonly log: () => Logger;
}

export interface Ticket {
  readonly lease: Lease;
  /** What to announce. */
  readonly value: Buffer;
}

export interface JoiningHandlers {
  /** Whether the candidate goes on: what it gives back it may want again at once. */
  readonly isRunning: boolean;
  /** Takes what to join with; undefined as long as that must not be. `retry()` is called when it may have changed. */
  takeTicket(): Ticket | undefined;
  entered(ticket: Ticket, place: Place, head: Head | undefined): void;
  /** An attempt failed; the next is under way. */
  troubled(error: ElectionError): void;
}

/**
 * The way into the queue, once: tries until the key is there, with backoff. Whoever closes it while a transaction is on
 * its way leaves a key that nobody wants any more: it is given back.
 */
export class Joining {
  readonly #parts: JoiningParts;
  readonly #on: JoiningHandlers;
  readonly #backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  #attempt: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  /** The lease of an attempt that etcd may have carried out. */
  #unanswered: Lease | undefined;
  #isClosed = false;

  constructor(parts: JoiningParts, on: JoiningHandlers) {
    this.#parts = parts;
    this.#on = on;
  }

  /** What is on its way, if something is: resolves when it has come to an end, or has been given back. Never rejects. */
  get attempt(): Promise<void> | undefined {
    return this.#attempt;
  }

  /** From now on `member` is told when there is a lease to join with. */
  open(member: LeaseUser): void {
    if (!this.#isClosed) this.#parts.session.attach(member);
  }

  /** Joins, if there is a ticket and no attempt on its way. */
  retry(): void {
    if (this.#isClosed || this.#attempt !== undefined) return;
    const ticket = this.#on.takeTicket();
    if (ticket === undefined) return;
    this.#cancelRetry?.();
    this.#attempt = this.#join(ticket).then((pause) => {
      this.#attempt = undefined;
      if (pause !== undefined && !this.#isClosed) {
        this.#cancelRetry = this.#parts.session.environment.clock.after(pause, () => this.retry());
      }
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
    const { name, session } = this.#parts;
    if (this.#attempt !== undefined) session.bar(name, this.#attempt);
    else if (this.#unanswered !== undefined) void this.#abandon(this.#unanswered, undefined);
  }

  /** Resolves with the ms to wait before the next attempt, if one is needed. */
  async #join(ticket: Ticket): Promise<number | undefined> {
    const { queue, observe } = this.#parts;
    const { lease, value } = ticket;
    try {
      const { place, head } = await queue.join(lease.id, value, observe);
      this.#unanswered = undefined;
      if (!this.#isClosed && this.#on.takeTicket()?.lease === lease) {
        this.#attempt = undefined; // nothing that could come late
        this.#on.entered(ticket, place, head);
        return undefined;
      }
      // Stopped, or without its lease, while the transaction was on its way.
      await this.#abandon(lease, place.own);
      return 0;
    } catch (err) {
      return this.#onFailure(lease, err as ElectionError);
    }
  }

  /** Nobody wants the place that was got with this lease, or, when `own` is undefined, may have been got. Never rejects. */
  async #abandon(lease: Lease, own: OwnKey | undefined): Promise<void> {
    const { name, session, ownsSession, queue } = this.#parts;
    const isLast = !this.#on.isRunning;
    if (isLast && own === undefined && ownsSession) return; // the lease is about to be revoked
    try {
      await session.giveBack(queue, { election: name, lease: lease.id, own, isLast });
    } catch (err) {
      this.#parts.log().debug({ err }, 'key not given back yet; with its lease it will be gone in any case');
    }
  }

  async #onFailure(lease: Lease, error: ElectionError): Promise<number | undefined> {
    if (!(error instanceof ElectionError))
      this.#parts.log().error({ err: error }, 'a mistake of this library: joining again');
    if (this.#isClosed) {
      // Whether it was carried out nobody knows; on a lease that lives on, the key would stay.
      if (error.code !== 'LEASE_LOST') await this.#abandon(lease, undefined);
      return undefined;
    }
    if (error.code === 'LEASE_LOST') {
      this.#parts.session.reportLost(lease, error);
      return 0;
    }
    this.#unanswered = lease;
    this.#on.troubled(error);
    return this.#backoff.next();
  }
}
