import { type Clock, SystemClock } from '../../../lib/common/time.js';

/** A fixed number of milliseconds, or a range from which each one is drawn anew. */
export type FixedOrDrawn = number | readonly [number, number];

export interface FakeEtcdOptions {
  /** etcd's own clock. A spec may give one that it drives. @default new SystemClock() */
  readonly clock?: Clock;
  /** The seed of everything that is drawn by chance. @default 1 */
  readonly seed?: number;
  /** @default 3 */
  readonly members?: number;
  /** The revision at which etcd begins: more than 1 stands for a cluster that has been in use. @default 1n */
  readonly revision?: bigint;
  /** Milliseconds that every message takes, each way. @default 1 */
  readonly latency?: FixedOrDrawn;
  /**
   * Milliseconds that an event of a watch takes besides. They are drawn for each batch of each watch, so that watches
   * overtake each other. @default 0
   */
  readonly watchDelay?: FixedOrDrawn;
  /** Milliseconds until a watch that starts in the past hears of it. @default 100 */
  readonly catchUp?: FixedOrDrawn;
  /** Milliseconds after which a client gives up a request that was lost. @default 2000 */
  readonly requestTimeout?: number;
  /** Milliseconds after which a client gives up a request that hangs. @default 5000 */
  readonly hangTimeout?: number;
  /**
   * A watch that starts at the very revision that was compacted does not hear of a deletion in it, as in etcd. @default
   * true
   */
  readonly losesCompactedDeletion?: boolean;
  /** An answer without values tells the leases of the keys. etcd 3.7 does not. @default true */
  readonly tellsLeases?: boolean;
  /** Milliseconds from the loss of the raft leader to the next raft leader. @default 1000 */
  readonly electionTime?: FixedOrDrawn;
  /** Milliseconds between two looks for expired leases. @default 500 */
  readonly leaseTick?: number;
  /** Milliseconds added to every lease when a new raft leader restarts it, as etcd does. @default 1000 */
  readonly leaseExtension?: number;
  /**
   * What happens to messages that were sent into a silence (a silent member, no quorum) when it ends. They are lost and
   * streams break, or they arrive after all (so a request can be carried out long after its caller gave up), or chance
   * decides.
   *
   * @default 'loses'
   */
  readonly silence?: 'loses' | 'delays' | 'either';
  /** Milliseconds for which a client avoids a member that did not answer. @default 10000 */
  readonly avoidFor?: number;
  /** Called for each thing that happens, for the story of a failed run. `at` is etcd's time. */
  readonly trace?: (at: number, what: string) => void;
}

export type ResolvedOptions = Required<Omit<FakeEtcdOptions, 'trace'>> & Pick<FakeEtcdOptions, 'trace'>;

export function resolveOptions(options: FakeEtcdOptions): ResolvedOptions {
  return {
    clock: options.clock ?? new SystemClock(),
    seed: 1,
    members: 3,
    revision: 1n,
    latency: 1,
    watchDelay: 0,
    catchUp: 100,
    requestTimeout: 2_000,
    hangTimeout: 5_000,
    losesCompactedDeletion: true,
    tellsLeases: true,
    electionTime: 1_000,
    leaseTick: 500,
    leaseExtension: 1_000,
    silence: 'loses',
    avoidFor: 10_000,
    ...options,
  };
}
