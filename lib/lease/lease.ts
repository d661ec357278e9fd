import type { Clock } from '../common/time.js';
import { ElectionError } from '../errors.js';
import { hexOf } from '../store/bytes.js';
import type { Store } from '../store/store.js';
import { EpochCheck, type EpochCheckParts } from './epoch-check.js';
import { type RefreshAnswer, Refresher, type RefreshHandlers } from './refresher.js';

/** Share of the granted TTL that is never used, whatever `renewDeadline` says: clocks differ in rate. */
const MARGIN = 0.01;

const RESTORED =
  'etcd was emptied or restored, or answers with an older state than before: queueing again with a new lease';
const EXPIRED = 'the lease could not be refreshed before its deadline: queueing again with a new one';

/** The lease that etcd has granted. */
export interface Granted {
  readonly id: bigint;
  /** When the request was sent, on the clock. */
  readonly sentAt: number;
  /** Seconds. */
  readonly ttl: number;
  /** The epoch of etcd in which it was granted; undefined: perhaps one that we do not know yet. */
  readonly epoch?: number | undefined;
}

/** What we asked for, in seconds. */
export interface LeaseTimes {
  readonly ttl: number;
  readonly renewDeadline: number;
}

/** A refresh, as users are told of it; both in milliseconds. */
export interface RefreshInfo {
  readonly roundTrip: number;
  readonly expiresIn: number;
}

/** The moment on the clock until which a lease may be relied on; `renewDeadline` and `ttl` in seconds. */
export function deadlineOf({ sentAt, ttl }: Omit<Granted, 'id'>, renewDeadline: number): number {
  return sentAt + 1000 * Math.min(renewDeadline, ttl * (1 - MARGIN));
}

/**
 * One lease while we hold it: refreshed, and watched for its deadline.
 *
 * etcd counts the TTL from the moment it served a refresh, and it never serves a refresh before we send it. So a
 * deadline that is counted from the sending passes before etcd can end the lease. The refresher never gives up, and the
 * deadline never waits: nothing that the refresher does can delay the end.
 */
export class Lease implements RefreshHandlers<RefreshAnswer> {
  readonly id: bigint;
  readonly #clock: Clock;
  readonly #renewDeadline: number;
  readonly #on: RefreshHandlers<RefreshInfo>;
  readonly #refresher: Refresher;
  readonly #epochCheck: EpochCheck;
  #deadline: number;
  #end: number;
  /** Why the last refresh failed; undefined after a refresh that succeeded. */
  #failure: ElectionError | undefined;
  #cancelTimer: () => void = () => {};

  constructor(
    parts: EpochCheckParts & { readonly store: Store },
    granted: Granted,
    { ttl, renewDeadline }: LeaseTimes,
    on: RefreshHandlers<RefreshInfo>,
  ) {
    const { store, clock } = parts;
    this.id = granted.id;
    this.#clock = clock;
    this.#renewDeadline = renewDeadline;
    this.#on = on;
    this.#deadline = deadlineOf(granted, renewDeadline);
    this.#end = granted.sentAt + granted.ttl * 1000;
    // Refresh at a third of the TTL that we asked for, even if etcd granted more: `renewDeadline` is relative to what
    // we asked for. And at least twice before `renewDeadline`.
    const times = { sentAt: granted.sentAt, ttl: Math.min(granted.ttl, ttl, 1.5 * renewDeadline) };
    this.#refresher = new Refresher(store, clock, this.id, times, this);
    this.#epochCheck = new EpochCheck(parts, granted.epoch, () => this.#restored());
    this.#watchDeadline();
  }

  get hex(): string {
    return hexOf(this.id);
  }

  /** Milliseconds left; 0 or less: the lease must not be relied on any more. */
  get remaining(): number {
    return this.#deadline - this.#clock.now();
  }

  /** Milliseconds until etcd may end the lease: the work of a leader that missed the deadline may last until then. */
  get grace(): number {
    return this.#end - this.#clock.now();
  }

  /** Refreshes at once: the answer soon shows whether the lease still exists. */
  refresh(): void {
    this.#refresher.refresh();
  }

  /** Sends and tells nothing any more; the streams stay open. */
  stop(): void {
    this.#cancelTimer();
    this.#refresher.stop();
    this.#epochCheck.close();
  }

  close(): void {
    this.stop();
    this.#refresher.close();
  }

  // ---- from the refresher ----

  refreshing(): void {
    this.#on.refreshing();
  }

  refreshed({ sentAt, ttl, header }: RefreshAnswer): void {
    // A deadline that has passed stays passed: another may lead by now, whatever this late reply says.
    if (this.remaining <= 0) return this.#expire();
    // A reply to an earlier refresh that comes after a later one does not bring the deadline forward.
    this.#deadline = Math.max(this.#deadline, deadlineOf({ sentAt, ttl }, this.#renewDeadline));
    this.#end = Math.max(this.#end, sentAt + ttl * 1000);
    if (this.remaining <= 0) return this.#expire();
    this.#failure = undefined;
    this.#on.refreshed({ roundTrip: this.#clock.now() - sentAt, expiresIn: this.remaining });
    this.#epochCheck.refreshed(header);
  }

  failed(error: ElectionError): void {
    this.#failure = error;
    this.#on.failed(error);
  }

  lost(reason: ElectionError, mayLive: boolean): void {
    this.#on.lost(reason, mayLive);
  }

  // ---- the epoch ----

  #restored(): void {
    this.#on.lost(new ElectionError('LEASE_LOST', RESTORED), true);
  }

  // ---- the deadline ----

  /** A refresh does not move the timer: when the timer fires early, it is set again. */
  #watchDeadline(): void {
    this.#cancelTimer = this.#clock.after(this.remaining, () => {
      if (this.remaining <= 0) this.#expire();
      else this.#watchDeadline();
    });
  }

  #expire(): void {
    this.#on.lost(new ElectionError('LEASE_EXPIRED', EXPIRED, { cause: this.#failure }), true);
  }
}
