/**
 * Bytes as the library handles them. A key is a byte string: each character is one byte (latin1), so that any key that
 * another client wrote survives, compares as etcd compares it, and can be the key of a `Map`.
 */

/** The value of a key that was read, or is kept, without it. */
export const NO_VALUE = Buffer.alloc(0);

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

/** The id with these hex digits. */
export function leaseFrom(hex: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${hex}`));
}

/** The bit of a lease id that is always set, so that the id is never 0: 0 asks etcd to choose. */
const ALWAYS_SET = 1n << 62n;
/** All ids of our choice in hex are between these two: the two highest bits of an id are 01. */
export const OURS_IN_HEX = { first: '4', after: '8' } as const;
/** Bits of a lease id that are random, and bits that follow from them. */
const RANDOM = 46;
const CHECK = 16;
/** An odd number whose product spreads each random bit over the highest bits: 2^64 divided by the golden ratio. */
const SPREADER = 0x9e37_79b9_7f4a_7c15n;

/**
 * A lease id of our own choice: etcd refuses a repeated grant, and we recognise the lease as ours, where an id of
 * etcd's choice would leave an orphan. The id has 46 random bits, and 16 bits that follow from them. So every candidate
 * of this library is known by its lease: see {@link isOurLease}.
 */
export function newLeaseId(): bigint {
  const bits = (): bigint => BigInt(Math.floor(Math.random() * 2 ** (RANDOM / 2)));
  return leaseIdOf((bits() << BigInt(RANDOM / 2)) | bits());
}

/** The lease id of ours with these 46 bits. */
export function leaseIdOf(random: bigint): bigint {
  return ALWAYS_SET | (random << BigInt(CHECK)) | checkOf(random);
}

/**
 * Whether a lease was granted to this library: its last 16 bits follow from the others. One in 131,072 ids
 * that others choose looks like ours.
 */
export function isOurLease(leaseId: bigint): boolean {
  if (leaseId >> 62n !== 1n) return false;
  return (leaseId & 0xffffn) === checkOf((leaseId ^ ALWAYS_SET) >> BigInt(CHECK));
}

function checkOf(random: bigint): bigint {
  return BigInt.asUintN(64, random * SPREADER) >> BigInt(64 - CHECK);
}
