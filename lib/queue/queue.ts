import { ElectionError } from '../errors.js';
import type { Logger } from '../log.js';
import { hexOf, textOf } from '../store/bytes.js';
import type { KeyValue, Op, RangeQuery, RangeResult, Store } from '../store/store.js';
import { endOf, isCandidateKey, prefixOf } from './keys.js';

/** Our key in the queue. With the create revision it is this key and no later one of the same name. */
export interface OwnKey {
  readonly key: string;
  readonly createRevision: bigint;
  readonly lease: bigint;
}

/** Where our key stands, by one linearizable read. */
export interface Place {
  readonly own: OwnKey;
  /** The key just before ours; undefined: ours is the oldest. */
  readonly predecessor: string | undefined;
  /** Our key as the read found it, without its value. */
  readonly kv: KeyValue;
  /** Revision of the read. */
  readonly revision: bigint;
}

/** Who is first in the queue, by one linearizable read. */
export interface Head {
  readonly kv: KeyValue | undefined;
  /** Keys under the prefix, those of nested elections among them. */
  readonly count: number;
  readonly revision: bigint;
}

/** A read that finds keys of nested elections in the way is repeated with so many times the limit. */
const WIDER = 16;

const never = (): boolean => false;

/**
 * The queue of one election in etcd: the keys of one segment under `<name>/`, in order of create revision.
 *
 * Every decision about a place is taken from a single linearizable read in which our key is there too: two reads could
 * find an empty queue before us and our own key gone.
 */
export class Queue {
  readonly #store: Store;
  readonly #log: () => Logger;
  readonly #prefix: string;
  /** Create revisions of keys that we asked to delete and do not know whether they were: the request may yet arrive. */
  readonly #doomed = new Set<bigint>();
  #hasWarned = false;

  constructor(store: Store, name: string, log: () => Logger) {
    this.#store = store;
    this.#log = log;
    this.#prefix = prefixOf(name);
  }

  /** The range that all keys of the election, and those of nested ones, lie in. */
  get range(): { readonly key: string; readonly end: string } {
    return { key: this.#prefix, end: endOf(this.#prefix) };
  }

  /** Ours, on this lease. */
  keyOf(lease: bigint): string {
    return `${this.#prefix}${hexOf(lease)}`;
  }

  isCandidateKey(key: string): boolean {
    return isCandidateKey(key, this.#prefix);
  }

  /**
   * Goes to the end of the queue: one transaction that writes our key if it is not there, and reads who is first and who
   * is before us. Finding our own key means that the reply to an earlier attempt was lost, and is as good.
   *
   * @throws ElectionError `LEASE_LOST`, `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async join(
    lease: bigint,
    value: Buffer,
    withHead: boolean,
  ): Promise<{ readonly place: Place; readonly head: Head | undefined }> {
    const key = this.keyOf(lease);
    const join: Op[] = [{ type: 'put', key, value, lease }, this.#read('newest', 2)];
    const { succeeded, revision, ranges } = await this.#store.txn({
      compare: [{ key, createRevision: 0n }],
      success: withHead ? [...join, this.#read('oldest', 1)] : join,
      failure: [readOf(key)],
    });
    if (!succeeded) {
      const found = ranges[0]?.kvs[0];
      if (found === undefined || !this.#doomed.has(found.createRevision)) {
        return { place: await this.#takeUp(found, lease, value), head: undefined };
      }
      await this.leave({ key, createRevision: found.createRevision, lease });
      return this.join(lease, value, withHead); // under another create revision, which the late request does not match
    }

    // Our key was created by this transaction, so its create revision is the transaction's, and no key is newer.
    const own = { key, createRevision: revision, lease };
    const head = this.#headIn(ranges[1], revision);
    const place = this.#placeIn(ranges[0], own, revision, 2) ?? (await this.place(own));
    if (place === undefined) throw new ElectionError('UNAVAILABLE', 'our key was deleted while joining: joining again');
    return { place, head };
  }

  /**
   * Where our key stands now; undefined when it is gone. A read that is over is not repeated.
   *
   * @throws ElectionError `ABORTED` when it is over before there is an answer; `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async place(own: OwnKey, isOver = never): Promise<Place | undefined> {
    for (let limit = 2; ; limit *= WIDER) {
      const query = this.#read('newest', limit, own.createRevision);
      const { revision, ranges } = await this.#store.txn({ compare: [], success: [query], failure: [] });
      if (!ranges[0]?.kvs.some((kv) => isKey(kv, own)) && (ranges[0]?.kvs.length ?? 0) < limit) return undefined;
      const place = this.#placeIn(ranges[0], own, revision, limit);
      if (place !== undefined) return place;
      if (isOver()) throw new ElectionError('ABORTED', 'nobody waits for the place any more');
    }
  }

  /** Deletes our key, and no other: guarded by its create revision. One that is gone already is as good. */
  async leave(own: OwnKey): Promise<void> {
    this.#doomed.add(own.createRevision);
    await this.#store.txn({
      compare: [{ key: own.key, createRevision: own.createRevision }],
      success: [{ type: 'delete', key: own.key }],
      failure: [],
    });
    this.#doomed.delete(own.createRevision);
  }

  /** Deletes the key that a join without an answer may have left on this lease; not when that is given up meanwhile. */
  async withdraw(lease: bigint, signal: AbortSignal): Promise<void> {
    const key = this.keyOf(lease);
    const kv = await this.#get(key);
    if (kv?.lease === lease && !signal.aborted) await this.leave({ key, createRevision: kv.createRevision, lease });
  }

  /** Changes the value of our key and keeps its lease. Resolves to the revision; undefined: the key is gone. */
  async proclaim(own: OwnKey, value: Buffer): Promise<bigint | undefined> {
    const { succeeded, revision } = await this.#store.txn({
      compare: [{ key: own.key, createRevision: own.createRevision }],
      success: [{ type: 'put', key: own.key, value, lease: own.lease }],
      failure: [readOf(own.key)],
    });
    return succeeded ? revision : undefined;
  }

  /** Whether our key is the oldest at this moment. A transaction without operations would be answered without quorum. */
  async isOldest(own: OwnKey): Promise<boolean> {
    const place = await this.place(own);
    return place !== undefined && place.predecessor === undefined;
  }

  /** As {@link place}, for the oldest key. */
  async head(isOver = never): Promise<Head> {
    for (let limit = 1; ; limit *= WIDER) {
      const { revision, ranges } = await this.#store.txn({
        compare: [],
        success: [this.#read('oldest', limit)],
        failure: [],
      });
      const head = this.#headIn(ranges[0], revision);
      if (head !== undefined && (head.kv === undefined || limit === 1)) return head;
      const kv = head?.kv && (await this.#get(head.kv.key)); // the value, which the wide read has left out
      if (head !== undefined && kv?.createRevision === head.kv?.createRevision) return { ...head, kv };
      if (isOver()) throw new ElectionError('ABORTED', 'nobody waits for the head any more');
    }
  }

  async #get(key: string): Promise<KeyValue | undefined> {
    const { ranges } = await this.#store.txn({ compare: [], success: [readOf(key)], failure: [] });
    return ranges[0]?.kvs[0];
  }

  /** The whole queue, in order. */
  async all(): Promise<KeyValue[]> {
    const { ranges } = await this.#store.txn({ compare: [], success: [this.#read('oldest', 0)], failure: [] });
    return (ranges[0]?.kvs ?? []).filter((kv) => this.isCandidateKey(kv.key)).sort(byAge);
  }

  /** Our key was there before this attempt: from an earlier one, or written by somebody else without our lease. */
  async #takeUp(kv: KeyValue | undefined, lease: bigint, value: Buffer): Promise<Place> {
    const own = kv && { key: kv.key, createRevision: kv.createRevision, lease };
    if (own !== undefined && (kv?.lease !== lease || !kv.value.equals(value))) await this.proclaim(own, value);
    const place = own && (await this.place(own));
    if (place === undefined) throw new ElectionError('UNAVAILABLE', 'our key was deleted while joining: joining again');
    return place;
  }

  #read(order: RangeQuery['order'], limit: number, maxCreateRevision?: bigint): Op {
    const keysOnly = order === 'newest' || limit > 1; // of nested elections there may be many, whose values are nothing to us
    const query = { ...this.range, order, limit, keysOnly };
    return { type: 'range', range: maxCreateRevision === undefined ? query : { ...query, maxCreateRevision } };
  }

  /** Undefined when the answer lies beyond the limit of the read, or our key was not in it. */
  #placeIn(range: RangeResult | undefined, own: OwnKey, revision: bigint, limit: number): Place | undefined {
    const kvs = range?.kvs ?? [];
    const ours = kvs.find((kv) => isKey(kv, own));
    if (ours === undefined) return undefined;
    const predecessor = this.#candidates(kvs)
      .filter((kv) => byAge(kv, ours) < 0)
      .sort(byAge)
      .at(-1);
    // The keys of one revision come in any order: only below it is the first that we see the one just before us.
    const isSure = predecessor === undefined ? kvs.length < limit : true;
    if (!isSure) return undefined;
    return { own, predecessor: predecessor?.key, kv: ours, revision };
  }

  #headIn(range: RangeResult | undefined, revision: bigint): Head | undefined {
    if (range === undefined) return undefined;
    const [first] = this.#candidates(range.kvs).sort(byAge);
    if (first === undefined && range.kvs.length > 0 && range.kvs.length < range.count) return undefined;
    return { kv: first, count: range.count, revision };
  }

  #candidates(kvs: readonly KeyValue[]): KeyValue[] {
    const candidates = kvs.filter((kv) => this.isCandidateKey(kv.key));
    if (candidates.length < kvs.length && !this.#hasWarned) {
      this.#hasWarned = true;
      const nested = kvs.find((kv) => !this.isCandidateKey(kv.key))?.key ?? '';
      this.#log().warn({ key: textOf(nested) }, 'keys of a nested election under this one are skipped');
    }
    return candidates;
  }
}

/** One key, with its value. */
function readOf(key: string): Op {
  return { type: 'range', range: { key, order: 'oldest', limit: 1 } };
}

function isKey(kv: KeyValue, own: OwnKey): boolean {
  return kv.key === own.key && kv.createRevision === own.createRevision;
}

/** Order of the queue. Keys created in one transaction have one create revision: their names decide. */
function byAge(a: KeyValue, b: KeyValue): number {
  if (a.createRevision !== b.createRevision) return a.createRevision < b.createRevision ? -1 : 1;
  return a.key < b.key ? -1 : Number(a.key > b.key);
}
