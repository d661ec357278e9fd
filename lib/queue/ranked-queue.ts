import type { KeyValue, Op, Store } from '../store/store.js';
import { rankPrefixOf } from './control-keys.js';
import { isBlocking, isOurs, isSameKey, rangeEndOf } from './keys.js';
import type { OwnKey } from './place.js';
import type { Queue } from './queue.js';
import { ranksIn } from './rank.js';

/** Keys in one transaction: etcd allows 128 compares, and as many operations (`--max-txn-ops`). */
const MOST_AT_ONCE = 100;

/** What the requests of this file need. */
export interface QueueParts {
  /** The election's name. */
  readonly name: string;
  readonly queue: Queue;
  readonly store: Store;
}

/** The queue and its priorities, by one linearizable read. */
export interface RankedQueue {
  /** The candidates in the order of the queue. */
  readonly queue: readonly KeyValue[];
  /** The priorities by lease; a candidate that is not here has the priority 0. */
  readonly ranks: ReadonlyMap<bigint, number>;
}

/** Reads the whole queue, and with `withRanks` the priorities. Costs etcd time in proportion to the queue. */
export async function readRankedQueue({ name, queue, store }: QueueParts, withRanks: boolean): Promise<RankedQueue> {
  const prefix = rankPrefixOf(name);
  // Reads the values too, though nobody needs them: from 3.7 on etcd leaves the leases out of an answer without values.
  const keys: Op = { type: 'range', range: { ...queue.range, order: 'oldest', limit: 0 } };
  const ranks: Op = { type: 'range', range: { key: prefix, end: rangeEndOf(prefix), order: 'oldest', limit: 0 } };
  const success = withRanks ? [keys, ranks] : [keys];
  const { ranges } = await store.txn({ compare: [], success, failure: [] });
  return { queue: queue.inOrder(ranges[0]?.kvs ?? []), ranks: ranksIn(name, ranges[1]?.kvs ?? []) };
}

export function rankOf({ ranks }: Pick<RankedQueue, 'ranks'>, { lease }: Pick<KeyValue, 'lease'>): number {
  return ranks.get(lease) ?? 0;
}

/** The candidates behind our key, in order; undefined: our key is gone. */
export function thoseBehind({ queue }: RankedQueue, own: OwnKey): readonly KeyValue[] | undefined {
  const at = queue.findIndex((kv) => isSameKey(kv, own));
  return at < 0 ? undefined : queue.slice(at + 1);
}

/** The best of these candidates: of equals the first. A key that is no candidate's never leads. */
export function bestOf(candidates: readonly KeyValue[], ranked: Pick<RankedQueue, 'ranks'>): KeyValue | undefined {
  let best: KeyValue | undefined;
  for (const kv of candidates) {
    if (isBlocking(kv)) continue;
    if (best === undefined || rankOf(ranked, kv) > rankOf(ranked, best)) best = kv;
  }
  return best;
}

/**
 * Deletes our key, and the keys between ours and the target's: from that revision on the target is the oldest, and
 * those between notice and queue again behind it. One transaction compares all these keys, so that nobody loses a place
 * for a target that has left. If there are more than 100 keys between, several transactions delete them, and the last
 * one deletes our key too.
 *
 * A key that is not of this library is left where it is: its candidate might not notice, and take itself for the leader
 * later. It leads in its turn, and then the target does.
 *
 * Resolves to false when a key was not as it was read: read again. With nobody to move, it deletes nothing.
 */
export async function moveUp(
  { queue, store }: Omit<QueueParts, 'name'>,
  own: OwnKey,
  between: readonly KeyValue[],
  target: KeyValue,
): Promise<boolean> {
  if (!between.some(isOurs)) return true; // an ordinary release does it
  for (let from = 0; from < between.length; from += MOST_AT_ONCE) {
    const some = between.slice(from, from + MOST_AT_ONCE);
    const isLast = from + MOST_AT_ONCE >= between.length;
    const moved: Op[] = some.filter(isOurs).map(({ key }) => ({ type: 'delete', key }));
    const rank = isLast ? (queue.rank?.writing(own.lease, 0) ?? []) : [];
    const ours: Op[] = isLast ? [{ type: 'delete', key: own.key }, ...rank] : [];
    if (moved.length + ours.length === 0) continue;
    const compare = [own, target, ...some].map(({ key, createRevision }) => ({ key, createRevision }));
    const { succeeded } = await store.txn({ compare, success: [...moved, ...ours], failure: [] });
    if (!succeeded) return false;
    if (isLast) queue.rank?.wrote(own.lease, 0);
  }
  return true;
}
