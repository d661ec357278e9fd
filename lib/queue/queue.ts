import { ElectionError } from '../errors.js';
import type { Logger } from '../log.js';
import { hexOf, textOf } from '../store/bytes.js';
import { type KeyValue, type Op, type RangeQuery, readOf, type Store, type TxnResult } from '../store/store.js';
import { Blockers } from './blockers.js';
import { byAge, endOf, isBlocking, isCandidateKey, prefixOf } from './keys.js';
import type { RankKey } from './rank.js';

/** Our key in the queue. The create revision tells it from a later key of the same name. */
export interface OwnKey {
  readonly key: string;
  readonly createRevision: bigint;
  readonly lease: bigint;
}

/** Where our key stands, at one revision: by a linearizable read, or by a watch that follows both keys. */
export interface Place {
  readonly own: OwnKey;
  /** The key just before ours; undefined: ours is the oldest. */
  readonly predecessor: string | undefined;
  /** The key before ours is known to be the oldest, for ever: keys that come later are younger. */
  readonly isNext: boolean;
  /** The key just before ours when it is no candidate's. */
  readonly blocker?: KeyValue;
  /** Our key at that revision, without its value, and perhaps without its lease. */
  readonly kv: KeyValue;
  /** The revision at which this was so. */
  readonly revision: bigint;
  /** The history that the revision belongs to. */
  readonly history?: number | undefined;
}

/** Which key is first in the queue, by one linearizable read. */
export interface Head {
  readonly kv: KeyValue | undefined;
  /** How many keys are under the prefix, including those of nested elections. */
  readonly count: number;
  readonly revision: bigint;
  /** The history that the revision belongs to. */
  readonly history?: number | undefined;
}

/** A place, with the key before ours as the read has shown it. */
type FoundPlace = Omit<Place, 'predecessor' | 'blocker'> & { readonly predecessor: KeyValue | undefined };

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
    return { key: this.#prefix, end: endOf(this.#prefix) };
  }

  /** The name of our key on this lease. */
  keyOf(lease: bigint): string {
    return `${this.#prefix}${hexOf(lease)}`;
  }

  isCandidateKey(key: string): boolean {
    return isCandidateKey(key, this.#prefix);
  }

  /** What to tell of a key in the queue that is no candidate's, once for each; undefined: nothing. */
  blockedBy(kv: KeyValue | undefined): ElectionError | undefined {
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
  ): Promise<{ readonly place: Place; readonly head: Head | undefined }> {
    const key = this.keyOf(lease);
    const rank = this.rank?.rank ?? 0;
    const ranked = this.rank?.writing(lease, rank) ?? [];
    const join: Op[] = [{ type: 'put', key, value, lease }, ...ranked, this.#read('newest', OF_A_PLACE)];
    const result = await this.#store.txn({
      compare: [{ key, createRevision: 0n }],
      success: withHead ? [...join, this.#read('oldest', 1)] : join,
      failure: [readOf(key)],
    });
    const { succeeded, revision, ranges } = result;
    if (!succeeded) {
      const found = ranges[0]?.kvs[0];
      if (found === undefined || !(this.#isRestored(found) || isUnwanted(found.createRevision))) {
        return { place: await this.#takeUp(found, lease, value), head: undefined };
      }
      await this.release({ key, createRevision: found.createRevision, lease });
      // Under another create revision, which the late request does not match.
      return this.join(lease, value, withHead, isUnwanted);
    }

    this.rank?.wrote(lease, rank);
    // Our key was created by this transaction, so its create revision is the transaction's, and no key is newer.
    const own = { key, createRevision: revision, lease };
    this.#last = own;
    const head = this.#headIn(result, 1);
    const found = this.#placeIn(result, own, OF_A_PLACE, head?.kv);
    const place = found === undefined ? await this.place(own) : await this.#withBlocker(found, head?.kv);
    if (place === undefined) throw new ElectionError('UNAVAILABLE', 'our key was deleted while joining: joining again');
    return { place, head };
  }

  /**
   * Where our key stands now; undefined when our key is gone. Once `isOver()` is true, the read is not repeated.
   *
   * @throws ElectionError `ABORTED` when `isOver()` before the place is found; `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async place(own: OwnKey, isOver = never): Promise<Place | undefined> {
    for (let limit = OF_A_PLACE; ; limit *= WIDER) {
      const query = this.#read('newest', limit, own.createRevision);
      const result = await this.#store.txn({ compare: [], success: [query], failure: [] });
      const kvs = result.ranges[0]?.kvs ?? [];
      if (!kvs.some((kv) => isKey(kv, own)) && kvs.length < limit) return undefined;
      const place = this.#placeIn(result, own, limit);
      if (place !== undefined) return await this.#withBlocker(place);
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
    else await this.dropRank(lease);
    return succeeded;
  }

  /** Deletes the key that an unanswered join may have left on this lease, unless `signal` aborts meanwhile. */
  async withdraw(lease: bigint, signal: AbortSignal): Promise<void> {
    const key = this.keyOf(lease);
    const kv = await this.#get(key);
    if (signal.aborted) return;
    if (kv === undefined) await this.dropRank(lease);
    else if (kv.lease === lease) await this.release({ key, createRevision: kv.createRevision, lease });
  }

  /**
   * Deletes the priority that may be left on the lease without our key: somebody else may have deleted the key alone,
   * as a leader does that makes way for another. While our key is there, its release deletes both.
   */
  async dropRank(lease: bigint): Promise<void> {
    const success = this.rank?.deleting(lease) ?? [];
    if (success.length === 0) return;
    const compare = [{ key: this.keyOf(lease), createRevision: 0n }];
    const { succeeded } = await this.#store.txn({ compare, success, failure: [] });
    if (succeeded) this.rank?.wrote(lease, 0);
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

  /** Whether our key is the oldest now. We read, since etcd answers a transaction without operations without quorum. */
  async isOldest(own: OwnKey): Promise<boolean> {
    const place = await this.place(own);
    return place !== undefined && place.predecessor === undefined;
  }

  /** As {@link place}, for the oldest key. */
  async head(isOver = never): Promise<Head> {
    for (let limit = 1; ; limit *= WIDER) {
      const query = this.#read('oldest', limit);
      const result = await this.#store.txn({ compare: [], success: [query], failure: [] });
      const head = this.#headIn(result);
      if (head !== undefined && (head.kv === undefined || limit === 1)) return head;
      const kv = head?.kv && (await this.#get(head.kv.key)); // the value, which the wide read has left out
      if (head !== undefined && kv?.createRevision === head.kv?.createRevision) return { ...head, kv };
      if (isOver()) throw new ElectionError('ABORTED', 'nobody waits for the head any more');
    }
  }

  /** Whether a key of our name is none that we have written since our last key of this name. */
  #isRestored({ key, createRevision }: KeyValue): boolean {
    return key === this.#last?.key && createRevision < this.#last.createRevision;
  }

  async #get(key: string): Promise<KeyValue | undefined> {
    const { ranges } = await this.#store.txn({ compare: [], success: [readOf(key)], failure: [] });
    return ranges[0]?.kvs[0];
  }

  /** The whole queue, in order. */
  async all(): Promise<KeyValue[]> {
    const { ranges } = await this.#store.txn({ compare: [], success: [this.#read('oldest', 0)], failure: [] });
    return this.inOrder(ranges[0]?.kvs ?? []);
  }

  /** The keys of the queue among these, in the order of the queue. */
  inOrder(kvs: readonly KeyValue[]): KeyValue[] {
    return kvs.filter((kv) => this.isCandidateKey(kv.key)).sort(byAge);
  }

  /** Our key existed before this join: from an earlier attempt, or written by somebody else without our lease. */
  async #takeUp(kv: KeyValue | undefined, lease: bigint, value: Buffer): Promise<Place> {
    const own = kv && { key: kv.key, createRevision: kv.createRevision, lease };
    this.#last = own ?? this.#last;
    if (own !== undefined && (kv?.lease !== lease || !kv.value.equals(value))) await this.proclaim(own, value);
    const place = own && (await this.place(own));
    if (place === undefined) throw new ElectionError('UNAVAILABLE', 'our key was deleted while joining: joining again');
    return place;
  }

  #read(order: RangeQuery['order'], limit: number, maxCreateRevision?: bigint): Op {
    const keysOnly = order === 'newest' || limit > 1; // we do not need the values of nested elections' keys
    const query = { ...this.range, order, limit, keysOnly };
    return { type: 'range', range: maxCreateRevision === undefined ? query : { ...query, maxCreateRevision } };
  }

  /**
   * Undefined when the limit may have cut off the key before ours, or has cut off our key. `head`: the oldest key at
   * that revision, when it is known.
   */
  #placeIn(
    { revision, history, ranges }: TxnResult,
    own: OwnKey,
    limit: number,
    head?: KeyValue,
  ): FoundPlace | undefined {
    const kvs = ranges[0]?.kvs ?? [];
    const ours = kvs.find((kv) => isKey(kv, own));
    if (ours === undefined) return undefined;
    const older = this.#candidates(kvs)
      .filter((kv) => byAge(kv, ours) < 0)
      .sort(byAge);
    const predecessor = older.at(-1);
    // etcd does not order keys of one revision. If the answer holds no key before ours, we are first only if the limit
    // did not cut the answer off.
    const isWhole = kvs.length < limit;
    if (predecessor === undefined && !isWhole) return undefined;
    const isNext = (isWhole && older.length === 1) || (head !== undefined && predecessor?.key === head.key);
    return { own, predecessor, isNext, kv: ours, revision, history };
  }

  /**
   * Tells whether the key before ours is a candidate's, by its lease. From 3.7 on etcd leaves leases out of an answer
   * without values. Our own key shows whether this answer is such a one; then the key before ours is read by itself,
   * unless it is the head, which was read with everything.
   */
  async #withBlocker({ predecessor, ...found }: FoundPlace, head?: KeyValue): Promise<Place> {
    const place = { ...found, predecessor: predecessor?.key };
    if (predecessor === undefined) return place;
    const isHead = head?.key === predecessor.key && head.createRevision === predecessor.createRevision;
    const whole = found.kv.lease !== 0n ? predecessor : isHead ? head : await this.#get(predecessor.key);
    const isThere = whole?.createRevision === predecessor.createRevision;
    return isThere && isBlocking(whole) ? { ...place, blocker: whole } : place;
  }

  #headIn({ revision, history, ranges }: TxnResult, at = 0): Head | undefined {
    const range = ranges[at];
    if (range === undefined) return undefined;
    const [first] = this.#candidates(range.kvs).sort(byAge);
    if (first === undefined && range.kvs.length > 0 && range.kvs.length < range.count) return undefined;
    return { kv: first, count: range.count, revision, history };
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
function isKey(kv: KeyValue, own: OwnKey): boolean {
  return kv.key === own.key && kv.createRevision === own.createRevision;
}
