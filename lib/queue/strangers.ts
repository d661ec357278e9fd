import { OURS_IN_HEX } from '../store/bytes.js';
import { type KeyValue, type Op, readOf, type Store } from '../store/store.js';
import { isBlocking } from './keys.js';
import type { Place } from './place.js';

/** How many keys on either side of ours are looked at. */
const MOST = 8;

/**
 * Reads the keys under an election's name that are none of this library's by their names. Nearly always there is none.
 * The reads are in the order of names, so etcd looks at no more keys than it shows, however long the queue is.
 */
export function readsOfStrangers({ key, end }: { readonly key: string; readonly end: string }): Op[] {
  const { first, after } = OURS_IN_HEX;
  return [
    { type: 'range', range: { key, end: key + first, order: 'key', limit: MOST, keysOnly: true } },
    { type: 'range', range: { key: key + after, end, order: 'key', limit: MOST, keysOnly: true } },
  ];
}

/**
 * The place, with the first of these keys that blocks the election from further ahead than the key before ours. `kvs`
 * is in the order of the queue. When the answer tells no leases, which our own key shows, the keys are read with their
 * leases.
 */
export async function withBlocker(place: Place, kvs: readonly KeyValue[], store: Store): Promise<Place> {
  const isBefore = ({ createRevision }: KeyValue): boolean => createRevision < place.own.createRevision;
  const before = kvs.filter(isBefore);
  if (place.blocker !== undefined || before.length === 0) return place;
  const whole = place.kv.lease !== 0n ? before : (await readAll(before, store)).filter(isBefore);
  const blocker = whole.find(isBlocking);
  return blocker === undefined ? place : { ...place, blocker };
}

async function readAll(kvs: readonly KeyValue[], store: Store): Promise<KeyValue[]> {
  const { ranges } = await store.txn({ compare: [], success: kvs.map(({ key }) => readOf(key)), failure: [] });
  return ranges.flatMap((range) => range.kvs);
}
