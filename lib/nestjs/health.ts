import type { StateName } from '../campaign/state.js';
import type { Election } from '../election.js';
import type { ElectionWork } from './work.js';

/** What a health check says of an election. */
export interface ElectionHealth {
  readonly status: 'up' | 'down';
  readonly state: StateName;
  readonly isLeader: boolean;
  /** What the leader announces, as far as this replica has heard. */
  readonly leader?: string;
}

/**
 * An indicator for `@nestjs/terminus` 11 and later: `up` while this replica is in the queue, leading or not, and etcd
 * answers. `down` until it has joined the queue, while etcd does not answer, and when it is stopped. Made for
 * readiness: a restart mends neither, so use it for no liveness probe. Asks nobody.
 *
 * @example
 * ```ts
 * import { EtcdLeaderHealthIndicator } from 'etcd-leader/nestjs';
 *
 * export const checks = (indicator: EtcdLeaderHealthIndicator) => [() => indicator.isHealthy('election')];
 * ```
 */
export class EtcdLeaderHealthIndicator {
  readonly #election: Election;
  readonly #work: Pick<ElectionWork, 'isAnswering'>;

  /** @internal */
  constructor(election: Election, work: Pick<ElectionWork, 'isAnswering'>) {
    this.#election = election;
    this.#work = work;
  }

  isHealthy<K extends string>(key: K): Record<K, ElectionHealth> {
    const { state } = this.#election;
    const leader = this.#election.currentLeader();
    const isUp = (state === 'waiting' || state === 'leading') && this.#work.isAnswering;
    const health = { status: isUp ? 'up' : 'down', state, isLeader: this.#election.isLeader() } as const;
    return { [key]: leader === undefined ? health : { ...health, leader } } as Record<K, ElectionHealth>;
  }
}
