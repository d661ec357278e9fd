import { createHash } from 'node:crypto';

/** What a worker's key says of the partitions that the worker knows: their count, or the hash of the list of names. */
export type Announcement = { readonly count: number } | { readonly list: string };

/** `0`, `1`, `2` …, as `String()` writes them. */
const NUMBER = /^(0|[1-9]\d{0,5})$/;

/**
 * The partitions that a worker knows, in their order: a plan names them by their index. Either the numbers below a
 * count, or a list of names, which lies in etcd under its hash.
 */
export class PartitionList {
  readonly names: readonly string[];
  readonly announcement: Announcement;
  readonly #indexes: ReadonlyMap<string, number> | undefined;

  private constructor(
    names: readonly string[],
    announcement: Announcement,
    indexes: ReadonlyMap<string, number> | undefined,
  ) {
    this.names = names;
    this.announcement = announcement;
    this.#indexes = indexes;
  }

  static numbered(count: number): PartitionList {
    return new PartitionList(
      Array.from({ length: count }, (_, index) => `${index}`),
      { count },
      undefined,
    );
  }

  static named(names: readonly string[]): PartitionList {
    const indexes = new Map(names.map((name, index) => [name, index]));
    return new PartitionList([...names], { list: hashOfList(bytesOfList(names)) }, indexes);
  }

  /** What tells two lists apart. */
  get key(): string {
    return keyOfAnnouncement(this.announcement);
  }

  indexOf(name: string): number | undefined {
    if (this.#indexes !== undefined) return this.#indexes.get(name);
    return NUMBER.test(name) && Number(name) < this.names.length ? Number(name) : undefined;
  }
}

export function keyOfAnnouncement(announcement: Announcement): string {
  return 'count' in announcement ? `${announcement.count}` : `list ${announcement.list}`;
}

/** A list of names as it lies in etcd. */
export function bytesOfList(names: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(names));
}

export function hashOfList(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}
