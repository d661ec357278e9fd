import { hexOf, keyFrom } from '../store/bytes.js';

/** The keys of an election are the same for every etcd client: `<name>/<lease id in lower-case hex>`. */

/** What all keys of the election begin with. */
export function prefixOf(name: string): string {
  return keyFrom(`${name}/`);
}

/** First key after all that begin with `prefix`. etcd takes one zero byte for "to the end of all keys". */
export function endOf(prefix: string): string {
  const kept = prefix.replace(/\xff+$/, '');
  if (kept === '') return '\0';
  return kept.slice(0, -1) + String.fromCharCode(kept.charCodeAt(kept.length - 1) + 1);
}

/** A key further down (`jobs/a/1f` under `jobs/`) belongs to a nested election and must not block this one. */
export function isCandidateKey(key: string, prefix: string): boolean {
  return key.startsWith(prefix) && key.length > prefix.length && !key.includes('/', prefix.length);
}

/**
 * The part of a candidate's key that names the lease: in hex, as this library and Go's client write it, or in decimal,
 * as etcd3's own election does.
 */
export function leaseIn(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/** The election that a key under this lease belongs to; undefined when the key is no candidate's. */
export function electionOf(key: string, lease: bigint): string | undefined {
  const slash = key.lastIndexOf('/');
  if (slash <= 0 || lease === 0n || leaseIn(key) !== hexOf(lease)) return undefined;
  return key.slice(0, slash);
}
