import { insist } from '../common/insist.js';
import type { Clock } from '../common/time.js';
import type { Logger } from '../log.js';
import type { ResolvedSessionOptions } from '../options.js';
import { hexOf } from '../store/bytes.js';
import { ClientClosed, isOutage, type Store } from '../store/store.js';
import type { Lease } from './lease.js';

export interface OrphansParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly options: Pick<ResolvedSessionOptions, 'ttl' | 'logger'>;
}

/** A lease that we gave up. */
interface Orphan {
  readonly id: bigint;
  /** Whether we have held the lease, so that keys may hang on it. */
  readonly wasHeld: boolean;
  /** When the lease may be revoked, on the clock. */
  readonly dueAt: number;
  /** When etcd ends the lease by itself, on the clock, unless its raft leader changes. */
  readonly endsAt: number;
  /** Resolves when etcd has confirmed the end of the lease, or when no further attempt is made. */
  revoking?: Promise<unknown>;
  /** Why the last attempt failed. */
  failure?: unknown;
}

/** A lease that etcd may still have, for the operator. */
export interface LeftLease {
  readonly lease: string;
  /** Seconds until etcd ends the lease by itself, unless its raft leader changes. */
  readonly endsIn: number;
  /** Why the lease could not be revoked. */
  readonly err?: unknown;
}

/** `grace`: milliseconds until the lease ends. */
export function leftLease(id: bigint, grace: number, err?: unknown): LeftLease {
  return { lease: hexOf(id), endsIn: Math.max(0, Math.ceil(grace / 1_000)), ...(err !== undefined && { err }) };
}

/**
 * Leases that we gave up without knowing whether etcd has ended them. Their keys stand before ours in the queue, and a
 * change of etcd's raft leader gives them their full TTL again. So they are revoked, but not before the work of a
 * leader that missed its deadline has had the time that it was promised.
 *
 * A lease that we have held is revoked again and again, for as long as etcd does not answer: without that, the queue
 * would be without a leader for a whole TTL after the outage. If etcd answers and refuses, the attempts end one TTL
 * after the time of the lease: by then etcd has ended the lease by itself, even if its raft leader has changed once.
 */
export class Orphans {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ttl: number;
  readonly #log: Logger;
  readonly #all = new Map<bigint, Orphan>();
  #cancelTimer: (() => void) | undefined;

  constructor({ store, clock, options }: OrphansParts) {
    this.#store = store;
    this.#clock = clock;
    this.#ttl = options.ttl * 1_000;
    this.#log = options.logger;
  }

  /** A lease that was held. It may be revoked `wait` ms from now. */
  add({ id, grace }: Pick<Lease, 'id' | 'grace'>, wait: number): void {
    const now = this.#clock.now();
    this.#all.set(id, { id, wasHeld: true, dueAt: now + Math.max(0, wait), endsAt: now + grace });
  }

  /** A lease that etcd may have granted, and that nobody has used. */
  addUnused(id: bigint): void {
    const now = this.#clock.now();
    this.#all.set(id, { id, wasHeld: false, dueAt: now, endsAt: now + this.#ttl });
  }

  /** The last lease that was held, and whose end etcd has not confirmed. */
  get left(): LeftLease | undefined {
    const held = [...this.#all.values()].filter(({ wasHeld }) => wasHeld);
    const last = held.sort((a, b) => a.endsAt - b.endsAt).at(-1);
    return last && leftLease(last.id, last.endsAt - this.#clock.now(), last.failure);
  }

  /** Revokes each lease when its time has come. */
  revokeInTime(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const now = this.#clock.now();
    const all = [...this.#all.values()];
    for (const orphan of all) if (orphan.dueAt <= now) void this.#revoke(orphan);
    const later = Math.min(...all.map(({ dueAt }) => dueAt).filter((dueAt) => dueAt > now));
    if (later === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#clock.after(later - now, () => this.revokeInTime(), { unref: true });
  }

  /**
   * Revokes all leases now, because no work runs any more. Resolves when etcd has confirmed the end of those that were
   * held, or when no further attempt is made. Never rejects.
   */
  async revoke(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await Promise.all([...this.#all.values()].map((orphan) => this.#revoke(orphan)));
  }

  /** One attempt after the other, whoever asks. A lease whose end is not confirmed stays for the next call. */
  async #revoke(orphan: Orphan): Promise<void> {
    orphan.revoking ??= this.#insist(orphan);
    await orphan.revoking;
  }

  async #insist(orphan: Orphan): Promise<void> {
    const { id, wasHeld, endsAt } = orphan;
    const isConfirmed = await insist(this.#clock, () => this.#store.revoke(id), {
      failed: (err) => {
        orphan.failure = err;
        this.#log.debug({ err, lease: hexOf(id) }, 'lease not revoked');
        if (!wasHeld || err instanceof ClientClosed) return false;
        // An etcd that answers is up. So it has ended the lease, also if its raft leader has changed once.
        return isOutage(err) || this.#clock.now() < endsAt + this.#ttl;
      },
    });
    delete orphan.revoking;
    if (isConfirmed || this.#clock.now() >= endsAt + this.#ttl) this.#all.delete(id);
  }
}
