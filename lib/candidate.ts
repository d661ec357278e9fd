import { hexOf, textOf } from './store/bytes.js';
import type { KeyValue } from './store/store.js';

/** One place in the queue of an election, as etcd had it at the moment of a read. The first in the queue leads. */
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
}

export function toCandidate(kv: KeyValue): Candidate {
  return {
    key: textOf(kv.key),
    value: kv.value.toString('utf8'),
    bytes: Buffer.from(kv.value), // a copy, which the reader may change
    leaseId: hexOf(kv.lease),
    fencingToken: kv.createRevision,
    modRevision: kv.modRevision,
  };
}
