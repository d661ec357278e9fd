import type { Clock } from '../common/time.js';
import type { ElectionError } from '../errors.js';
import type { Store } from '../store/store.js';
import type { Lease } from './lease.js';
import { Refresher, type RefresherHandlers } from './refresher.js';

export interface HoldingHandlers {
  /** A regular refresh is about to be sent. */
  refreshing(): void;
  /** The deadline lies where this refresh has put it; `sentAt` on the clock. */
  refreshed(sentAt: number): void;
  /** A refresh failed or was not answered in time; the next is under way. */
  failed(error: ElectionError): void;
  /** etcd does not know the lease. */
  gone(): void;
  /** The deadline has passed. */
  expired(): void;
}

/**
 * A lease while we hold it: refreshed, and watched for its deadline. The one never gives up, and the other never waits: what
 * the refresher is doing cannot delay the end. After `gone` or `expired` the lease must not be relied on; whoever is told
 * closes the holding.
 */
export class Holding implements RefresherHandlers {
  readonly lease: Lease;
  readonly #clock: Clock;
  readonly #on: HoldingHandlers;
  readonly #refresher: Refresher;
  #cancelDeadline: () => void = () => {};

  /** `sentAt`, `ttl`: as for the refresher. */
  constructor(
    { store, clock }: { readonly store: Store; readonly clock: Clock },
    lease: Lease,
    sentAt: number,
    ttl: number,
    on: HoldingHandlers,
  ) {
    this.lease = lease;
    this.#clock = clock;
    this.#on = on;
    this.#refresher = new Refresher(store, clock, lease.id, sentAt, ttl, this);
    this.#watchDeadline();
  }

  /** A refresh at once: shows soon whether the lease still exists. */
  refresh(): void {
    this.#refresher.refresh();
  }

  /** Sends nothing more and tells nothing more; the streams stay open. */
  stop(): void {
    this.#cancelDeadline();
    this.#refresher.stop();
  }

  close(): void {
    this.stop();
    this.#refresher.close();
  }

  // ---- from the refresher ----

  sending(): void {
    this.#on.refreshing();
  }

  renewed(sentAt: number, ttl: number): void {
    // A deadline that has passed stays passed: another may lead by now, whatever this late reply says.
    if (this.lease.remaining <= 0) return this.#on.expired();
    this.lease.renewed(sentAt, ttl);
    if (this.lease.remaining <= 0) return this.#on.expired();
    this.#on.refreshed(sentAt);
  }

  gone(): void {
    this.#on.gone();
  }

  failed(error: ElectionError): void {
    this.#on.failed(error);
  }

  // ---- the deadline ----

  /** The timer is not moved by each refresh. */
  #watchDeadline(): void {
    this.#cancelDeadline = this.#clock.after(this.lease.remaining, () => {
      if (this.lease.remaining <= 0) this.#on.expired();
      else this.#watchDeadline();
    });
  }
}
