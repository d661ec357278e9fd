/** The least TTL in seconds: etcd takes one and a half election time-outs, which is 2 with its default of 1 s. */
const MIN_TTL = 2;

export interface FakeLease {
  readonly id: bigint;
  /** Seconds. */
  readonly ttl: number;
  readonly keys: ReadonlySet<string>;
  /** Milliseconds on etcd's clock. Only the next tick *finds* that the lease has expired. */
  readonly expiry: number;
}

interface OwnLease extends FakeLease {
  readonly keys: Set<string>;
  expiry: number;
}

/** etcd's lessor: the leases, their ends, and the keys that hang on them. It knows no clock, and is told the time. */
export class Leases {
  readonly #leases = new Map<bigint, OwnLease>();
  /** The TTL of every lease that there ever was. */
  readonly #ttls = new Map<bigint, number>();
  /** Leases that are gone, and whose refreshes succeed all the same. */
  readonly #undead = new Set<bigint>();

  get(id: bigint): FakeLease | undefined {
    return this.#leases.get(id);
  }

  all(): readonly FakeLease[] {
    return [...this.#leases.values()];
  }

  /** Returns the granted TTL, or undefined when the lease exists, which is then left as it is. */
  grant(id: bigint, ttl: number, now: number): number | undefined {
    if (this.#leases.has(id)) return undefined;
    const granted = Math.max(Math.ceil(ttl), MIN_TTL);
    this.#ttls.set(id, granted);
    this.#leases.set(id, { id, ttl: granted, keys: new Set(), expiry: now + granted * 1_000 });
    return granted;
  }

  /** Returns the TTL, or 0 when there is no such lease. */
  refresh(id: bigint, now: number): number {
    const lease = this.#leases.get(id);
    if (lease === undefined) return this.#undead.has(id) ? (this.#ttls.get(id) ?? 0) : 0;
    lease.expiry = now + lease.ttl * 1_000;
    return lease.ttl;
  }

  /** A new raft leader does not know when its predecessor last heard of each lease. */
  restart(now: number, extension: number): void {
    for (const lease of this.#leases.values()) lease.expiry = now + extension + lease.ttl * 1_000;
  }

  /** From now on a refresh of this lease succeeds, whether the lease exists or not. */
  haunt(id: bigint): void {
    this.#undead.add(id);
  }

  /** The leases of a snapshot, with their full TTL: those on which its keys hang. Returns the leases that are gone. */
  restore(keys: readonly { readonly key: string; readonly lease: bigint }[], now: number): readonly bigint[] {
    const before = [...this.#leases.keys()];
    this.#leases.clear();
    for (const { key, lease } of keys) {
      if (lease === 0n) continue;
      this.grant(lease, this.#ttls.get(lease) ?? 0, now);
      this.#leases.get(lease)?.keys.add(key);
    }
    return before.filter((id) => !this.#leases.has(id));
  }

  /** Forgets the lease. The caller deletes its keys. */
  remove(id: bigint): FakeLease | undefined {
    const lease = this.#leases.get(id);
    this.#leases.delete(id);
    return lease;
  }

  /** `key` hangs on `lease` from now on, and no longer on `before`. 0n stands for no lease. */
  move(key: string, before: bigint, lease: bigint): void {
    this.#leases.get(before)?.keys.delete(key);
    this.#leases.get(lease)?.keys.add(key);
  }

  expired(now: number): readonly FakeLease[] {
    return this.all().filter(({ expiry }) => expiry < now);
  }

  get nextExpiry(): number | undefined {
    let next: number | undefined;
    for (const { expiry } of this.#leases.values()) next = next === undefined ? expiry : Math.min(next, expiry);
    return next;
  }
}
