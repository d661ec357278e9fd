import type { PartitionList } from './partition-list.js';

/** All partitions that some member announces, and who announces which. Usually all members have one list. */
export class AnnouncedPartitions {
  readonly names: readonly string[];
  readonly #indexes: ReadonlyMap<string, number> | undefined;
  readonly #takes = new Map<string, (partition: number) => boolean>();

  constructor(lists: readonly PartitionList[]) {
    const different = new Map(lists.map((list) => [list.key, list]));
    const [only] = different.values();
    if (different.size <= 1) {
      this.names = only?.names ?? [];
      this.#indexes = undefined;
    } else {
      this.names = [...new Set([...different.values()].flatMap(({ names }) => names))];
      this.#indexes = new Map(this.names.map((name, index) => [name, index]));
    }
    for (const [key, list] of different) this.#takes.set(key, this.#takesOf(list));
  }

  /** Whether a member with this list announces the partition with this index. The same function for the same list. */
  takes(list: PartitionList): (partition: number) => boolean {
    return this.#takes.get(list.key) ?? (() => false);
  }

  /** Our index of the partition with the list's index. */
  fromList(list: PartitionList, index: number): number {
    return this.#indexes?.get(list.names[index] ?? '') ?? index;
  }

  /** The list's index of the partition with our index; undefined when the list does not name it. */
  toList(list: PartitionList, partition: number): number | undefined {
    return this.#indexes === undefined ? partition : list.indexOf(this.names[partition] ?? '');
  }

  #takesOf(list: PartitionList): (partition: number) => boolean {
    if (this.#indexes === undefined) return () => true;
    const announced = Uint8Array.from(this.names, (name) => Number(list.indexOf(name) !== undefined));
    return (partition) => announced[partition] === 1;
  }
}
