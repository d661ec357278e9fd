import type { Etcd3, ICompare, IRangeRequest, IRangeResponse, IRequestOp } from 'etcd3';
import type { Clock } from '../common/time.js';
import { ElectionError, unreachable } from '../errors.js';
import { bytesOf } from '../store/bytes.js';
import {
  type Compare,
  type KeepAliveHandlers,
  type KeepAliveStream,
  type LeaseGrant,
  type Op,
  type RangeCompare,
  type RangeQuery,
  type RangeResult,
  type Store,
  someKeyOf,
  type Txn,
  type TxnResult,
  type WatchHandlers,
  type WatchStream,
} from '../store/store.js';
import { Bulkhead } from './bulkhead.js';
import type { CallOptions } from './call-guard.js';
import { closedBy } from './closed-client.js';
import { isDenied, isLeaseExists, translate } from './errors.js';
import { EtcdKeepAlive } from './etcd-keep-alive.js';
import { EtcdWatch, toKeyValue } from './etcd-watch.js';
import { maybeHeader, toHeader } from './header.js';
import { MemberHealth } from './member-health.js';
import { RenewingClient } from './renewing-client.js';
import { Stream } from './stream.js';
import { unary } from './unary.js';
import type { Numbering } from './watch-ids.js';

/** {@link Store} on etcd3's raw clients. The client belongs to the user, so it is never closed here. */
export class EtcdStore implements Store {
  readonly #etcd: Etcd3;
  readonly #clock: Clock;
  readonly #members: MemberHealth;
  readonly #bulkhead: Bulkhead;
  readonly #numbering: Numbering = { isOurs: true };
  /** Streams with an expired token are refused, and only a unary call makes etcd3 fetch another token. */
  #isTokenDoubtful = false;
  #renewal: Promise<unknown> = Promise.resolve();
  #someKey = '\0';

  readonly #closedBy = (): Error | undefined => closedBy(this.#etcd);

  constructor(etcd: Etcd3, clock: Clock) {
    this.#etcd = etcd;
    this.#clock = clock;
    this.#members = new MemberHealth(clock);
    this.#bulkhead = new Bulkhead(clock);
    // gRPC names a member by its resolver, which is DNS unless the address says another.
    if (etcd instanceof RenewingClient) etcd.onRenewed((host) => this.#members.streams.renew(`dns:${host}`));
  }

  async grant(id: bigint, ttl: number): Promise<LeaseGrant> {
    try {
      const request = { ID: id.toString(), TTL: ttl };
      const reply = await this.#unary('grant a lease', (o) => this.#etcd.leaseClient.leaseGrant(request, o));
      return { ttl: Number(reply.TTL), header: maybeHeader(reply.header) };
    } catch (err) {
      if (err instanceof ElectionError && isLeaseExists(err.cause)) return { ttl: undefined };
      throw err;
    }
  }

  async revoke(id: bigint): Promise<void> {
    try {
      const request = { ID: id.toString() };
      await this.#unary('revoke the lease', (o) => this.#etcd.leaseClient.leaseRevoke(request, o));
    } catch (err) {
      if (!(err instanceof ElectionError) || err.code !== 'LEASE_LOST') throw err;
    }
  }

  async txn(txn: Txn): Promise<TxnResult> {
    const [first] = txn.success;
    this.#someKey = someKeyOf(txn) ?? this.#someKey;
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
      ...toHeader(reply.header),
      ranges: reply.responses.flatMap(({ response_range: range }) => (range ? [toRangeResult(range)] : [])),
    };
  }

  keepAlive(id: bigint, on: KeepAliveHandlers): KeepAliveStream {
    const open = (options: CallOptions): ReturnType<Etcd3['leaseClient']['leaseKeepAlive']> =>
      this.#open(() => this.#etcd.leaseClient.leaseKeepAlive(options));
    return new EtcdKeepAlive({
      id,
      on,
      open: (handlers) => new Stream(this.#members, this.#clock, open, handlers, this.#closedBy),
      translate: (err) => this.#doubt(err, 'refresh the lease'),
    });
  }

  watch(on: WatchHandlers): WatchStream {
    const open = (options: CallOptions): ReturnType<Etcd3['watchClient']['watch']> =>
      this.#open(() => this.#etcd.watchClient.watch(options));
    return new EtcdWatch({
      on,
      numbering: this.#numbering,
      open: (handlers) => new Stream(this.#members, this.#clock, open, handlers, this.#closedBy),
      translate: (err) => this.#doubt(err, 'watch'),
    });
  }

  #unary<T>(what: string, send: (options: CallOptions) => Promise<T>): Promise<T> {
    return this.#bulkhead.pass(what, (waited) => unary(this.#members, this.#clock, what, send, waited));
  }

  async #range(query: RangeQuery): Promise<TxnResult> {
    const request = toRangeRequest(query);
    const reply = await this.#unary('read', (o) => this.#etcd.kv.range(request, o));
    return { succeeded: true, ...toHeader(reply.header), ranges: [toRangeResult(reply)] };
  }

  async #open<T>(open: () => Promise<T>): Promise<T> {
    if (this.#isTokenDoubtful) {
      this.#isTokenDoubtful = false;
      const read = toRangeRequest({ key: this.#someKey, order: 'oldest', limit: 1 });
      // The answer does not matter: by then etcd3 has replaced an expired token, and the stream tells other failures.
      const answered = this.#unary('renew the token', (o) => this.#etcd.kv.range(read, o)).catch(() => {});
      this.#renewal = answered;
    }
    await this.#renewal; // also a renewal that another stream has asked for
    return open();
  }

  #doubt(error: Error, what: string): ElectionError {
    if (isDenied(error)) this.#isTokenDoubtful = true;
    return translate(error, what);
  }
}

function toCompare(compare: Compare | RangeCompare): ICompare {
  const key = bytesOf(compare.key);
  if ('createRevision' in compare) {
    return { key, target: 'Create', result: 'Equal', create_revision: compare.createRevision.toString() };
  }
  const { end, createdBefore } = compare;
  return { key, range_end: bytesOf(end), target: 'Create', result: 'Less', create_revision: createdBefore.toString() };
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
function toRangeRequest({ key, end, order, limit, maxCreateRevision, keysOnly, revision }: RangeQuery): IRangeRequest {
  return {
    key: bytesOf(key),
    ...(end !== undefined && { range_end: bytesOf(end) }),
    limit,
    ...(keysOnly === true && { keys_only: true }),
    // A target makes etcd sort, and look at all keys of the range.
    ...(order !== 'key' && {
      sort_target: 'Create' as const,
      sort_order: order === 'oldest' ? ('Ascend' as const) : ('Descend' as const),
    }),
    ...(maxCreateRevision !== undefined && { max_create_revision: maxCreateRevision.toString() }),
    ...(revision !== undefined && { revision: revision.toString() }),
  };
}

function toRangeResult(range: IRangeResponse): RangeResult {
  return { kvs: range.kvs.map(toKeyValue), count: Number(range.count) };
}
