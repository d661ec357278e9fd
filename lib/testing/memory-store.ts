import { type Clock, soon } from '../common/time.js';
import { ElectionError } from '../errors.js';
import { NO_VALUE } from '../store/bytes.js';
import type {
  Compare,
  KeepAliveHandlers,
  KeepAliveStream,
  KeyValue,
  LeaseGrant,
  Op,
  RangeCompare,
  RangeQuery,
  RangeResult,
  Store,
  Txn,
  TxnResult,
  WatchEvent,
  WatchHandlers,
  WatchStream,
} from '../store/store.js';
import { MemoryLeases } from './memory-leases.js';
import { MemoryWatch } from './memory-watch.js';
import { pastKeys } from './past-keys.js';

/** Revisions between two writes, so that somebody can be put before those who are in a queue already. */
const STEP = 1_000n;

/** etcd's default `--max-txn-ops`. */
const MOST_OPS = 128;

/** The end of a range that has none. */
const TO_THE_END = '\0';

/** What changes in one revision of the store. */
export interface RevisionChange {
  put(kv: Omit<KeyValue, 'createRevision' | 'modRevision'>): void;
  delete(key: string): void;
}

/**
 * As much of etcd as one candidate needs: always there, never late. It answers as soon as the caller awaits something.
 * It keeps all of its history, since nobody compacts it.
 */
export class MemoryStore implements Store {
  /**
   * Refreshes fail with this error while it is there. All else is answered, so that nobody has to wait for time to
   * pass.
   */
  outage: Error | undefined;
  #keys = new Map<string, KeyValue>();
  readonly #leases: MemoryLeases;
  readonly #history: WatchEvent[] = [];
  readonly #watches = new Set<MemoryWatch>();
  #revision = 0n;

  /** `clock`: the leases end by it. */
  constructor(clock: Clock) {
    this.#leases = new MemoryLeases(clock, (id) => this.#deleteKeysOf(id));
  }

  async grant(id: bigint, ttl: number): Promise<LeaseGrant> {
    return { ttl: this.#leases.grant(id, ttl) };
  }

  async revoke(id: bigint): Promise<void> {
    this.expire(id);
  }

  /** The lease and its keys are gone. */
  expire(id: bigint): void {
    this.#leases.remove(id);
    this.#deleteKeysOf(id);
  }

  /** Deletes these keys in one revision. */
  delete(...keys: readonly string[]): void {
    this.#write(keys.map((key) => ({ type: 'delete', key })));
  }

  /** Deletes `old` and writes another key, in one revision. `age`: its place in the queue; by default the last. */
  replace(old: string | undefined, { key, value, lease }: Omit<Op & { type: 'put' }, 'type'>, age?: bigint): void {
    const remove: Op[] = old === undefined ? [] : [{ type: 'delete', key: old }];
    this.#write([...remove, { type: 'put', key, value, lease }], age);
  }

  get(key: string): KeyValue | undefined {
    return this.#keys.get(key);
  }

  get revision(): bigint {
    return this.#revision;
  }

  /** The keys from `key` up to `end`, or the one key without an `end`, in the order of their names. */
  keys(key: string, end?: string, revision?: bigint): KeyValue[] {
    const isInRange = (other: string): boolean =>
      end === undefined ? other === key : other >= key && (end === TO_THE_END || other < end);
    const all = revision === undefined ? this.#keys : pastKeys(this.#history, this.#revision, revision);
    return [...all.values()].filter((kv) => isInRange(kv.key)).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** How often the key was written since it was created. */
  versionOf({ key, createRevision }: KeyValue): number {
    return this.#history.filter(({ kv }) => kv?.key === key && kv.createRevision === createRevision).length;
  }

  /**
   * Changes the store in one revision, then tells of it. What `make` reads is the store as changed so far. When it
   * throws, nothing is changed.
   */
  change<T>(make: (change: RevisionChange) => T, age?: bigint): T {
    const before = new Map(this.#keys);
    const told = this.#history.length;
    try {
      return this.#tell(told, make(this.#newChange(age)), age !== undefined);
    } catch (err) {
      this.#keys = before;
      this.#history.length = told;
      throw err;
    }
  }

  #newChange(age: bigint | undefined): RevisionChange {
    const revision = this.#revision + STEP;
    return {
      put: ({ key, value, lease }) => {
        const createRevision = this.#keys.get(key)?.createRevision ?? age ?? revision;
        const kv = { key, value, lease, createRevision, modRevision: revision };
        this.#keys.set(key, kv);
        this.#history.push({ type: 'put', key, revision, kv });
      },
      delete: (key) => {
        if (this.#keys.delete(key)) this.#history.push({ type: 'delete', key, revision });
      },
    };
  }

  /** Tells of the events that are new since there were `told`, which are of one revision. */
  #tell<T>(told: number, result: T, isOutOfOrder: boolean): T {
    const events = this.#history.slice(told);
    if (events.length > 0) {
      this.#revision += STEP;
      for (const watch of this.#watches) watch.tell(events, isOutOfOrder);
    }
    return result;
  }

  async txn(txn: Txn): Promise<TxnResult> {
    assertWellFormed(txn);
    const { compare, success, failure } = txn;
    const holds = (one: Compare | RangeCompare): boolean =>
      'createRevision' in one
        ? (this.#keys.get(one.key)?.createRevision ?? 0n) === one.createRevision
        : this.keys(one.key, one.end).every(({ createRevision }) => createRevision < one.createdBefore);
    const succeeded = compare.every(holds);
    const ops = succeeded ? success : failure;
    this.#assertLeasesExist(ops);
    const ranges = this.#write(ops);
    return { succeeded, revision: this.#revision, ranges };
  }

  keepAlive(id: bigint, on: KeepAliveHandlers): KeepAliveStream {
    let isOpen = true;
    const answer = (): void => {
      if (!isOpen) return;
      if (this.outage === undefined) return on.reply(this.#leases.refresh(id));
      isOpen = false;
      on.closed(this.outage);
    };
    return {
      send: () => soon(answer),
      overdue: () => {},
      close: () => {
        isOpen = false;
      },
    };
  }

  watch(on: WatchHandlers): WatchStream {
    const watch = new MemoryWatch(on, this.#history, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    return watch;
  }

  #assertLeasesExist(ops: readonly Op[]): void {
    for (const op of ops) if (op.type === 'put') this.assertLeaseExists(op.lease);
  }

  /** @throws ElectionError `LEASE_LOST` */
  assertLeaseExists(lease: bigint): void {
    if (lease !== 0n && !this.#leases.has(lease)) {
      throw new ElectionError('LEASE_LOST', 'the store knows no such lease');
    }
  }

  /** Deletes the keys of a lease in one revision, in the order of their names. */
  #deleteKeysOf(lease: bigint): void {
    const keys = [...this.#keys.values()].filter((kv) => kv.lease === lease).map(({ key }) => key);
    this.delete(...keys.sort());
  }

  /**
   * Carries out what is written, then tells of it. Returns what is read, in order: a read sees the writes before it.
   */
  #write(ops: readonly Op[], age?: bigint): RangeResult[] {
    return this.change((change) => {
      const ranges: RangeResult[] = [];
      for (const op of ops) {
        if (op.type === 'range') ranges.push(this.#range(op.range));
        else if (op.type === 'put') change.put(op);
        else change.delete(op.key);
      }
      return ranges;
    }, age);
  }

  #range({ key, end, order, limit, maxCreateRevision, keysOnly = false, revision }: RangeQuery): RangeResult {
    const inRange = this.keys(key, end, revision);
    const sign = order === 'key' ? 0 : order === 'oldest' ? 1 : -1;
    const kvs = inRange
      .filter((kv) => maxCreateRevision === undefined || kv.createRevision <= maxCreateRevision)
      // Keys of one revision come in the order of their names, whichever end is asked for.
      .sort((a, b) => sign * Number(a.createRevision - b.createRevision) || (a.key < b.key ? -1 : 1))
      .slice(0, limit > 0 ? limit : undefined);
    return { kvs: keysOnly ? kvs.map((kv) => ({ ...kv, value: NO_VALUE })) : kvs, count: inRange.length };
  }
}

/** What etcd refuses whatever its state is. That is a mistake of the library's, so no {@link ElectionError}. */
function assertWellFormed({ compare, success, failure }: Txn): void {
  if (Math.max(compare.length, success.length, failure.length) > MOST_OPS) {
    throw new Error(`a transaction has at most ${MOST_OPS} compares, and as many operations in each branch`);
  }
  for (const branch of [success, failure]) {
    const [put, deleted] = [keysOf(branch, 'put'), new Set(keysOf(branch, 'delete'))];
    const written = [...put, ...deleted];
    if (new Set(written).size < written.length) throw new Error('a transaction writes no key twice');
  }
}

function keysOf(ops: readonly Op[], type: 'put' | 'delete'): string[] {
  return ops.flatMap((op) => (op.type === type ? [op.key] : []));
}
