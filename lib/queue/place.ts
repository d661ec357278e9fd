import { NO_VALUE } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';
import { isBlocking, isSameKey } from './keys.js';

/** Our key in the queue. The create revision tells it from a later key of the same name. */
export interface OwnKey {
  readonly key: string;
  readonly createRevision: bigint;
  readonly lease: bigint;
}

/** Where our key stands, at one revision: by a linearizable read, or by a watch that follows both keys. */
export interface Place {
  readonly own: OwnKey;
  /** The key just before ours; undefined: ours is the oldest. */
  readonly predecessor: string | undefined;
  /** The key before ours is known to be the oldest, for ever: keys that come later are younger. */
  readonly isNext: boolean;
  /** A key before ours that is no candidate's, as far as it was seen. */
  readonly blocker?: KeyValue;
  /** Our key at that revision, without its value, and perhaps without its lease. */
  readonly kv: KeyValue;
  /** The revision at which this was so. */
  readonly revision: bigint;
  /** The epoch of etcd that the revision belongs to. */
  readonly epoch?: number | undefined;
}

/** Which key is first in the queue, by one linearizable read. */
export interface Head {
  readonly kv: KeyValue | undefined;
  /** How many keys are under the prefix, including those of nested elections. */
  readonly count: number;
  readonly revision: bigint;
  /** The epoch of etcd that the revision belongs to. */
  readonly epoch?: number | undefined;
}

/** What a join shows. */
export interface Joined {
  readonly place: Place;
  /** undefined: it was not asked for, or our key had existed before. */
  readonly head: Head | undefined;
}

/** A place, with the key before ours as a read has shown it. Whether that key is a candidate's is not known yet. */
export type FoundPlace = Omit<Place, 'predecessor' | 'blocker'> & { readonly predecessor: KeyValue | undefined };

/** What one linearizable read shows of the queue. */
export interface QueueRead {
  /** The keys of the queue in the answer, in the order of the queue. */
  readonly candidates: readonly KeyValue[];
  /** How many keys the answer holds, including those of nested elections. */
  readonly shown: number;
  /** How many keys the answer may hold. */
  readonly limit: number;
  /** How many keys are under the prefix, including those of nested elections. */
  readonly count: number;
  readonly revision: bigint;
  readonly epoch?: number | undefined;
}

/**
 * Where our key stands by this read. Undefined: our key is gone, or the limit has cut it off, or the limit may have cut
 * off the key before it. `head`: the oldest key at that revision, when it is known.
 */
export function placeIn(
  { candidates, shown, limit, revision, epoch }: QueueRead,
  own: OwnKey,
  head?: KeyValue,
): FoundPlace | undefined {
  const at = candidates.findIndex((kv) => isSameKey(kv, own));
  const kv = candidates[at];
  if (kv === undefined) return undefined;
  const predecessor = candidates[at - 1];
  // etcd does not order keys of one revision. If the answer holds no key before ours, we are first only if the limit
  // did not cut the answer off.
  const isWhole = shown < limit;
  if (predecessor === undefined && !isWhole) return undefined;
  const isNext = (isWhole && at === 1) || (head !== undefined && isSameKey(predecessor, head));
  return { own, predecessor, isNext, kv, revision, epoch };
}

/**
 * The place that was found, and whether the key before ours is a candidate's, by its lease. From 3.7 on etcd leaves
 * leases out of an answer without values. Our own key shows whether this answer is such a one; then `get` reads the key
 * before ours by itself, unless that key is the head, which was read with everything.
 */
export async function placeOf(
  { predecessor, ...found }: FoundPlace,
  head: KeyValue | undefined,
  get: (key: string) => Promise<KeyValue | undefined>,
): Promise<Place> {
  const place = { ...found, predecessor: predecessor?.key };
  if (predecessor === undefined) return place;
  const isHead = isSameKey(head, predecessor);
  const whole = found.kv.lease !== 0n ? predecessor : isHead ? head : await get(predecessor.key);
  const isBlocker = whole !== undefined && isSameKey(whole, predecessor) && isBlocking(whole);
  return isBlocker ? { ...place, blocker: whole } : place;
}

/** Which key is first by this read. Undefined: it shows keys of nested elections alone, and there are more keys. */
export function headIn({ candidates, shown, count, revision, epoch }: QueueRead): Head | undefined {
  const [kv] = candidates;
  const isCutOff = shown > 0 && shown < count;
  return kv === undefined && isCutOff ? undefined : { kv, count, revision, epoch };
}

/** Our place when the key before ours, the oldest, was deleted at this revision, and nobody has written our key. */
export function inheritedPlace(own: OwnKey, revision: bigint, epoch: number): Place {
  const { key, createRevision, lease } = own;
  const kv = { key, value: NO_VALUE, createRevision, modRevision: createRevision, lease };
  return { own, predecessor: undefined, isNext: false, kv, revision, epoch };
}
