import type { ElectionError } from '../errors.js';
import type { Ownership } from './ownership.js';
import type { StuckPartition } from './stuck.js';

/** Every event of a {@link Pool} and what its listeners are given. */
export interface PoolEvents {
  /** This worker owns the partition now. */
  gained: [ownership: Ownership];
  /** This worker owns the partition no longer; exactly one `lost` follows every `gained`. */
  lost: [ownership: Ownership, reason: ElectionError];
  /** On the coordinator: every partition is owned by the member that it is planned for, and nothing is to be moved. */
  balanced: [{ readonly owned: number; readonly members: number }];
  /** This worker coordinates the pool now, or no longer. */
  coordinating: [isCoordinating: boolean];
  /** On the coordinator: the owner of a partition does not let it go, though its successor waits for it. */
  stuck: [StuckPartition];
  /** etcd is not answering. Ownership goes on until `expiresIn()` has run down. */
  suspended: [error: ElectionError];
  /** etcd answers again. */
  resumed: [];
  /**
   * The lease was refreshed. In milliseconds: how long etcd took to answer, and how long the lease can be relied on.
   */
  refresh: [{ readonly roundTrip: number; readonly expiresIn: number }];
  /**
   * Something went wrong; the pool keeps trying by itself. With two exceptions: `STOPPED` says that its session was
   * closed, and that this worker has ended with it; and a worker whose client is closed ends with its lease.
   */
  error: [error: ElectionError];
}

export type PoolEventName = keyof PoolEvents;
export type PoolListener<E extends PoolEventName> = (...args: PoolEvents[E]) => unknown;
