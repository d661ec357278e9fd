/** etcd's minimum is one and a half election time-outs, in whole seconds: 2 with its default of 1 s. */
const MIN_TTL = 2;

export interface Lease {
  readonly id: bigint;
  /** Seconds. */
  readonly ttl: number;
  readonly keys: ReadonlySet<string>;
  /** On etcd's clock, ms. It is *found* to have expired only at the next tick. */
  readonly expiry: number;
}

interface OwnLease extends Lease {
  readonly keys: Set<string>;
  expiry: number;
}

/** etcd's lessor: which leases there are, until when, and which keys hang on them. Knows no clock; is told the time. */
export class Leases {
  readonly #leases = new Map<bigint, OwnLease>();

  get(id: bigint): Lease | undefined {
    return this.#leases.get(id);
  }

  all(): readonly Lease[] {
    return [...this.#leases.values()];
  }

  /** The TTL granted; undefined when the lease exists, which is left as it is. */
  grant(id: bigint, ttl: number, now: number): number | undefined {
    if (this.#leases.has(id)) return undefined;
    const granted = Math.max(Math.ceil(ttl), MIN_TTL);
    this.#leases.set(id, { id, ttl: granted, keys: new Set(), expiry: now + granted * 1_000 });
    return granted;
  }

  /** The TTL; 0 when there is no such lease. */
  refresh(id: bigint, now: number): number {
    const lease = this.#leases.get(id);
    if (lease === undefined) return 0;
    lease.expiry = now + lease.ttl * 1_000;
    return lease.ttl;
  }

  /** A new raft leader does not know when its predecessor last heard of each lease. */
  restart(now: number, extension: number): void {
    for (const lease of this.#leases.values()) lease.expiry = now + extension + lease.ttl * 1_000;
  }

  /** Forgets the lease; its keys are the caller's to delete. */
  remove(id: bigint): Lease | undefined {
    const lease = this.#leases.get(id);
    this.#leases.delete(id);
    return lease;
  }

  /** `key` hangs on `lease` from now on, and no longer on `before`; 0n stands for none. */
  move(key: string, before: bigint, lease: bigint): void {
    this.#leases.get(before)?.keys.delete(key);
    this.#leases.get(lease)?.keys.add(key);
  }

  expired(now: number): readonly Lease[] {
    return this.all().filter(({ expiry }) => expiry < now);
  }

  get nextExpiry(): number | undefined {
    let next: number | undefined;
    for (const { expiry } of this.#leases.values()) next = next === undefined ? expiry : Math.min(next, expiry);
    return next;
  }
}
