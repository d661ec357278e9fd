/**
 * Bytes as the library handles them. A key is a byte string: each character is one byte (latin1), so that any key that
 * another client wrote survives, compares as etcd compares it, and can be the key of a `Map`.
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

/** The byte string of what people write. */
export function keyFrom(text: string): string {
  return keyOf(Buffer.from(text, 'utf8'));
}

/** etcd's ids are int64. The hex digits are those that Go prints, without leading zeros. */
export function hexOf(leaseId: bigint): string {
  return BigInt.asUintN(64, leaseId).toString(16);
}

/**
 * A lease id of our own choice: etcd refuses a repeated grant, and we recognise the lease as ours, where an id of
 * etcd's choice would leave an orphan. The id has 62 random bits and is never 0, since 0 asks etcd to choose.
 */
export function newLeaseId(): bigint {
  const bits = (): bigint => BigInt(Math.floor(Math.random() * 2 ** 31));
  return (1n << 62n) | (bits() << 31n) | bits();
}
