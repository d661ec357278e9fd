import type { Clock } from '../../../lib/common/time.js';
import type { FakeCluster, FakeMember } from './cluster.js';
import type { Network } from './network.js';

/** Picks the member that a process turns to: any member, but for a while none that did not answer, as clients do. */
export class MemberPicker {
  readonly #cluster: FakeCluster;
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #avoided = new Map<FakeMember, number>();

  constructor(cluster: FakeCluster, network: Network, clock: Clock) {
    this.#cluster = cluster;
    this.#network = network;
    this.#clock = clock;
  }

  pick(): FakeMember {
    const now = this.#clock.now();
    const good = this.#cluster.members.filter((member) => (this.#avoided.get(member) ?? now) <= now);
    return this.#network.random.pick(good.length > 0 ? good : this.#cluster.members);
  }

  avoid(member: FakeMember): void {
    this.#avoided.set(member, this.#clock.now() + this.#network.options.avoidFor);
  }
}
