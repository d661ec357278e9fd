import { isBlocking, leaseIn } from '../queue/keys.js';
import { hexOf, NO_VALUE } from '../store/bytes.js';
import type { KeyValue, WatchEvent } from '../store/store.js';
import type { PoolKeys } from './keys.js';

/** A key in the queue of one partition. The first of a queue owns the partition. */
export interface Standing {
  /** Lower-case hex. */
  readonly lease: string;
  readonly kv: KeyValue;
  /** The key is no worker's, and nobody behind it can own the partition. */
  readonly blocks: boolean;
}

/** Leases whose hex digits are remembered. */
const MOST_HEXES = 1_000;

/** Who stands in which partition, in the order of the queues. Fed by a read, and by the events that follow it. */
export class OwnersTable {
  readonly #keys: PoolKeys;
  readonly #withValues: boolean;
  /** The queue of each partition, by the partition's name. */
  readonly #queues = new Map<string, Standing[]>();
  readonly #hexes = new Map<bigint, string>();

  constructor(keys: PoolKeys, { withValues }: { readonly withValues: boolean }) {
    this.#keys = keys;
    this.#withValues = withValues;
  }

  /** Partitions in which somebody stands. */
  get partitions(): IterableIterator<string> {
    return this.#queues.keys();
  }

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  queue(partition: string): readonly Standing[] {
    return this.#queues.get(partition) ?? [];
  }

  /** The first of the queue: the owner, unless its key is no worker's. */
  first(partition: string): Standing | undefined {
    return this.#queues.get(partition)?.[0];
  }

  stands(partition: string, lease: string): boolean {
    return this.#queues.get(partition)?.some((standing) => standing.lease === lease) === true;
  }

  load(kvs: readonly KeyValue[]): void {
    for (const kv of kvs) this.#put(kv);
  }

  add(kv: KeyValue | undefined): void {
    if (kv !== undefined) this.#put(kv);
  }

  /** Returns the partition whose queue has changed, if one has. */
  apply({ key, kv }: WatchEvent): string | undefined {
    return kv === undefined ? this.#delete(key) : this.#put(kv);
  }

  #put(kv: KeyValue): string | undefined {
    const partition = this.#keys.partitionOf(kv.key);
    if (partition === undefined) return undefined;
    const queue = this.#queues.get(partition) ?? [];
    // A copy, because the value is a part of the message that it came in, and would keep the whole message.
    const value = this.#withValues ? Buffer.from(kv.value) : NO_VALUE;
    const lease = this.#hexOf(kv.lease);
    const blocks = leaseIn(kv.key) !== lease && isBlocking(kv);
    const standing = { lease, kv: { ...kv, value }, blocks };
    const known = queue.findIndex((other) => other.kv.key === kv.key);
    if (known >= 0) queue.splice(known, 1);
    const behind = queue.findIndex((other) => isBefore(kv, other.kv));
    queue.splice(behind < 0 ? queue.length : behind, 0, standing);
    this.#queues.set(partition, queue);
    return partition;
  }

  /** One string for all the keys of a worker. */
  #hexOf(lease: bigint): string {
    const known = this.#hexes.get(lease);
    if (known !== undefined) return known;
    if (this.#hexes.size >= MOST_HEXES) this.#hexes.clear();
    const hex = hexOf(lease);
    this.#hexes.set(lease, hex);
    return hex;
  }

  #delete(key: string): string | undefined {
    const partition = this.#keys.partitionOf(key);
    const queue = partition === undefined ? undefined : this.#queues.get(partition);
    const known = queue?.findIndex((other) => other.kv.key === key) ?? -1;
    if (partition === undefined || queue === undefined || known < 0) return undefined;
    queue.splice(known, 1);
    if (queue.length === 0) this.#queues.delete(partition);
    return partition;
  }
}

/** Keys of one transaction have one create revision, so their names decide. */
function isBefore(a: KeyValue, b: KeyValue): boolean {
  return a.createRevision === b.createRevision ? a.key < b.key : a.createRevision < b.createRevision;
}
