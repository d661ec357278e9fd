import type { Leadership } from '../leadership.js';
import { keyFrom } from '../store/bytes.js';
import { type KeyValue, readOf, type Store } from '../store/store.js';
import type { PoolKeys } from './keys.js';
import type { Overview } from './overview.js';
import { hashOfList } from './partition-list.js';

/** Milliseconds for which a list is kept that no member announces: workers that restart find it again. */
const KEPT = 60_000;
/** Lists in a transaction: etcd allows 128 operations (`--max-txn-ops`). What is left is the next coordinator's. */
const MOST = 100;

/** What is known of the pool. */
type PoolSeen = Pick<Overview, 'lists' | 'members' | 'unreadable'>;

/**
 * Lists of partitions that no member announces any more. The coordinator deletes them, and never one that is in use.
 * The transaction compares the coordinator's own key. It also compares the ages of all members: a member that we do not
 * know of has joined after all that we know of. A worker that is about to join compares its list in the same
 * transaction in which it becomes a member, and writes the list again when it is gone.
 */
export class OldLists {
  readonly #store: Store;
  readonly #keys: PoolKeys;
  readonly #leadership: Leadership;
  /** By hash: since when nobody announces the list; undefined: somebody does. */
  readonly #known = new Map<string, number | undefined>();

  constructor(store: Store, keys: PoolKeys, leadership: Leadership) {
    this.#store = store;
    this.#keys = keys;
    this.#leadership = leadership;
  }

  /** When a list is to be deleted; undefined: none is. */
  get nextAt(): number | undefined {
    const since = [...this.#known.values()].filter((at) => at !== undefined);
    return since.length === 0 ? undefined : Math.min(...since) + KEPT;
  }

  /**
   * Deletes what nobody has announced for long enough.
   *
   * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async clean({ lists, members, unreadable }: PoolSeen, now: number): Promise<void> {
    const announced = new Set<string>();
    let youngest = 0n;
    for (const { announcement, createRevision } of members.values()) {
      if ('list' in announcement) announced.add(announcement.list);
      if (createRevision > youngest) youngest = createRevision;
    }
    for (const hash of [...lists, ...announced]) if (!this.#known.has(hash)) this.#known.set(hash, undefined);
    const due: string[] = [];
    for (const [hash, since] of this.#known) {
      if (announced.has(hash)) this.#known.set(hash, undefined);
      else if (since === undefined) this.#known.set(hash, now);
      else if (now >= since + KEPT) due.push(hash);
    }
    if (due.length === 0) return;
    // A member whose key makes no sense to us may announce any of these lists, and a compare of ages does not show it.
    const isDeleted = unreadable.size === 0 && (await this.#delete(due, youngest));
    for (const hash of due) {
      if (isDeleted) this.#known.delete(hash);
      else this.#known.set(hash, now); // somebody has joined meanwhile: later
    }
    if (isDeleted) for (const hash of due) lists.delete(hash);
  }

  /** Resolves to false when somebody has joined meanwhile, or this coordinator was deposed. */
  async #delete(hashes: readonly string[], youngest: bigint): Promise<boolean> {
    const old = await this.#listsAmong(hashes.slice(0, MOST));
    if (old.length === 0) return true;
    const { key, fencingToken } = this.#leadership;
    const { succeeded } = await this.#store.txn({
      compare: [
        { key: keyFrom(key), createRevision: fencingToken },
        { ...this.#keys.members, createdBefore: youngest + 1n },
        ...old.map(({ key: list, createRevision }) => ({ key: list, createRevision })),
      ],
      success: old.map(({ key: list }) => ({ type: 'delete', key: list })),
      failure: [],
    });
    return succeeded;
  }

  /**
   * The keys that are lists: a list is named after what it says. An application may have written the others, and they
   * are never deleted. One read at a time, because a list can have a mebibyte.
   */
  async #listsAmong(hashes: readonly string[]): Promise<KeyValue[]> {
    const lists: KeyValue[] = [];
    for (const hash of hashes) {
      const read = readOf(this.#keys.list(hash));
      const { ranges } = await this.#store.txn({ compare: [], success: [read], failure: [] });
      const kv = ranges[0]?.kvs[0];
      if (kv !== undefined && hashOfList(kv.value) === hash) lists.push(kv);
    }
    return lists;
  }
}
