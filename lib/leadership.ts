import type { ComparatorBuilder } from 'etcd3';
import type { ElectionError } from './errors.js';

/**
 * What `leadership.share()` returns: a term as other threads of the process see it. It can be posted to
 * `worker_threads`, or given to them as `workerData`. `etcd-leader/threads` reads it.
 */
export interface LeadershipHandle {
  /** Name of the election. */
  readonly election: string;
  /** Our key in etcd. */
  readonly key: string;
  /** Lower-case hex. */
  readonly leaseId: string;
  /** Create revision of our key: greater than that of every leader before us, in this election. */
  readonly fencingToken: bigint;
  /** The deadline, moved by each refresh. Its layout is this library's own. */
  readonly shared: SharedArrayBuffer;
}

/**
 * One term, handed to the work that must be done by one candidate only. Its methods work also when they are taken out
 * of the object: `({ isCurrent, txn }) => …`. `JSON.stringify()` writes the token as a string.
 *
 * `isCurrent()` says that nobody else leads *now*, by the clock. It does not say that a side effect started now will
 * reach its target while that is still so: a process can be paused in between. Where that matters, fence the side
 * effect: with `txn()` in etcd, with `fencingToken` in any other store that can compare numbers.
 *
 * @example
 * ```ts
 * election.on('elected', async (leadership) => {
 *   const job = await fetchJob({ signal: leadership.signal });
 *   const done = await leadership.txn().then(client.put('jobs/done').value(job.id)).commit();
 *   if (!done.succeeded) console.warn('deposed; somebody else does it');
 * });
 * ```
 */
export interface Leadership {
  /** Name of the election. */
  readonly election: string;
  /** Our key in etcd. */
  readonly key: string;
  /** What is announced, as UTF-8; follows `proclaim()`. */
  readonly value: string;
  /** Lower-case hex. */
  readonly leaseId: string;
  /** Create revision of our key: greater than that of every leader before us, in this election. */
  readonly fencingToken: bigint;
  /** Aborted when the term ends; its `reason` is the {@link ElectionError} that `unelected` is told with. */
  readonly signal: AbortSignal;
  /** Resolves when the term ends, with the {@link ElectionError} that `unelected` is told with. Never rejects. */
  readonly ended: Promise<ElectionError>;

  /** Milliseconds until the term ends if no refresh succeeds any more; 0 when it has ended. */
  expiresIn(): number;

  /**
   * Milliseconds until etcd may end the lease: the time that the work of a lost term has to stop in. Goes on after the
   * end of the term, and may be negative.
   *
   * @internal
   */
  readonly grace: number;

  /**
   * Whether the term goes on, by the clock at this moment: false after a pause of the process even before any timer or
   * event has run. Asks nobody.
   */
  isCurrent(): boolean;

  /** @throws ElectionError the reason why the term has ended, when it has. */
  throwIfLost(): void;

  /**
   * Asks etcd whether our key is still the oldest, by a linearizable read. The answer was true at some moment between
   * the call and the answer; it is false once the term has ended.
   *
   * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  verify(): Promise<boolean>;

  /**
   * A transaction of etcd3's that commits only while our key of this term exists, and so nobody else leads. Commits
   * with `succeeded: false` when it does not. The builder is a thenable: never return it from an async function.
   */
  txn(): ComparatorBuilder;
  /**
   * A handle on the term for the `worker_threads` of this process: the deadline in memory that they share, moved by
   * each refresh, 0 when the term has ended. So a thread sees the end in time by itself, even while the main thread is
   * blocked. It says nothing to another process. All handles of a term share one memory.
   *
   * @example
   * ```ts
   * import { Worker } from 'node:worker_threads';
   *
   * election.on('elected', (leadership) => {
   *   new Worker('./compute.js', { workerData: leadership.share() });
   * });
   * ```
   */
  share(): LeadershipHandle;
}
