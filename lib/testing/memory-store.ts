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
} from '../store.js';
import { soon } from '../time.js';
import { MemoryWatch } from './memory-watch.js';

/** Revisions between two writes, so that somebody can be put before those who are in a queue already. */
const STEP = 1_000n;

/** As much of etcd as one candidate needs: always there, never late. It answers as soon as the caller awaits something. */
export class MemoryStore implements Store {
  readonly #keys = new Map<string, KeyValue>();
  readonly #leases = new Map<bigint, number>();
  readonly #history: WatchEvent[] = [];
  readonly #watches = new Set<MemoryWatch>();
  #revision = 0n;

  async grant(id: bigint, ttl: number): Promise<number | undefined> {
    if (this.#leases.has(id)) return undefined;
    this.#leases.set(id, ttl);
    return ttl;
  }

  async revoke(id: bigint): Promise<void> {
    this.expire(id);
  }

  /** The lease and its keys are gone. */
  expire(id: bigint): void {
    this.#leases.delete(id);
    this.delete(...[...this.#keys.values()].filter(({ lease }) => lease === id).map(({ key }) => key));
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

  async txn({ compare, success, failure }: Txn): Promise<TxnResult> {
    const holds = ({ key, createRevision }: Compare): boolean =>
      (this.#keys.get(key)?.createRevision ?? 0n) === createRevision;
    const succeeded = compare.every(holds);
    const ranges = this.#write(succeeded ? success : failure);
    return { succeeded, revision: this.#revision, ranges };
  }

  keepAlive(id: bigint, on: KeepAliveHandlers): KeepAliveStream {
    let isOpen = true;
    const reply = (): void => {
      if (isOpen) on.reply(this.#leases.get(id) ?? 0);
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

  #range({ key, end, order, limit, maxCreateRevision }: RangeQuery): RangeResult {
    const inRange = [...this.#keys.values()].filter((kv) =>
      end === undefined ? kv.key === key : kv.key >= key && kv.key < end,
    );
    const kvs = inRange
      .filter((kv) => maxCreateRevision === undefined || kv.createRevision <= maxCreateRevision)
      .sort((a, b) => Number(a.createRevision - b.createRevision) * (order === 'oldest' ? 1 : -1));
    return { kvs: limit > 0 ? kvs.slice(0, limit) : kvs, count: inRange.length };
  }
}
