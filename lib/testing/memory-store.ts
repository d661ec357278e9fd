import { type Clock, soon } from '../common/time.js';
import { ElectionError } from '../errors.js';
import type {
  Compare,
  KeepAliveHandlers,
  KeepAliveStream,
  KeyValue,
  Op,
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

/** Revisions between two writes, so that somebody can be put before those who are in a queue already. */
const STEP = 1_000n;

/** etcd's default `--max-txn-ops`. */
const MOST_OPS = 128;

/** Of a key whose value was not asked for. */
const NO_VALUE = Buffer.alloc(0);

/**
 * As much of etcd as one candidate needs: always there, never late. It answers as soon as the caller awaits something.
 * It keeps all of its history, since nobody compacts it.
 */
export class MemoryStore implements Store {
  readonly #keys = new Map<string, KeyValue>();
  readonly #leases: MemoryLeases;
  readonly #history: WatchEvent[] = [];
  readonly #watches = new Set<MemoryWatch>();
  #revision = 0n;

  /** `clock`: the leases end by it. */
  constructor(clock: Clock) {
    this.#leases = new MemoryLeases(clock, (id) => this.#deleteKeysOf(id));
  }

  async grant(id: bigint, ttl: number): Promise<number | undefined> {
    return this.#leases.grant(id, ttl);
  }

  async revoke(id: bigint): Promise<void> {
    this.expire(id);
  }

  /** The lease and its keys are gone. */
  expire(id: bigint): void {
    this.#leases.remove(id);
    this.#deleteKeysOf(id);
  }

  /** In one revision. */
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

  async txn(txn: Txn): Promise<TxnResult> {
    assertWellFormed(txn);
    const { compare, success, failure } = txn;
    const holds = ({ key, createRevision }: Compare): boolean =>
      (this.#keys.get(key)?.createRevision ?? 0n) === createRevision;
    const succeeded = compare.every(holds);
    const ops = succeeded ? success : failure;
    this.#assertLeasesExist(ops);
    const ranges = this.#write(ops);
    return { succeeded, revision: this.#revision, ranges };
  }

  keepAlive(id: bigint, on: KeepAliveHandlers): KeepAliveStream {
    let isOpen = true;
    const reply = (): void => {
      if (isOpen) on.reply(this.#leases.refresh(id));
    };
    return {
      send: () => soon(reply),
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
    for (const op of ops) {
      if (op.type === 'put' && op.lease !== 0n && !this.#leases.has(op.lease)) {
        throw new ElectionError('LEASE_LOST', 'the store knows no such lease');
      }
    }
  }

  /** In one revision, in the order of their names. */
  #deleteKeysOf(lease: bigint): void {
    const keys = [...this.#keys.values()].filter((kv) => kv.lease === lease).map(({ key }) => key);
    this.delete(...keys.sort());
  }

  /** Carries out what is written, then tells of it. Returns what is read, in order: a read sees the writes before it. */
  #write(ops: readonly Op[], age?: bigint): RangeResult[] {
    const events: WatchEvent[] = [];
    const ranges: RangeResult[] = [];
    const revision = this.#revision + STEP;
    for (const op of ops) {
      if (op.type === 'range') {
        ranges.push(this.#range(op.range));
      } else if (op.type === 'put') {
        const createRevision = this.#keys.get(op.key)?.createRevision ?? age ?? revision;
        const kv = { key: op.key, value: op.value, lease: op.lease, createRevision, modRevision: revision };
        this.#keys.set(op.key, kv);
        events.push({ type: 'put', key: op.key, revision, kv });
      } else if (this.#keys.delete(op.key)) {
        events.push({ type: 'delete', key: op.key, revision });
      }
    }
    if (events.length > 0) {
      this.#revision = revision;
      this.#history.push(...events);
      for (const watch of this.#watches) watch.tell(events);
    }
    return ranges;
  }

  #range({ key, end, order, limit, maxCreateRevision, keysOnly = false }: RangeQuery): RangeResult {
    const inRange = [...this.#keys.values()].filter((kv) =>
      end === undefined ? kv.key === key : kv.key >= key && kv.key < end,
    );
    const sign = order === 'oldest' ? 1 : -1;
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
