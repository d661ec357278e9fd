import { hexOf } from '../../lib/store/bytes.js';
import type { SimulatedWorld } from './world.js';

/** The first lease, as etcd chooses them for Go's client, and its seconds: longer than any schedule. */
const FIRST = 0x694d_7a0e_1c3f_0002n;
const TTL = 3_600;

/** Candidates of another client. They queue, lead in their turn, and never notice what happens to their keys. */
export class Foreign {
  readonly #world: SimulatedWorld;
  readonly #leases = new Set<bigint>();
  /** Those that have resigned. */
  readonly #past = new Set<bigint>();
  #last = FIRST;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  /** Queues, and resigns after some time. */
  join(election: string, ms: number): void {
    const { etcd, time } = this.#world;
    const lease = this.#last++;
    etcd.grant(lease, TTL);
    etcd.put(`${election}/${hexOf(lease)}`, 'go', lease);
    this.#leases.add(lease);
    time.at(time.now + ms, () => this.#resign(lease));
  }

  /** All of them resign. A history that began anew may have brought back the keys of some that had resigned. */
  leave(): void {
    const { etcd } = this.#world;
    this.#leases.clear();
    for (const { id } of etcd.leases()) if (id >= FIRST && id < this.#last) etcd.revoke(id);
  }

  /** A snapshot may bring back the keys of those that have resigned. Nobody refreshes their leases, which end. */
  beginAnew(): void {
    for (const lease of this.#past) this.#world.etcd.revoke(lease);
  }

  #resign(lease: bigint): void {
    if (!this.#leases.delete(lease)) return;
    this.#past.add(lease);
    this.#world.etcd.revoke(lease);
  }
}
