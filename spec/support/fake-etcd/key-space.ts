import {
  type KeyValue,
  type RangeQuery,
  type RangeResult,
  RevisionGone,
  type WatchEvent,
} from '../../../lib/store/store.js';

/** A key as etcd keeps it. */
export interface StoredKey extends KeyValue {
  /** The number of puts since the key was created. */
  readonly version: bigint;
}

/** Everything that happened in one revision. */
export interface Change {
  readonly revision: bigint;
  readonly events: readonly WatchEvent[];
  /** The keys that were written, as they were before. */
  readonly before: ReadonlyMap<string, StoredKey | undefined>;
}

export interface Writer {
  put(key: string, value: Buffer, lease: bigint): void;
  delete(key: string): void;
}

/** etcd's `range_end` for "this key and all after it". */
const TO_THE_END = '\0';

/** The value of a key whose value was not asked for. */
const NO_VALUE = Buffer.alloc(0);

export interface KeySpaceOptions {
  readonly revision?: bigint;
  readonly tellsLeases?: boolean;
}

/** etcd's multi-version key-value store: the present keys, and what happened since the last compaction. */
export class KeySpace {
  #keys = new Map<string, StoredKey>();
  /** The keys of `#keys`, sorted. */
  #sorted: string[] = [];
  #history: Change[] = [];
  #revision: bigint;
  #compacted = -1n;
  readonly #tellsLeases: boolean;

  /**
   * An empty etcd answers with revision 1. `tellsLeases`: an answer without values tells the keys' leases, as before
   * etcd 3.7.
   */
  constructor({ revision = 1n, tellsLeases = true }: KeySpaceOptions = {}) {
    this.#revision = revision;
    this.#tellsLeases = tellsLeases;
  }

  get revision(): bigint {
    return this.#revision;
  }

  /** The last revision that was compacted; -1n before the first. */
  get compacted(): bigint {
    return this.#compacted;
  }

  get(key: string): StoredKey | undefined {
    return this.#keys.get(key);
  }

  /** The present keys, in the order of keys. The array is not changed afterwards. */
  list(key: string, end?: string): StoredKey[] {
    if (end === undefined) {
      const found = this.#keys.get(key);
      return found === undefined ? [] : [found];
    }
    const to = end === TO_THE_END ? this.#sorted.length : this.#position(end);
    return this.#sorted.slice(this.#position(key), to).map((name) => this.#keys.get(name) as StoredKey);
  }

  /**
   * Keys of one revision come in the order of keys, whichever end is asked for, because etcd sorts by the revision
   * alone.
   */
  range({ keysOnly = false, revision, ...query }: RangeQuery): RangeResult {
    const { kvs, count } = (revision === undefined ? this : this.#at(revision)).#range(query);
    if (!keysOnly) return { kvs, count };
    const left = this.#tellsLeases ? { value: NO_VALUE } : { value: NO_VALUE, lease: 0n };
    return { kvs: kvs.map((kv) => ({ ...kv, ...left })), count };
  }

  #at(revision: bigint): KeySpace {
    const gone = (what: string): RevisionGone => new RevisionGone('UNAVAILABLE', `etcdserver: mvcc: ${what}`);
    if (revision > this.#revision) throw gone('required revision is a future revision');
    if (revision < this.#compacted) throw gone('required revision has been compacted');
    return this.past(Number(this.#revision - revision));
  }

  #range({ key, end, order, limit, maxCreateRevision }: RangeQuery): RangeResult {
    const all = this.list(key, end);
    const kept = maxCreateRevision === undefined ? all : all.filter((kv) => kv.createRevision <= maxCreateRevision);
    if (order === 'key') return { kvs: limit > 0 ? kept.slice(0, limit) : kept, count: all.length };
    const sign = order === 'oldest' ? 1 : -1;
    const isBefore = (a: StoredKey, b: StoredKey): boolean =>
      order === 'oldest' ? a.createRevision < b.createRevision : a.createRevision > b.createRevision;
    if (limit === 1 && kept.length > 1) {
      // This is the usual question. The specs of scale ask it ten thousand times about ten thousand keys.
      return { kvs: [kept.reduce((best, kv) => (isBefore(kv, best) ? kv : best))], count: all.length };
    }
    const kvs = kept.sort((a, b) => sign * Number(a.createRevision - b.createRevision));
    return { kvs: limit > 0 ? kvs.slice(0, limit) : kvs, count: all.length };
  }

  /** Runs `fn`, and gives one revision to everything that it writes. When it writes nothing, there is no revision. */
  write(fn: (writer: Writer) => void): Change | undefined {
    const revision = this.#revision + 1n;
    const events: WatchEvent[] = [];
    const before = new Map<string, StoredKey | undefined>();
    const keep = (key: string): void => {
      if (!before.has(key)) before.set(key, this.#keys.get(key));
    };
    fn({
      put: (key, value, lease) => {
        keep(key);
        events.push({ type: 'put', key, revision, kv: this.#put(key, value, lease, revision) });
      },
      delete: (key) => {
        keep(key);
        if (this.#remove(key)) events.push({ type: 'delete', key, revision });
      },
    });
    if (events.length === 0) return undefined;
    const change = { revision, events, before };
    this.#revision = revision;
    this.#history.push(change);
    return change;
  }

  /** The keys as they were `changes` revisions ago, as far as the history is still known. */
  past(changes: number): KeySpace {
    const past = new KeySpace({ tellsLeases: this.#tellsLeases });
    past.#keys = new Map(this.#keys);
    past.#revision = this.#revision;
    const undone = changes > 0 ? this.#history.slice(-changes).reverse() : [];
    for (const { revision, before } of undone) {
      for (const [key, kv] of before) {
        if (kv === undefined) past.#keys.delete(key);
        else past.#keys.set(key, kv);
      }
      past.#revision = revision - 1n;
    }
    past.#sorted = [...past.#keys.keys()].sort();
    past.#history = this.#history.slice(0, Math.max(0, this.#history.length - changes));
    past.#compacted = this.#compacted;
    return past;
  }

  /** Restores a snapshot that is so many revisions old, as far as the history is still known. */
  goBack(changes: number): void {
    const past = this.past(changes);
    this.#keys = past.#keys;
    this.#sorted = past.#sorted;
    this.#revision = past.#revision;
    this.#history = past.#history;
  }

  /** Begins again with an empty data folder. */
  clear(): void {
    this.#keys = new Map();
    this.#sorted = [];
    this.#revision = 1n;
    this.#history = [];
    this.#compacted = -1n;
  }

  /**
   * Takes the keys as they were `changes` revisions ago, under a revision that is greater by `bump` than any that was
   * given out, with all earlier ones compacted: `snapshot restore --bump-revision … --mark-compacted`.
   */
  restore(changes: number, bump: bigint): void {
    const past = this.past(changes);
    this.#keys = past.#keys;
    this.#sorted = past.#sorted;
    this.#revision += bump;
    this.#history = [];
    this.#compacted = this.#revision;
  }

  /** What happened from `revision` on, as far as it has not been compacted. */
  since(revision: bigint): readonly Change[] {
    const first = this.#history[0]?.revision ?? 0n;
    return this.#history.slice(revision > first ? Number(revision - first) : 0);
  }

  /**
   * Forgets the history up to `revision`. As in etcd 3.4, a watch can still start at this very revision, but a deletion
   * in it is lost, because compaction keeps only what a put left behind.
   */
  compact(revision: bigint, losesDeletion = true): void {
    if (revision <= this.#compacted) throw new Error('required revision has been compacted');
    if (revision > this.#revision) throw new Error('required revision is a future revision');
    this.#compacted = revision;
    this.#history = this.since(revision).map((change) =>
      change.revision === revision && losesDeletion
        ? { ...change, events: change.events.filter(({ type }) => type === 'put') }
        : change,
    );
  }

  #put(key: string, value: Buffer, lease: bigint, modRevision: bigint): StoredKey {
    const before = this.#keys.get(key);
    if (before === undefined) this.#sorted.splice(this.#position(key), 0, key);
    const createRevision = before?.createRevision ?? modRevision;
    // A copy, because the caller may change its buffer afterwards.
    const kv = {
      key,
      value: Buffer.from(value),
      createRevision,
      modRevision,
      lease,
      version: (before?.version ?? 0n) + 1n,
    };
    this.#keys.set(key, kv);
    return kv;
  }

  #remove(key: string): boolean {
    if (!this.#keys.delete(key)) return false;
    this.#sorted.splice(this.#position(key), 1);
    return true;
  }

  /** The place of `key` in `#sorted`, whether it is there or not. */
  #position(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
