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

/** Scores and hashes between two moments at which others should run. */
const SLICE = 4_000;
const UNKNOWN = -1;

/** The scores of members and partitions that are known by their indexes. */
export class Scores {
  readonly #partitions: readonly string[];
  readonly #memberHashes: Uint32Array;
  /** Computed when they are asked for: most partitions stay where they are. */
  readonly #partitionHashes: Float64Array;
  #computed = 0;

  constructor(members: readonly { readonly id: string }[], partitions: readonly string[]) {
    this.#partitions = partitions;
    this.#memberHashes = Uint32Array.from(members, ({ id }) => hashOf(id));
    this.#partitionHashes = new Float64Array(partitions.length).fill(UNKNOWN);
  }

  of(member: number, partition: number): number {
    this.#computed += 1;
    return scoreOf(this.#memberHashes[member] ?? 0, this.#hashOf(partition));
  }

  /** The member with the highest score for the partition, among those that take it. */
  best(members: readonly number[], partition: number, takes: (member: number) => boolean): number | undefined {
    let best: number | undefined;
    let highest = -1;
    for (const member of members) {
      if (!takes(member)) continue;
      const score = this.of(member, partition);
      if (score > highest) [best, highest] = [member, score];
    }
    return best;
  }

  /** Whether so many were computed since the last time that others should run. */
  isPauseDue(): boolean {
    if (this.#computed < SLICE) return false;
    this.#computed = 0;
    return true;
  }

  #hashOf(partition: number): number {
    const known = this.#partitionHashes[partition] ?? UNKNOWN;
    if (known !== UNKNOWN) return known;
    this.#computed += 1;
    const hash = hashOf(this.#partitions[partition] ?? '');
    this.#partitionHashes[partition] = hash;
    return hash;
  }
}
