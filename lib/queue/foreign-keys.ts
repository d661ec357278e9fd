import { OURS_IN_HEX } from '../store/bytes.js';
import { type KeyValue, type Op, readOf, type Store } from '../store/store.js';
import { isBlocking, leaseIn } from './keys.js';
import type { Place, QueueRead } from './place.js';

/** Keys that a join without the head shows. A key that blocks a shorter queue is among them. */
export const SHOWN_BY_JOIN = 8;

/** How many keys on either side of ours are looked at in a longer queue. */
const MOST = 8;

const { first, after } = OURS_IN_HEX;

/** What the search needs to know of the queue. */
interface Keys {
  readonly range: { readonly key: string; readonly end: string };
  inOrder(kvs: readonly KeyValue[]): KeyValue[];
}

/**
 * The place, with the first key that blocks the election from further ahead than the key before ours. Only keys whose
 * names this library does not choose are looked at. Nearly always there is none. The search is for a candidate that has
 * not read the head: nothing else would ever show such a key to that candidate. `read` is what the join has shown. When
 * that was every key, nothing more is asked, so a join into a short queue costs no operation for this.
 *
 * When the answer tells no leases, which our own key shows, such keys are read again with their leases.
 */
export async function withBlocker(place: Place, read: QueueRead | undefined, keys: Keys, store: Store): Promise<Place> {
  if (place.predecessor === undefined || place.blocker !== undefined) return place;
  const isBefore = ({ createRevision }: KeyValue): boolean => createRevision < place.own.createRevision;
  const isWhole = read !== undefined && read.shown === read.count;
  const foreign = isWhole ? read.candidates.filter(isForeign) : keys.inOrder(await readAll(store, searchesIn(keys)));
  const before = foreign.filter(isBefore);
  if (before.length === 0) return place;
  const again = before.map(({ key }) => readOf(key));
  const whole = place.kv.lease !== 0n ? before : (await readAll(store, again)).filter(isBefore);
  const blocker = whole.find(isBlocking);
  return blocker === undefined ? place : { ...place, blocker };
}

function isForeign({ key }: KeyValue): boolean {
  const name = leaseIn(key);
  return name < first || name >= after;
}

/** The reads are in the order of names, so etcd looks at no more keys than it shows, however long the queue is. */
function searchesIn({ range: { key, end } }: Keys): Op[] {
  return [
    { type: 'range', range: { key, end: key + first, order: 'key', limit: MOST, keysOnly: true } },
    { type: 'range', range: { key: key + after, end, order: 'key', limit: MOST, keysOnly: true } },
  ];
}

async function readAll(store: Store, reads: Op[]): Promise<KeyValue[]> {
  const { ranges } = await store.txn({ compare: [], success: reads, failure: [] });
  return ranges.flatMap(({ kvs }) => kvs);
}
