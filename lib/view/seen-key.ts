import { isBlocking, isOurs, leaseIn } from '../queue/keys.js';
import { hexOf, leaseFrom } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';
import type { QueuedPicture } from './picture.js';

/** Bytes of a value that are kept: a value is there to be shown, and there are many. */
export const LONGEST_VALUE = 4_096;

/** A key in the queue of some election, as a read or an event has told it. */
export interface SeenKey {
  /** A byte string. */
  readonly key: string;
  readonly createRevision: bigint;
  readonly modRevision: bigint;
  /**
   * The key is no candidate's. Undefined: it looks like a candidate's, and nobody has told its lease yet, because from
   * 3.7 on etcd leaves the leases out of an answer without values.
   */
  readonly blocks: boolean | undefined;
  readonly shown: QueuedPicture;
}

/** A key with all that belongs to it, as an event or a read with values has it. */
export function seenWhole(kv: KeyValue): SeenKey {
  return seen(kv, kv.lease, isBlocking(kv), shownValue(kv.value));
}

/** A key as a read without values has it. `tellsLeases`: a key without a lease in the answer has none. */
export function seenBare(kv: KeyValue, tellsLeases: boolean): SeenKey {
  const isTold = kv.lease !== 0n || tellsLeases || leaseNamedBy(kv.key) === undefined;
  const lease = isTold ? kv.lease : (leaseNamedBy(kv.key) ?? 0n);
  return seen(kv, lease, isTold ? isBlocking(kv) : undefined, undefined);
}

function seen(kv: KeyValue, lease: bigint, blocks: boolean | undefined, value: string | undefined): SeenKey {
  const { key, createRevision, modRevision } = kv;
  const shown = { leaseId: hexOf(lease), fencingToken: createRevision, isOurs: isOurs({ key, lease }), value };
  return { key, createRevision, modRevision, blocks, shown };
}

/** The lease that the key is named after: in hex, or in decimal as etcd3's own election writes it. */
export function leaseNamedBy(key: string): bigint | undefined {
  const name = leaseIn(key);
  if (/^[1-9a-f][0-9a-f]{0,15}$/.test(name)) return leaseFrom(name);
  return /^[1-9]\d{16,18}$/.test(name) ? BigInt.asIntN(64, BigInt(name)) : undefined;
}

/** The value as a string of its own: bytes would keep the whole message that they came in. */
export function shownValue(bytes: Buffer): string {
  return bytes.subarray(0, LONGEST_VALUE).toString('utf8');
}
