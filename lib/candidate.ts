/**
 * One place in the queue of an election, as etcd had it at the moment of a read. The first in the queue leads, unless
 * it `blocks`. A plain object; `JSON.stringify()` writes its revisions as strings, and its bytes in base64.
 */
export interface Candidate {
  readonly key: string;
  /** What the candidate announces: `bytes` as UTF-8. */
  readonly value: string;
  readonly bytes: Buffer;
  /** Lower-case hex; `0` when somebody wrote the key without a lease, so that the key will never expire. */
  readonly leaseId: string;
  /** The key's create revision: the order of the queue. Greater than that of every leader before. */
  readonly fencingToken: bigint;
  /** Changes with every `proclaim()`. */
  readonly modRevision: bigint;
  /**
   * True when the key is no candidate's: it has no lease, or does not name its lease. An application has written the
   * key under the election's name. Nobody leads by this key, and nobody behind it can lead until it is gone.
   */
  readonly blocks: boolean;
  /**
   * True when the candidate is of this library: its lease id shows that. Only such candidates can be asked to step
   * down, and only such are moved back when a leader hands over to somebody behind them. False for `etcdctl elect`,
   * Go's and etcd3's elections, and for versions of this library before 0.1.
   */
  readonly isOurs: boolean;
}
