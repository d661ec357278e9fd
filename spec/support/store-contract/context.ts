import { expect } from 'chai';
import type { KeyValue, Op, Store, TxnResult } from '../../../lib/store/store.js';
import { type KeepAliveRecorder, recordKeepAlive, recordWatch, type WatchRecorder } from '../store-recorders.js';
import { tracked } from '../track.js';

/** A store to try, and what the specs need besides. Every key that they write begins with a prefix of its own. */
export interface OpenStore {
  readonly store: Store;
  /** Compacts the history up to `revision`; absent when nobody can make the store do so. */
  compact?(revision: bigint): Promise<void>;
  close(): Promise<void>;
}

/** What the specs of the contract share: short words for operations on keys under a prefix that no other spec uses. */
export class ContractContext {
  #opened: OpenStore | undefined;
  #specs = 0;
  #lastLease = BigInt(Date.now()) * 1_000n;
  #prefix = '';

  get store(): Store {
    return this.#open.store;
  }

  get prefix(): string {
    return this.#prefix;
  }

  get #open(): OpenStore {
    if (this.#opened === undefined) throw new Error('no store is open');
    return this.#opened;
  }

  /** A store and a prefix for the next spec. */
  start(opened: OpenStore): void {
    this.#opened = opened;
    this.#specs += 1;
    this.#prefix = `contract-${Date.now().toString(36)}-${this.#specs}/`;
  }

  async compact(revision: bigint): Promise<void> {
    if (this.#open.compact === undefined) throw new Error('the store does not compact');
    await this.#open.compact(revision);
  }

  put(key: string, value = 'x', lease = 0n): Op {
    return { type: 'put', key: this.#prefix + key, value: Buffer.from(value), lease };
  }

  get(key: string): Op {
    return { type: 'range', range: { key: this.#prefix + key, order: 'oldest', limit: 1 } };
  }

  /** A read of all keys under the prefix. */
  range(order: 'oldest' | 'newest' | 'key', limit: number, maxCreateRevision?: bigint): Op {
    const range = { key: this.#prefix, end: `${this.#prefix}\xff`, order, limit };
    return { type: 'range', range: maxCreateRevision === undefined ? range : { ...range, maxCreateRevision } };
  }

  /** A read of all keys under the prefix, by name, as they were at a revision. */
  rangeAt(revision: bigint, limit: number): Op {
    const range = { key: this.#prefix, end: `${this.#prefix}\xff`, order: 'key', limit, revision } as const;
    return { type: 'range', range };
  }

  /** The read of `range` without values. */
  keys(order: 'oldest' | 'newest', limit: number): Op {
    const range = { key: this.#prefix, end: `${this.#prefix}\xff`, order, limit, keysOnly: true };
    return { type: 'range', range };
  }

  commit(...success: Op[]): Promise<TxnResult> {
    return this.store.txn({ compare: [], success, failure: [] });
  }

  async read(key: string): Promise<KeyValue | undefined> {
    return (await this.commit(this.get(key))).ranges[0]?.kvs[0];
  }

  /** The keys of the first range, without the prefix. */
  names(result: TxnResult): string[] {
    return (result.ranges[0]?.kvs ?? []).map(({ key }) => key.slice(this.#prefix.length));
  }

  newLeaseId(): bigint {
    this.#lastLease += 1n;
    return this.#lastLease;
  }

  async newLease(ttl = 60): Promise<bigint> {
    const id = this.newLeaseId();
    expect((await this.store.grant(id, ttl)).ttl).to.equal(ttl);
    return id;
  }

  watch(): WatchRecorder {
    const recorder = recordWatch(this.store, this.#prefix);
    tracked(recorder.stream);
    return recorder;
  }

  keepAlive(lease: bigint): KeepAliveRecorder {
    const recorder = recordKeepAlive(this.store, lease);
    tracked(recorder.stream);
    return recorder;
  }
}

/** The error of a promise that must reject. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (reason: Error) => reason,
  );
  if (error === undefined) throw new Error('it was not refused');
  return error;
}
