import type { ComparatorBuilder } from 'etcd3';
import type { ElectionError } from './errors.js';

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
   * Asks etcd whether our key is still the oldest, by a linearizable read. What it answers was true at some moment of
   * the call; false once the term has ended.
   *
   * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  verify(): Promise<boolean>;

  /**
   * A transaction of etcd3's that commits only while our key of this term exists, and so nobody else leads. Commits
   * with `succeeded: false` when it does not. The builder is a thenable: never return it from an async function.
   */
  txn(): ComparatorBuilder;
}
