import { ElectionError } from '../errors.js';
import type { Logger } from '../log.js';
import { hexOf, textOf } from '../store/bytes.js';
import { type KeyValue, type Op, type RangeQuery, readOf, type Store, type TxnResult } from '../store/store.js';
import { Blockers } from './blockers.js';
import { SHOWN_BY_JOIN, withBlocker } from './foreign-keys.js';
import { byAge, isBlocking, isCandidateKey, prefixOf, rangeEndOf } from './keys.js';
import { type Head, headIn, type Joined, type OwnKey, type Place, placeIn, placeOf, type QueueRead } from './place.js';
import type { RankKey } from './rank.js';

/** When keys of nested elections use up the limit of a read, the read is repeated with the limit times this. */
const WIDER = 16;

/** Our key, the key before, and whether there is another: with fewer keys in the answer, the key before is the head. */
const OF_A_PLACE = 3;

const never = (): boolean => false;

/**
 * The queue of one election in etcd: the keys of one segment under `<name>/`, in order of create revision.
 *
 * Every decision about our place is made from one linearizable read that finds our key too. With two reads, the keys
 * before ours could be gone in one, and our own key in the other.
 */
export class Queue {
  /** Our priority; undefined while nobody has spoken of priorities here. */
  rank: RankKey | undefined;
  readonly #store: Store;
  readonly #log: () => Logger;
  readonly #prefix: string;
  /** Our last key that we know of. */
  #last: OwnKey | undefined;
  #hasWarned = false;
  #blockers: Blockers | undefined;

  constructor(store: Store, name: string, log: () => Logger) {
    this.#store = store;
    this.#log = log;
    this.#prefix = prefixOf(name);
  }

  /** The range of all keys of the election, including those of nested elections. */
  get range(): { readonly key: string; readonly end: string } {
    return { key: this.#prefix, end: rangeEndOf(this.#prefix) };
  }

  /** The name of our key on this lease. */
  keyOf(lease: bigint): string {
    return `${this.#prefix}${hexOf(lease)}`;
  }

  isCandidateKey(key: string): boolean {
    return isCandidateKey(key, this.#prefix);
  }

  /** What to tell of a key in the queue that is no candidate's, once for each; undefined: nothing. */
  noticeBlocker(kv: KeyValue | undefined): ElectionError | undefined {
    if (kv === undefined || !isBlocking(kv)) return undefined;
    this.#blockers ??= new Blockers(this.#log);
    return this.#blockers.tell(kv);
  }

  /** Whether a key is no candidate's, and has not been told yet. */
  isNewBlocker(kv: KeyValue): boolean {
    return isBlocking(kv) && this.#blockers?.isTold(kv) !== true;
  }

  /**
   * Joins the queue at its end. One transaction writes our key if it does not exist, and reads which key is before ours
   * and which is first. If our key exists, the reply to an earlier attempt was lost, and that attempt is as good. But a
   * key that is older than our last key of this name comes from a snapshot that was restored. Others may lead by now,
   * so we do not take its place. `isUnwanted` tells by its create revision whether a key is being deleted.
   *
   * @throws ElectionError `LEASE_LOST`, `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async join(
    lease: bigint,
    value: Buffer,
    withHead: boolean,
    isUnwanted: (createRevision: bigint) => boolean = never,
  ): Promise<Joined> {
    const key = this.keyOf(lease);
    const rank = this.rank?.rank ?? 0;
    const ranked = this.rank?.writing(lease, rank) ?? [];
    const limit = withHead ? OF_A_PLACE : SHOWN_BY_JOIN;
    const join: Op[] = [{ type: 'put', key, value, lease }, ...ranked, this.#rangeOf('newest', limit)];
    const result = await this.#store.txn({
      compare: [{ key, createRevision: 0n }],
      success: withHead ? [...join, this.#rangeOf('oldest', 1)] : join,
      failure: [readOf(key)],
    });
    const { succeeded, revision, ranges } = result;
    if (!succeeded) {
      const found = ranges[0]?.kvs[0];
      if (found === undefined || !(this.#isRestored(found) || isUnwanted(found.createRevision))) {
        const place = stillThere(found && (await this.#takeUp(found, lease, value)));
        return { place: withHead ? place : await withBlocker(place, undefined, this, this.#store), head: undefined };
      }
      await this.release({ key, createRevision: found.createRevision, lease });
      // Under another create revision, which the late request does not match.
      return this.join(lease, value, withHead, isUnwanted);
    }

    this.rank?.wrote(lease, rank);
    // Our key was created by this transaction, so its create revision is the transaction's, and no key is newer.
    const own = { key, createRevision: revision, lease };
    this.#last = own;
    const head = withHead ? headIn(this.#readIn(result, 1, 1)) : undefined;
    const read = this.#readIn(result, 0, limit);
    const found = placeIn(read, own, head?.kv);
    const whole = found && (await placeOf(found, head?.kv, (other) => this.#get(other)));
    const place = stillThere(whole ?? (await this.place(own)));
    return { place: withHead ? place : await withBlocker(place, read, this, this.#store), head };
  }

  /**
   * Where our key stands now; undefined when our key is gone. Once `isOver()` is true, the read is not repeated.
   *
   * @throws ElectionError `ABORTED` when `isOver()` before the place is found; `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async place(own: OwnKey, isOver = never): Promise<Place | undefined> {
    for (let limit = OF_A_PLACE; ; limit *= WIDER) {
      const read = await this.#read('newest', limit, own.createRevision);
      const found = placeIn(read, own);
      if (found !== undefined) return await placeOf(found, undefined, (key) => this.#get(key));
      if (read.shown < limit) return undefined; // nothing was cut off, so our key is gone
      if (isOver()) throw new ElectionError('ABORTED', 'nobody waits for the place any more');
    }
  }

  /** Deletes our key and no later one, guarded by its create revision. Resolves to false when it was gone already. */
  async release(own: OwnKey): Promise<boolean> {
    const { key, createRevision, lease } = own;
    const ranks = this.rank?.deleting(lease) ?? [];
    const { succeeded } = await this.#store.txn({
      compare: [{ key, createRevision }],
      success: [{ type: 'delete', key }, ...ranks],
      failure: [],
    });
    if (succeeded) this.rank?.wrote(lease, 0);
    else await this.rank?.drop(this.#store, key, lease);
    return succeeded;
  }

  /** Deletes the key that an unanswered join may have left on this lease, unless `signal` aborts meanwhile. */
  async withdraw(lease: bigint, signal: AbortSignal): Promise<void> {
    const key = this.keyOf(lease);
    const kv = await this.#get(key);
    if (signal.aborted) return;
    if (kv?.lease === lease) await this.release({ key, createRevision: kv.createRevision, lease });
    else await this.rank?.drop(this.#store, key, lease, kv?.createRevision);
  }

  /** Changes the value of our key and keeps its lease. Resolves to the revision; undefined: our key is gone. */
  async proclaim(own: OwnKey, value: Buffer): Promise<bigint | undefined> {
    const { succeeded, revision } = await this.#store.txn({
      compare: [{ key: own.key, createRevision: own.createRevision }],
      success: [{ type: 'put', key: own.key, value, lease: own.lease }],
      failure: [readOf(own.key)],
    });
    return succeeded ? revision : undefined;
  }

  /** Whether our key is the oldest now. We read: etcd answers a transaction that reads nothing without its quorum. */
  async isOldest(own: OwnKey): Promise<boolean> {
    const place = await this.place(own);
    return place !== undefined && place.predecessor === undefined;
  }

  /**
   * Which key is the oldest now. Once `isOver()` is true, the read is not repeated.
   *
   * @throws ElectionError `ABORTED` when `isOver()` before the head is found; `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async head(isOver = never): Promise<Head> {
    for (let limit = 1; ; limit *= WIDER) {
      const head = headIn(await this.#read('oldest', limit));
      if (head !== undefined && (head.kv === undefined || limit === 1)) return head;
      const kv = head?.kv && (await this.#get(head.kv.key)); // the value, which the wide read has left out
      if (head !== undefined && kv?.createRevision === head.kv?.createRevision) return { ...head, kv };
      if (isOver()) throw new ElectionError('ABORTED', 'nobody waits for the head any more');
    }
  }

  /** The whole queue, in order. */
  async all(): Promise<KeyValue[]> {
    const { ranges } = await this.#ask(this.#rangeOf('oldest', 0));
    return this.inOrder(ranges[0]?.kvs ?? []);
  }

  /** The keys of the queue among these, in the order of the queue. */
  inOrder(kvs: readonly KeyValue[]): KeyValue[] {
    return kvs.filter((kv) => this.isCandidateKey(kv.key)).sort(byAge);
  }

  /** Whether a key of our name comes from a snapshot that was restored: it is older than our last one. */
  #isRestored({ key, createRevision }: KeyValue): boolean {
    return key === this.#last?.key && createRevision < this.#last.createRevision;
  }

  /** Our key existed before this join: from an earlier attempt, or written by somebody else without our lease. */
  async #takeUp(kv: KeyValue, lease: bigint, value: Buffer): Promise<Place | undefined> {
    const own = { key: kv.key, createRevision: kv.createRevision, lease };
    this.#last = own;
    if (kv.lease !== lease || !kv.value.equals(value)) await this.proclaim(own, value);
    return this.place(own);
  }

  #rangeOf(order: RangeQuery['order'], limit: number, maxCreateRevision?: bigint): Op {
    const keysOnly = order === 'newest' || limit > 1; // we do not need the values of nested elections' keys
    const query = { ...this.range, order, limit, keysOnly };
    return { type: 'range', range: maxCreateRevision === undefined ? query : { ...query, maxCreateRevision } };
  }

  #ask(read: Op): Promise<TxnResult> {
    return this.#store.txn({ compare: [], success: [read], failure: [] });
  }

  async #get(key: string): Promise<KeyValue | undefined> {
    const { ranges } = await this.#ask(readOf(key));
    return ranges[0]?.kvs[0];
  }

  async #read(order: RangeQuery['order'], limit: number, maxCreateRevision?: bigint): Promise<QueueRead> {
    return this.#readIn(await this.#ask(this.#rangeOf(order, limit, maxCreateRevision)), 0, limit);
  }

  /** What the range at this position of the answer shows. `limit`: the limit of that range. */
  #readIn({ revision, epoch, ranges }: TxnResult, at: number, limit: number): QueueRead {
    const kvs = ranges[at]?.kvs ?? [];
    const candidates = this.#candidates(kvs).sort(byAge);
    return { candidates, shown: kvs.length, limit, count: ranges[at]?.count ?? 0, revision, epoch };
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

/** @throws ElectionError `UNAVAILABLE` */
function stillThere(place: Place | undefined): Place {
  if (place === undefined) throw new ElectionError('UNAVAILABLE', 'our key was deleted while joining: joining again');
  return place;
}
