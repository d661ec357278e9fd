/**
 * The key space of an election, the same for every etcd client: `<name>/<lease id in lower-case hex>`.
 *
 * Inside the library a key is a byte string, one character for each byte (latin1); see `lib/store.ts`.
 */

export function bytesOf(key: string): Buffer {
  return Buffer.from(key, 'latin1');
}

export function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The key as people write it. */
export function textOf(key: string): string {
  return bytesOf(key).toString('utf8');
}

/** What all keys of the election begin with. */
export function prefixOf(name: string): string {
  return keyOf(Buffer.from(`${name}/`, 'utf8'));
}

/** First key after all that begin with `prefix`, which ends in `/`. */
export function endOf(prefix: string): string {
  return `${prefix.slice(0, -1)}0`; // '0' follows '/'
}

/** A key further down (`jobs/a/1f` under `jobs/`) belongs to a nested election and must not block this one. */
export function isCandidateKey(key: string, prefix: string): boolean {
  return key.startsWith(prefix) && key.length > prefix.length && !key.includes('/', prefix.length);
}

/** etcd's ids are int64; as Go prints them, without leading zeros. */
export function hexOf(leaseId: bigint): string {
  return BigInt.asUintN(64, leaseId).toString(16);
}

/** The lease that a candidate's key is named after: in hex, as we and Go's client write it, or in decimal, as etcd3's own does. */
export function leaseIn(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/**
 * A lease id of our own choice, so that a repeated grant is refused by etcd and recognised by us instead of leaving an
 * orphan. 62 random bits, never 0: etcd would choose for itself.
 */
export function newLeaseId(): bigint {
  const bits = (): bigint => BigInt(Math.floor(Math.random() * 2 ** 31));
  return (1n << 62n) | (bits() << 31n) | bits();
}
