import type { Clock } from '../common/time.js';

/** Seconds. etcd grants no less with its default timings. */
const LEAST_TTL = 2;

interface MemoryLease {
  readonly ttl: number;
  /** When the lease ends, on the clock. */
  endsAt: number;
  cancelEnd: () => void;
}

/** The leases of the store in memory. One that is not refreshed ends after its TTL, by the clock it is given. */
export class MemoryLeases {
  readonly #clock: Clock;
  readonly #onEnd: (id: bigint) => void;
  readonly #leases = new Map<bigint, MemoryLease>();

  /** `onEnd`: the time of a lease is over. It is gone already. */
  constructor(clock: Clock, onEnd: (id: bigint) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  has(id: bigint): boolean {
    return this.#leases.has(id);
  }

  /** The TTL granted, in seconds; undefined when there is such a lease, which stays as it is. */
  grant(id: bigint, ttl: number): number | undefined {
    if (this.#leases.has(id)) return undefined;
    const granted = Math.max(LEAST_TTL, Math.ceil(ttl));
    const lease = { ttl: granted, endsAt: this.#clock.now() + granted * 1_000, cancelEnd: () => {} };
    this.#leases.set(id, lease);
    this.#awaitEnd(id, lease);
    return granted;
  }

  /** The TTL, in seconds; 0 when there is no such lease. */
  refresh(id: bigint): number {
    const lease = this.#leases.get(id);
    if (lease === undefined) return 0;
    lease.endsAt = this.#clock.now() + lease.ttl * 1_000;
    return lease.ttl;
  }

  /** Forgets the lease. */
  remove(id: bigint): void {
    this.#leases.get(id)?.cancelEnd();
    this.#leases.delete(id);
  }

  /** The timer is not moved by each refresh. */
  #awaitEnd(id: bigint, lease: MemoryLease): void {
    lease.cancelEnd = this.#clock.after(lease.endsAt - this.#clock.now(), () => {
      if (this.#clock.now() < lease.endsAt) return this.#awaitEnd(id, lease);
      this.#leases.delete(id);
      this.#onEnd(id);
    });
  }
}
