import { hexOf, isOurLease, keyFrom } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';

/** The keys of an election are the same for every etcd client: `<name>/<lease id in lower-case hex>`. */

/** What all keys of the election begin with. */
export function prefixOf(name: string): string {
  return keyFrom(`${name}/`);
}

/** First key after all that begin with `prefix`. etcd takes one zero byte for "to the end of all keys". */
export function rangeEndOf(prefix: string): string {
  const kept = prefix.replace(/\xff+$/, '');
  if (kept === '') return '\0';
  return kept.slice(0, -1) + String.fromCharCode(kept.charCodeAt(kept.length - 1) + 1);
}

/**
 * Whether the key stands in the queue. A key further down (`jobs/a/1f` under `jobs/`) belongs to a nested election, and
 * a key with `!` (`jobs/a!period`) is a nested election's control key. Neither must block this election.
 */
export function isCandidateKey(key: string, prefix: string): boolean {
  if (!key.startsWith(prefix)) return false;
  return key.length > prefix.length && !key.includes('/', prefix.length) && !key.includes('!', prefix.length);
}

/**
 * Whether a key in the queue is no candidate's: its last segment does not name the lease that the key hangs on, in hex
 * or in decimal. All etcd clients wait for such a key as for any other, and nobody leads by it.
 */
export function isBlocking({ key, lease }: Pick<KeyValue, 'key' | 'lease'>): boolean {
  return lease === 0n || (leaseIn(key) !== hexOf(lease) && leaseIn(key) !== lease.toString());
}

/**
 * Whether a candidate of this library has written the key. Such a candidate notices when its key is deleted, and queues
 * again; one of another client may not notice, and would take itself for the leader later.
 */
export function isOurs({ key, lease }: Pick<KeyValue, 'key' | 'lease'>): boolean {
  return isOurLease(lease) && leaseIn(key) === hexOf(lease);
}

/**
 * The part of a candidate's key that names the lease: in hex, as this library and Go's client write it, or in decimal,
 * as etcd3's own election does.
 */
export function leaseIn(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/** What stands before the last segment of a key, without the slash; empty when there is nothing. */
export function folderOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('/')));
}

/** The election that a key belongs to; undefined when the key is no candidate's. */
export function electionOf(kv: Pick<KeyValue, 'key' | 'lease'>): string | undefined {
  const election = folderOf(kv.key);
  const isElection = election !== '' && !election.includes('!'); // `jobs!rank/1f` is a control key of `jobs`
  return isElection && !isBlocking(kv) ? election : undefined;
}

/** Order of the queue. Keys created in one transaction have one create revision, so their names decide. */
export function byAge(a: Aged, b: Aged): number {
  if (a.createRevision !== b.createRevision) return a.createRevision < b.createRevision ? -1 : 1;
  return a.key < b.key ? -1 : Number(a.key > b.key);
}

/** When a key was created and written. */
type Aged = Pick<KeyValue, 'key' | 'createRevision' | 'modRevision'>;

/** When a key was created. */
type Born = Pick<KeyValue, 'key' | 'createRevision'>;

/** Revisions come again when etcd's history begins anew, so they do not tell one key from another by themselves. */
export function isSameKey(one: Born | undefined, other: Born | undefined): boolean {
  return one?.createRevision === other?.createRevision && one?.key === other?.key;
}

/** Whether the key is as it was. */
export function isSame(one: KeyValue | undefined, other: KeyValue | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return isSameKey(one, other) && one.modRevision === other.modRevision && one.value.equals(other.value);
}
