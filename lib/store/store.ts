import { ElectionError } from '../errors.js';

/**
 * What the library asks of etcd, and no more: leases, transactions, watches. One implementation speaks to etcd through
 * etcd3 (`lib/etcd/`); `lib/testing/`, the specs and the simulation bring others. So nothing above this interface knows
 * about gRPC.
 *
 * Keys are byte strings: each character is one byte (latin1), so that any key another client wrote survives, compares
 * as etcd compares it, and can be the key of a `Map`. `lib/store/bytes.ts` converts.
 *
 * Every promise may reject with an {@link ElectionError}:
 * - `UNAVAILABLE`: no answer, or no majority. Whether the request was carried out is unknown; a {@link RequestRefused}
 *   surely was not.
 * - `PERMISSION_DENIED`
 * - `LEASE_LOST`: etcd does not know the lease.
 *
 * All requests are safe to repeat, and an implementation may carry one out twice.
 */
export interface Store {
  /** Creates the lease `id`. */
  grant(id: bigint, ttl: number): Promise<LeaseGrant>;

  /** Ends the lease and deletes its keys in one revision. That the lease is gone already is no error. */
  revoke(id: bigint): Promise<void>;

  /** Opens a stream on which one lease is refreshed. Never throws: failures are told to `on.closed`. */
  keepAlive(id: bigint, on: KeepAliveHandlers): KeepAliveStream;

  /** Atomic, and linearizable as long as the branch taken contains an operation. */
  txn(txn: Txn): Promise<TxnResult>;

  /** Opens a stream that carries any number of watches. Never throws: failures are told to `on.closed`. */
  watch(on: WatchHandlers): WatchStream;
}

/** etcd understood the request and refused it: the same request would be refused again. */
export class RequestRefused extends ElectionError {}

/**
 * etcd's answer is older than what this client has seen, and was not believed. Whether a write was carried out is
 * unknown.
 */
export class StaleAnswer extends ElectionError {}

/** etcd has no keys any more as they were at the revision that was asked for: it was compacted meanwhile. */
export class RevisionGone extends RequestRefused {}

/** The user has closed the client: no request is sent any more. */
export class ClientClosed extends RequestRefused {}

/** Nobody has answered. Whether the request was carried out is unknown, and the next request may be answered. */
export function isOutage(err: unknown): boolean {
  return err instanceof ElectionError && err.code === 'UNAVAILABLE' && !(err instanceof RequestRefused);
}

/** What an answer says of the store that has given it. */
export interface Header {
  /** The store's revision, when it gave the answer or before. */
  readonly revision: bigint;
  /** The id of the cluster that has answered; undefined when the store does not know it. */
  readonly cluster?: bigint | undefined;
  /**
   * How often etcd's history has begun anew by then. Revisions compare only within one epoch. Undefined when the answer
   * is older than what this client has seen, so that it may be of an epoch to come.
   */
  readonly epoch?: number | undefined;
}

export interface LeaseGrant {
  /**
   * The granted TTL, in seconds. Undefined when the lease exists already (the reply to an earlier attempt was lost):
   * the first refresh will tell it.
   */
  readonly ttl: number | undefined;
  /** Absent when the answer has none. */
  readonly header?: Header | undefined;
}

export interface KeyValue {
  readonly key: string;
  readonly value: Buffer;
  readonly createRevision: bigint;
  readonly modRevision: bigint;
  /** 0n when the key has no lease, and when a read without values has left the lease out. */
  readonly lease: bigint;
}

export interface RangeQuery {
  readonly key: string;
  /** First key after the range; absent for a single key. */
  readonly end?: string;
  /** By create revision, or by name. For a page by name etcd looks at no more keys than the page has. */
  readonly order: 'oldest' | 'newest' | 'key';
  /** 0 for no limit. */
  readonly limit: number;
  /** Read without the values. From 3.7 on etcd leaves the leases out too, since its index does not have them. */
  readonly keysOnly?: boolean;
  readonly maxCreateRevision?: bigint;
  /** The keys as they were at this revision; absent: as they are. Rejects with {@link RevisionGone}. */
  readonly revision?: bigint;
}

export interface RangeResult {
  readonly kvs: readonly KeyValue[];
  /** How many keys are in the range, whatever the limit and the revision filter. */
  readonly count: number;
}

/** True when the key exists with this create revision; with 0n, when the key does not exist. */
export interface Compare {
  readonly key: string;
  readonly createRevision: bigint;
}

/** True when every key of the range was created before this revision: what has been read then has gained none since. */
export interface RangeCompare {
  readonly key: string;
  /** First key after the range. */
  readonly end: string;
  readonly createdBefore: bigint;
}

export type Op =
  | { readonly type: 'range'; readonly range: RangeQuery }
  | { readonly type: 'put'; readonly key: string; readonly value: Buffer; readonly lease: bigint }
  | { readonly type: 'delete'; readonly key: string };

/** Reads one key, with its value. */
export function readOf(key: string): Op {
  return { type: 'range', range: { key, order: 'oldest', limit: 1 } };
}

/** Some key that the transaction compares or reads; undefined: it does neither. */
export function someKeyOf({ compare, success }: Txn): string | undefined {
  const [first] = success;
  return compare[0]?.key ?? (first?.type === 'range' ? first.range.key : undefined);
}

export interface Txn {
  readonly compare: readonly (Compare | RangeCompare)[];
  readonly success: readonly Op[];
  readonly failure: readonly Op[];
}

/** The revision is the store's after the transaction. */
export interface TxnResult extends Header {
  readonly succeeded: boolean;
  /** The results of the `range` operations of the branch that was taken, in their order. */
  readonly ranges: readonly RangeResult[];
}

export interface KeepAliveHandlers {
  /**
   * One reply, in the order of the requests. A TTL of 0 or less means that etcd does not know the lease. The header is
   * that of the member which was asked, and a member may lag.
   */
  reply(ttl: number, header?: Header): void;
  /** The stream has ended by itself; nothing is told after it. Not called after `close()`. */
  closed(error: Error): void;
}

export interface KeepAliveStream {
  /** Asks for one refresh; the reply comes later, or never. */
  send(): void;
  /**
   * Says that an answer is overdue: the next stream goes to another member. When this is said again, the stream may be
   * ended (`closed` is told), because its connection may be half-open.
   */
  overdue(): void;
  /** What may keep an overdue answer away, for the operator; undefined when nothing is known. */
  doubt?(): string | undefined;
  close(): void;
}

export interface WatchEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** Revision of the change. */
  readonly revision: bigint;
  /** What a `put` wrote; absent on a `delete`. */
  readonly kv?: KeyValue;
}

export interface WatchHandlers {
  /**
   * etcd has created the watch `id`. `revision`: the newest one then; undefined when a gateway has left it out.
   * `cluster`: the id of the cluster that tells; undefined when the store does not know it.
   */
  created(id: number, revision?: bigint, cluster?: bigint): void;
  events(id: number, events: readonly WatchEvent[], cluster?: bigint): void;
  /** etcd has ended the watch. `compacted`: the first revision that can still be watched, if that was the reason. */
  cancelled(id: number, compacted: bigint | undefined, error: Error): void;
  /** The stream has told something: what follows, or a mere sign of life. */
  alive(): void;
  /** The stream has ended by itself; nothing is told after it. Not called after `close()`. */
  closed(error: Error): void;
}

export interface WatchStream {
  /**
   * Starts a watch under an `id` of the caller's choice (1 or more, never used again on this stream). Within one watch
   * events come in the order of their revisions, all events of one revision in one call of `events`. 0: from now on,
   * that is, from the revision after the one that `created` tells, or from one before that.
   */
  create(id: number, key: string, end: string | undefined, fromRevision: bigint): void;
  cancel(id: number): void;
  /** Asks for a sign of life: from whoever would tell the events. */
  ping(): void;
  /** See {@link KeepAliveStream.overdue}. */
  overdue(): void;
  close(): void;
}
