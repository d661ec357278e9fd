import {
  CompareResult,
  CompareTarget,
  Etcd3,
  type ICompare,
  type IDeleteRangeRequest,
  type IKeyValue,
  type IPutRequest,
  type IRangeRequest,
  type IRequestOp,
  type ITxnRequest,
  SortOrder,
  SortTarget,
} from 'etcd3';
import { bytesOf, keyOf } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';
import type { MemoryStore, RevisionChange } from './memory-store.js';

/** A client of the store in memory. Its address is never used. */
export function clientOf(store: MemoryStore): Etcd3 {
  const etcd = new Etcd3({ hosts: 'http://127.0.0.1:1' });
  etcd.mock(new MemoryKv(store));
  return etcd;
}

/** A key that does not exist, as etcd compares it. */
const MISSING = { value: Buffer.alloc(0), createRevision: 0n, modRevision: 0n, lease: 0n };

/**
 * etcd's service of keys on the store in memory, for `mock()` of an etcd3 client: reads, writes and transactions. There
 * is nothing else behind it: no leases to grant, no watches, no streams.
 */
export class MemoryKv {
  readonly #store: MemoryStore;
  /** The header of the answer that is being made. */
  #header = { cluster_id: '0', member_id: '0', revision: '0', raft_term: '0' };

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  /** Never late: what is asked is done before this returns. */
  async exec<T>(service: string, method: string, request: unknown): Promise<T> {
    this.#header = { ...this.#header };
    const answer = this.#store.change((change) => this.#answer(`${service}.${method}`, request, change));
    this.#header.revision = this.#store.revision.toString(); // that of what was written, if something was
    return answer as T;
  }

  async withConnection<T>(service: string): Promise<T> {
    throw unsupported(`streams of ${service}`);
  }

  #answer(method: string, request: unknown, change: RevisionChange): object {
    switch (method) {
      case 'KV.range':
        return this.#range(request as IRangeRequest);
      case 'KV.put':
        return this.#put(request as IPutRequest, change);
      case 'KV.deleteRange':
        return this.#delete(request as IDeleteRangeRequest, change);
      case 'KV.txn':
        return this.#txn(request as ITxnRequest, change);
      default:
        throw unsupported(method);
    }
  }

  #txn({ compare = [], success = [], failure = [] }: ITxnRequest, change: RevisionChange): object {
    const succeeded = compare.every((one) => this.#holds(one));
    const responses = (succeeded ? success : failure).map((op) => this.#carryOut(op, change));
    return { header: this.#header, succeeded, responses };
  }

  #carryOut(op: IRequestOp, change: RevisionChange): object {
    if (op.request_range) return { response_range: this.#range(op.request_range) };
    if (op.request_put) return { response_put: this.#put(op.request_put, change) };
    if (op.request_delete_range) return { response_delete_range: this.#delete(op.request_delete_range, change) };
    return { response_txn: this.#txn(op.request_txn ?? {}, change) };
  }

  #put({ key, value, lease, prev_kv, ignore_value, ignore_lease }: IPutRequest, change: RevisionChange): object {
    const name = keyOf(key ?? Buffer.alloc(0));
    const before = this.#store.get(name);
    const leaseId = ignore_lease ? (before?.lease ?? 0n) : BigInt(lease ?? 0);
    this.#store.assertLeaseExists(leaseId);
    const written = ignore_value ? (before?.value ?? MISSING.value) : Buffer.from(value ?? MISSING.value);
    change.put({ key: name, value: written, lease: leaseId });
    return { header: this.#header, prev_kv: prev_kv && before !== undefined ? this.#toMessage(before) : null };
  }

  #delete({ key, range_end, prev_kv }: IDeleteRangeRequest, change: RevisionChange): object {
    const deleted = this.#keys(key, range_end);
    for (const kv of deleted) change.delete(kv.key);
    const prev_kvs = prev_kv ? deleted.map((kv) => this.#toMessage(kv)) : [];
    return { header: this.#header, deleted: String(deleted.length), prev_kvs };
  }

  #range(request: IRangeRequest): object {
    const { limit, keys_only, count_only, revision } = request;
    if (BigInt(revision ?? 0) > 0n) throw unsupported('reads of an earlier revision');
    const all = this.#keys(request.key, request.range_end);
    const kvs = count_only
      ? []
      : this.#sorted(
          all.filter((kv) => isWithin(kv, request)).map((kv) => this.#toMessage(kv)),
          request,
        );
    const most = Number(limit ?? 0) || kvs.length;
    const shown = kvs.slice(0, most).map((kv) => (keys_only ? { ...kv, value: MISSING.value } : kv));
    return { header: this.#header, kvs: shown, more: kvs.length > most, count: String(all.length) };
  }

  #sorted(kvs: IKeyValue[], { sort_target = 'Key', sort_order = 'None' }: IRangeRequest): IKeyValue[] {
    const target = typeof sort_target === 'number' ? SortTarget[sort_target] : sort_target;
    const order = typeof sort_order === 'number' ? SortOrder[sort_order] : sort_order;
    const compare = (a: IKeyValue, b: IKeyValue): number => {
      if (target === 'Value') return a.value.compare(b.value);
      if (target === 'Key') return a.key.compare(b.key);
      const field = { Version: 'version', Create: 'create_revision', Mod: 'mod_revision' } as const;
      const name = field[target as keyof typeof field];
      return Number(BigInt(a[name]) - BigInt(b[name]));
    };
    // Keys are in the order of their names already. With a target and no order, etcd sorts upwards.
    const sign = order === 'Descend' ? -1 : 1;
    return kvs.sort((a, b) => sign * compare(a, b));
  }

  #keys(key: Buffer = Buffer.alloc(0), end: Buffer | undefined = undefined): KeyValue[] {
    return this.#store.keys(keyOf(key), end === undefined || end.length === 0 ? undefined : keyOf(end));
  }

  /** With a range, all of its keys must hold; a range without keys compares as a key that does not exist. */
  #holds(compare: ICompare): boolean {
    const { key = Buffer.alloc(0), range_end: end = Buffer.alloc(0) } = compare;
    const kvs = end.length === 0 ? [] : this.#keys(key, end);
    if (kvs.length > 0) return kvs.every((kv) => this.#holdsFor(kv, compare));
    return this.#holdsFor(end.length === 0 ? this.#store.get(keyOf(key)) : undefined, compare);
  }

  /**
   * A key that does not exist has zero for everything but its value: that compares as false whatever it is compared
   * with.
   */
  #holdsFor(kv: KeyValue | undefined, { target = 'Version', result = 'Equal', ...wanted }: ICompare): boolean {
    const { createRevision, modRevision, lease, value } = kv ?? MISSING;
    const is = typeof result === 'number' ? CompareResult[result] : result;
    switch (typeof target === 'number' ? CompareTarget[target] : target) {
      case 'Create':
        return isSo(is, compareIds(createRevision, wanted.create_revision));
      case 'Mod':
        return isSo(is, compareIds(modRevision, wanted.mod_revision));
      case 'Lease':
        return isSo(is, compareIds(lease, wanted.lease));
      case 'Value':
        return kv !== undefined && isSo(is, value.compare(wanted.value ?? MISSING.value));
      default:
        return isSo(is, compareIds(BigInt(kv === undefined ? 0 : this.#store.versionOf(kv)), wanted.version));
    }
  }

  #toMessage(kv: KeyValue): IKeyValue {
    return {
      key: bytesOf(kv.key),
      value: Buffer.from(kv.value),
      create_revision: kv.createRevision.toString(),
      mod_revision: kv.modRevision.toString(),
      version: String(this.#store.versionOf(kv)),
      lease: kv.lease.toString(),
    };
  }
}

function isWithin({ createRevision, modRevision }: KeyValue, request: IRangeRequest): boolean {
  const { min_create_revision, max_create_revision, min_mod_revision, max_mod_revision } = request;
  const isIn = (revision: bigint, least: string | number | undefined, most: string | number | undefined): boolean =>
    revision >= BigInt(least ?? 0) && (BigInt(most ?? 0) === 0n || revision <= BigInt(most ?? 0));
  return (
    isIn(createRevision, min_create_revision, max_create_revision) &&
    isIn(modRevision, min_mod_revision, max_mod_revision)
  );
}

function compareIds(id: bigint, other: string | number | undefined = 0): number {
  return Number(id - BigInt(other));
}

function isSo(result: string | undefined, order: number): boolean {
  if (result === 'Greater') return order > 0;
  if (result === 'Less') return order < 0;
  return result === 'NotEqual' ? order !== 0 : order === 0;
}

function unsupported(what: string): Error {
  return new Error(`a fake has no etcd, and its client only reads and writes keys: no ${what}`);
}
