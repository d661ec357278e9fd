import type { Clock } from '../common/time.js';
import { hexOf } from '../store/bytes.js';

/**
 * Share of the granted TTL that is never used, whatever `renewDeadline` says: what the clocks of this machine and of
 * etcd's may differ in rate.
 */
const MARGIN = 0.01;

/**
 * One lease and until when it can be relied on.
 *
 * etcd counts the TTL from when it served a refresh, which is never before the refresh was sent; so a deadline counted
 * from the sending ends before etcd can expire the lease.
 */
export class Lease {
  readonly id: bigint;
  readonly #clock: Clock;
  readonly #renewDeadline: number;
  #deadline: number;
  #end: number;

  /** `renewDeadline` and `ttl` in seconds; `sentAt` on the clock. */
  constructor(clock: Clock, id: bigint, renewDeadline: number, sentAt: number, ttl: number) {
    this.id = id;
    this.#clock = clock;
    this.#renewDeadline = renewDeadline;
    this.#deadline = this.#deadlineFrom(sentAt, ttl);
    this.#end = sentAt + ttl * 1000;
  }

  get hex(): string {
    return hexOf(this.id);
  }

  /** Milliseconds left; 0 or less: it must not be relied on any more. */
  get remaining(): number {
    return this.#deadline - this.#clock.now();
  }

  /** Milliseconds until etcd may end the lease: the work of a leader that missed the deadline may last until then. */
  get grace(): number {
    return this.#end - this.#clock.now();
  }

  /** A reply that comes after a later one must not bring the deadline forward. */
  renewed(sentAt: number, ttl: number): void {
    this.#deadline = Math.max(this.#deadline, this.#deadlineFrom(sentAt, ttl));
    this.#end = Math.max(this.#end, sentAt + ttl * 1000);
  }

  #deadlineFrom(sentAt: number, ttl: number): number {
    return sentAt + 1000 * Math.min(this.#renewDeadline, ttl * (1 - MARGIN));
  }
}
