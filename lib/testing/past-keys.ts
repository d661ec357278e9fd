import { type KeyValue, RevisionGone, type WatchEvent } from '../store/store.js';

/**
 * The keys as they were at a revision. `history`: all that has happened, up to the revision `now`.
 *
 * @throws RevisionGone when the revision is still to come
 */
export function pastKeys(history: readonly WatchEvent[], now: bigint, revision: bigint): Map<string, KeyValue> {
  if (revision > now) throw new RevisionGone('UNAVAILABLE', 'the store has not come to this revision');
  const keys = new Map<string, KeyValue>();
  for (const { key, kv, revision: at } of history) {
    if (at > revision) break;
    if (kv === undefined) keys.delete(key);
    else keys.set(key, kv);
  }
  return keys;
}
