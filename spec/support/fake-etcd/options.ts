import { type Clock, SystemClock } from '../../../lib/common/time.js';

/** A fixed number of milliseconds, or from - to, drawn anew each time. */
export type Span = number | readonly [number, number];

export interface FakeEtcdOptions {
  /** etcd's own. Give it one that the spec drives. @default new SystemClock() */
  readonly clock?: Clock;
  /** Everything drawn by chance follows from it. @default 1 */
  readonly seed?: number;
  /** @default 3 */
  readonly members?: number;
  /** Of every message, each way. @default 1 */
  readonly latency?: Span;
  /** How much longer an event of a watch takes; drawn for each batch of each watch, so that watches overtake each other. @default 0 */
  readonly watchDelay?: Span;
  /** Until a watch that starts in the past hears of it. @default 100 */
  readonly catchUp?: Span;
  /** After which a request that was lost is given up by the client. @default 2000 */
  readonly requestTimeout?: number;
  /** After which the client gives up a request that hangs. @default 5000 */
  readonly hangTimeout?: number;
  /** A watch that starts at the very revision that was compacted does not hear of a deletion in it, as in etcd. @default true */
  readonly losesCompactedDeletion?: boolean;
  /** From the loss of the raft leader to the next one. @default 1000 */
  readonly electionTime?: Span;
  /** How often etcd looks for leases that have expired. @default 500 */
  readonly leaseTick?: number;
  /** Added to every lease when a new raft leader restarts them, as etcd does. @default 1000 */
  readonly leaseExtension?: number;
  /**
   * What becomes of that which is sent into silence (a silent member, no quorum), when it ends: it is lost and streams
   * break, it arrives after all (so a request can be carried out long after its caller gave up), or either, by chance.
   *
   * @default 'loses'
   */
  readonly silence?: 'loses' | 'delays' | 'either';
  /** How long a client stays away from a member that did not answer. @default 10000 */
  readonly avoidFor?: number;
  /** Told what happens, for the story of a failed run. `at` is etcd's time. */
  readonly trace?: (at: number, what: string) => void;
}

export type ResolvedOptions = Required<Omit<FakeEtcdOptions, 'trace'>> & Pick<FakeEtcdOptions, 'trace'>;

export function resolveOptions(options: FakeEtcdOptions): ResolvedOptions {
  return {
    clock: options.clock ?? new SystemClock(),
    seed: 1,
    members: 3,
    latency: 1,
    watchDelay: 0,
    catchUp: 100,
    requestTimeout: 2_000,
    hangTimeout: 5_000,
    losesCompactedDeletion: true,
    electionTime: 1_000,
    leaseTick: 500,
    leaseExtension: 1_000,
    silence: 'loses',
    avoidFor: 10_000,
    ...options,
  };
}
