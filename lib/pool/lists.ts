import { type ElectionError, toElectionError } from '../errors.js';
import { readOf, type Store } from '../store/store.js';
import type { PoolKeys } from './keys.js';
import { type Announcement, hashOfList, keyOfAnnouncement, PartitionList } from './partition-list.js';
import { parseList } from './wire.js';

/** Lists that are remembered beside our own: workers have more than two only by mistake. */
const MOST_REMEMBERED = 8;

/** The lists of partitions that the members announce. A list of names is read from etcd once. */
export class Lists {
  readonly #store: Store;
  readonly #keys: PoolKeys;
  readonly #own: PartitionList;
  readonly #known = new Map<string, PartitionList>();
  readonly #asked = new Set<string>();
  readonly #on: { readonly found: () => void; readonly failed: (error: ElectionError) => void };

  constructor(
    { store, keys, own }: { readonly store: Store; readonly keys: PoolKeys; readonly own: PartitionList },
    on: { readonly found: () => void; readonly failed: (error: ElectionError) => void },
  ) {
    this.#store = store;
    this.#keys = keys;
    this.#own = own;
    this.#on = on;
  }

  /** The list that a member announces; undefined while it is not known. `found` is told when the list has been read. */
  get(announcement: Announcement): PartitionList | undefined {
    const key = keyOfAnnouncement(announcement);
    if (key === this.#own.key) return this.#own;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if ('count' in announcement) return this.#remember(key, PartitionList.numbered(announcement.count));
    if (!this.#asked.has(key)) void this.#ask(key, announcement.list);
    return undefined;
  }

  async #ask(key: string, hash: string): Promise<void> {
    this.#asked.add(key);
    try {
      const success = [readOf(this.#keys.list(hash))];
      const { ranges } = await this.#store.txn({ compare: [], success, failure: [] });
      const kv = ranges[0]?.kvs[0];
      // A list that does not have its hash is somebody else's mistake: as good as none.
      const names = kv !== undefined && hashOfList(kv.value) === hash ? parseList(kv.value) : undefined;
      if (names === undefined) return;
      this.#remember(key, PartitionList.named(names));
      this.#on.found();
    } catch (err) {
      this.#on.failed(toElectionError(err));
    } finally {
      this.#asked.delete(key);
    }
  }

  #remember(key: string, list: PartitionList): PartitionList {
    if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
    this.#known.set(key, list);
    return list;
  }
}
