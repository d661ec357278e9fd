import type {
  Etcd3,
  ICompare,
  IKeyValue,
  ILeaseKeepAliveRequest,
  ILeaseKeepAliveResponse,
  IRangeRequest,
  IRangeResponse,
  IRequestOp,
  IWatchRequest,
  IWatchResponse,
} from 'etcd3';
import type { Clock } from '../common/time.js';
import { type ElectionError, unreachable } from '../errors.js';
import { bytesOf, keyOf } from '../store/bytes.js';
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
import { Bulkhead } from './bulkhead.js';
import { isDenied, isLeaseExists, isTokenUseless, translate } from './errors.js';
import type { CallOptions } from './guard.js';
import { MemberHealth } from './member-health.js';
import { Stream } from './stream.js';
import { unary } from './unary.js';

/** {@link Store} on etcd3's raw clients. The client belongs to the user, so it is never closed here. */
export class EtcdStore implements Store {
  readonly #etcd: Etcd3;
  readonly #clock: Clock;
  readonly #members: MemberHealth;
  readonly #bulkhead: Bulkhead;
  /** Streams with an expired token are refused, and only a unary call makes etcd3 fetch another token. */
  #isTokenDoubtful = false;
  #someKey = '\0';

  constructor(etcd: Etcd3, clock: Clock) {
    this.#etcd = etcd;
    this.#clock = clock;
    this.#members = new MemberHealth(clock);
    this.#bulkhead = new Bulkhead(clock);
  }

  async grant(id: bigint, ttl: number): Promise<number | undefined> {
    try {
      const request = { ID: id.toString(), TTL: ttl };
      const reply = await this.#unary('grant a lease', (o) => this.#etcd.leaseClient.leaseGrant(request, o));
      return Number(reply.TTL);
    } catch (err) {
      if (isLeaseExists((err as ElectionError).cause)) return undefined;
      throw err;
    }
  }

  async revoke(id: bigint): Promise<void> {
    try {
      const request = { ID: id.toString() };
      await this.#unary('revoke the lease', (o) => this.#etcd.leaseClient.leaseRevoke(request, o));
    } catch (err) {
      if ((err as ElectionError).code !== 'LEASE_LOST') throw err;
    }
  }

  async txn(txn: Txn): Promise<TxnResult> {
    const [first] = txn.success;
    this.#someKey = txn.compare[0]?.key ?? (first?.type === 'range' ? first.range.key : this.#someKey);
    if (first?.type === 'range' && txn.success.length === 1 && txn.compare.length === 0)
      return this.#range(first.range);
    const request = {
      compare: txn.compare.map(toCompare),
      success: txn.success.map(toRequestOp),
      failure: txn.failure.map(toRequestOp),
    };
    const reply = await this.#unary('carry out a transaction', (o) => this.#etcd.kv.txn(request, o));
    return {
      succeeded: reply.succeeded,
      revision: BigInt(reply.header.revision),
      cluster: BigInt(reply.header.cluster_id),
      ranges: reply.responses.flatMap(({ response_range: range }) => (range ? [toRangeResult(range)] : [])),
    };
  }

  keepAlive(id: bigint, on: KeepAliveHandlers): KeepAliveStream {
    const request: ILeaseKeepAliveRequest = { ID: id.toString() };
    const stream = new Stream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>(
      this.#members,
      this.#clock,
      (options) => this.#open(() => this.#etcd.leaseClient.leaseKeepAlive(options)),
      {
        data: (reply) => on.reply(Number(reply.TTL)),
        closed: (err) => on.closed(this.#doubt(err, 'refresh the lease')),
      },
    );
    return { send: () => stream.send(request), overdue: () => stream.overdue(), close: () => stream.close() };
  }

  watch(on: WatchHandlers): WatchStream {
    const creating: number[] = [];
    const stream = new Stream<IWatchRequest, IWatchResponse>(
      this.#members,
      this.#clock,
      (options) => this.#open(() => this.#etcd.watchClient.watch(options)),
      {
        data: (reply) => {
          if (!isTokenUseless(reply.cancel_reason)) return this.#hear(reply, creating, on);
          stream.close(); // the stream keeps its token, so no other watch can be created on it either
          on.closed(this.#doubt(new Error(reply.cancel_reason), 'watch'));
        },
        closed: (err) => on.closed(this.#doubt(err, 'watch')),
      },
    );
    return {
      create: (id, key, end, fromRevision) => {
        creating.push(id);
        stream.send({
          create_request: {
            key: bytesOf(key),
            ...(end !== undefined && { range_end: bytesOf(end) }),
            start_revision: fromRevision.toString(),
            watch_id: String(id),
          },
        });
      },
      cancel: (id) => stream.send({ cancel_request: { watch_id: String(id) } }),
      ping: () => stream.send({ progress_request: {} }),
      overdue: () => stream.overdue(),
      close: () => stream.close(),
    };
  }

  #hear(reply: IWatchResponse, creating: number[], on: WatchHandlers): void {
    // When etcd refuses a watch, it does not say which: watch_id is -1. But it answers in the order of the requests.
    const asked = reply.created ? creating.shift() : undefined;
    const id = asked ?? Number(reply.watch_id);
    on.alive();
    if (reply.canceled) {
      const compacted = BigInt(reply.compact_revision);
      const error = this.#doubt(new Error(reply.cancel_reason || 'the watch was cancelled'), 'watch');
      on.cancelled(id, compacted > 0n ? compacted : undefined, error);
    } else if (reply.created) {
      on.created(id);
    }
    if (reply.events.length > 0) on.events(id, reply.events.map(toWatchEvent));
  }

  #unary<T>(what: string, send: (options: CallOptions) => Promise<T>): Promise<T> {
    return this.#bulkhead.pass(what, (waited) => unary(this.#members, this.#clock, what, send, waited));
  }

  async #range(query: RangeQuery): Promise<TxnResult> {
    const request = toRangeRequest(query);
    const reply = await this.#unary('read', (o) => this.#etcd.kv.range(request, o));
    const { revision, cluster_id: cluster } = reply.header;
    return {
      succeeded: true,
      revision: BigInt(revision),
      cluster: BigInt(cluster),
      ranges: [toRangeResult(reply)],
    };
  }

  async #open<T>(open: () => Promise<T>): Promise<T> {
    if (this.#isTokenDoubtful) {
      this.#isTokenDoubtful = false;
      const read = toRangeRequest({ key: this.#someKey, order: 'oldest', limit: 1 });
      // The answer does not matter: by then etcd3 has replaced an expired token, and the stream tells other failures.
      await this.#unary('renew the token', (o) => this.#etcd.kv.range(read, o)).catch(() => {});
    }
    return open();
  }

  #doubt(error: Error, what: string): ElectionError {
    if (isDenied(error)) this.#isTokenDoubtful = true;
    return translate(error, what);
  }
}

function toCompare({ key, createRevision }: Compare): ICompare {
  return { key: bytesOf(key), target: 'Create', result: 'Equal', create_revision: createRevision.toString() };
}

function toRequestOp(op: Op): IRequestOp {
  switch (op.type) {
    case 'range':
      return { request_range: toRangeRequest(op.range) };
    case 'put':
      return { request_put: { key: bytesOf(op.key), value: op.value, lease: op.lease.toString() } };
    case 'delete':
      return { request_delete_range: { key: bytesOf(op.key) } };
    default:
      return unreachable(op);
  }
}

/** With `sort_order: NONE` etcd would pick by key before it applies the limit. */
function toRangeRequest({ key, end, order, limit, maxCreateRevision, keysOnly }: RangeQuery): IRangeRequest {
  return {
    key: bytesOf(key),
    ...(end !== undefined && { range_end: bytesOf(end) }),
    limit,
    ...(keysOnly === true && { keys_only: true }),
    sort_target: 'Create',
    sort_order: order === 'oldest' ? 'Ascend' : 'Descend',
    ...(maxCreateRevision !== undefined && { max_create_revision: maxCreateRevision.toString() }),
  };
}

function toRangeResult(range: IRangeResponse): RangeResult {
  return { kvs: range.kvs.map(toKeyValue), count: Number(range.count) };
}

function toKeyValue(kv: IKeyValue): KeyValue {
  return {
    key: keyOf(kv.key),
    value: Buffer.from(kv.value), // a copy: the original is a slice that would keep the whole reply in memory
    createRevision: BigInt(kv.create_revision),
    modRevision: BigInt(kv.mod_revision),
    lease: BigInt(kv.lease),
  };
}

function toWatchEvent(event: IWatchResponse['events'][number]): WatchEvent {
  const key = keyOf(event.kv.key);
  const revision = BigInt(event.kv.mod_revision);
  return event.type === 'Delete'
    ? { type: 'delete', key, revision }
    : { type: 'put', key, revision, kv: toKeyValue(event.kv) };
}
