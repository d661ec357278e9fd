/**
 * Rendezvous hashing: every pair of a member and a partition has a score, the same for everybody. A partition that is
 * to be placed goes to the member with the highest score. So a member that comes back under its old id is given the
 * partitions that it had, as far as the balance allows.
 */

/** A number of 32 bits for a text. Compute it once for each member and each partition. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mixed(hash);
}

/** The score of a pair, from the hashes of its two names. */
export function scoreOf(member: number, partition: number): number {
  return mixed(member ^ partition);
}

/** MurmurHash3's last step: each bit of the result depends on every bit given. */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
