import { Backoff } from '../common/backoff.js';
import { type Clock, soon } from '../common/time.js';
import { ElectionError } from '../errors.js';
import type { KeyValue, Store, WatchEvent } from '../store/store.js';
import type { Follower } from '../watch/shared-watch.js';
import type { LeaderObserver, News } from './leader-observer.js';
import type { Head } from './queue.js';

/**
 * ms after a change of leader before anybody reads who is next: that one itself reads now, and then knows already. In a long
 * queue it takes longer, since etcd tells every process that the leader is gone.
 */
const HEAD_START = 5;
const HEAD_START_EACH = 0.25;
const LONGEST_HEAD_START = 250;
/** So many ms for each candidate, and so many at the most, are the reads then spread over: each costs etcd a look at all keys. */
const SPREAD_EACH = 2;
const LONGEST_SPREAD = 2_000;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/**
 * Follows the head of the queue: its key while there is one, the whole range while there is none.
 *
 * The observers of an election on one client stand on it together: one of them lends it what it looks with, another one when that
 * leaves, and all are told what it sees. A thousand candidates in a process follow the leader by one watch, and read once when it goes.
 *
 * The lookouts of several processes read one after the other rather than all at once, since the one candidate that is to lead
 * now reads at the same moment, and should not have to wait.
 */
export class LeaderWatcher implements Follower {
  readonly #clock: Clock;
  readonly #onEmpty: () => void;
  readonly #backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  /** In the order of their arrival. One is told when it has asked and was answered, or has learned who leads by itself. */
  readonly #observers = new Map<LeaderObserver, { isTold: boolean }>();
  /** Whose session it looks with. */
  #host: LeaderObserver | undefined;
  /** What was seen last; undefined before the first time. */
  #seen: { readonly kv: KeyValue | undefined } | undefined;
  /** The first of a queue that was empty; more of them may be told in this turn. */
  #arrived: KeyValue | undefined;
  #revision = 0n;
  #count = 0;
  #unfollow: (() => void) | undefined;
  /** Of the read that is due, since what was seen is out of date. */
  #cancelRead: (() => void) | undefined;
  /** Whatever is learned until then: something may have been missed. */
  #mustRead = false;
  /** Who waits for the read that is under way. */
  #reading: readonly LeaderObserver[] | undefined;
  /** Who waits for the next. */
  #asking: LeaderObserver[] = [];
  /** Another read must follow: what is being read may be older than what made us read again, or nobody could look. */
  #isStale = false;

  constructor(clock: Clock, onEmpty: () => void) {
    this.#clock = clock;
    this.#onEmpty = onEmpty;
  }

  // ---- from the observers ----

  /** Reads at once. */
  ask(observer: LeaderObserver): void {
    this.#admit(observer);
    this.#asking.push(observer);
    this.#read();
  }

  /** Somebody has read the head already. Older news than there is is none. */
  learn(observer: LeaderObserver, { kv, revision, count = this.#count }: News): void {
    this.#admit(observer).isTold = true;
    if (revision < this.#revision) return this.#brief(observer);
    this.#count = count;
    this.#accept(kv, revision);
  }

  leave(observer: LeaderObserver): void {
    if (!this.#observers.delete(observer)) return;
    if (this.#observers.size === 0) {
      this.#cancelDue();
      this.#onEmpty();
    }
    if (this.#host !== observer) return;
    this.#host = undefined;
    this.#unfollow?.();
    this.#unfollow = undefined;
    soon(() => this.#settle()); // by then the others may have left too
  }

  // ---- from the watch ----

  changed(event: WatchEvent): void {
    if (event.revision <= this.#revision) return;
    const head = this.#seen?.kv;
    if (head === undefined) {
      if (event.kv !== undefined && this.#host?.vantage.queue.isCandidateKey(event.key)) this.#onArrival(event.kv);
    } else if (event.type === 'put' && event.kv?.createRevision === head.createRevision) {
      this.#accept(event.kv, event.revision);
    } else {
      this.#revision = event.revision;
      const others = Math.max(0, this.#count - 2);
      this.#readIn(HEAD_START + Math.min(LONGEST_HEAD_START, HEAD_START_EACH * others) + spread(others));
    }
  }

  reset(): void {
    this.#mustRead = true;
    this.#readIn(spread(this.#count));
  }

  refused(error: ElectionError): void {
    this.#fail(error);
  }

  // ---- who looks ----

  #admit(observer: LeaderObserver): { isTold: boolean } {
    const entry = this.#observers.get(observer) ?? { isTold: false };
    this.#observers.set(observer, entry);
    this.#settle();
    return entry;
  }

  /** Looks with the session of the first that is still there, from where the last one stopped. */
  #settle(): void {
    if (this.#host !== undefined) return;
    [this.#host] = this.#observers.keys();
    if (this.#host === undefined) return;
    if (this.#seen !== undefined) this.#follow(this.#seen.kv);
    if (this.#isStale || this.#asking.length > 0) this.#read();
  }

  // ---- what is seen ----

  /** The first key of an empty queue is its oldest; of several in one revision, all told in this turn, the first by name. */
  #onArrival(kv: KeyValue): void {
    const first = this.#arrived;
    if (first === undefined) soon(() => this.#settleArrival());
    if (first === undefined || (kv.createRevision === first.createRevision && kv.key < first.key)) this.#arrived = kv;
  }

  #settleArrival(): void {
    const first = this.#arrived;
    this.#arrived = undefined;
    if (first === undefined || this.#observers.size === 0 || first.modRevision <= this.#revision) return;
    this.#accept(first, first.modRevision);
  }

  #accept(kv: KeyValue | undefined, revision: bigint): void {
    const before = this.#seen;
    const seen = { kv };
    this.#revision = revision;
    this.#seen = seen;
    if (!this.#mustRead) this.#cancelDue();
    const isSameKey = before !== undefined && before.kv?.createRevision === kv?.createRevision;
    if (!isSameKey || this.#unfollow === undefined) this.#follow(kv);
    for (const [observer, { isTold }] of [...this.#observers]) {
      if (this.#seen !== seen) return; // an earlier one has brought other news
      if (isTold && this.#observers.has(observer)) observer.tell(kv);
    }
  }

  /** Tells one of them what was seen last, if that is not known to be out of date. */
  #brief(observer: LeaderObserver): void {
    if (!this.#observers.has(observer)) return;
    if (this.#seen !== undefined && this.#cancelRead === undefined) observer.tell(this.#seen.kv);
  }

  #follow(kv: KeyValue | undefined): void {
    this.#unfollow?.();
    if (this.#host === undefined) return;
    const { watch, queue } = this.#host.vantage;
    const subject = kv === undefined ? queue.range : { key: kv.key };
    this.#unfollow = watch.follow({ ...subject, isPatient: true }, this.#revision + 1n, this);
  }

  // ---- reads ----

  #readIn(ms: number): void {
    this.#cancelDue();
    this.#cancelRead = this.#clock.after(ms, () => this.#read());
  }

  #cancelDue(): void {
    this.#cancelRead?.();
    this.#cancelRead = undefined;
  }

  #read(): void {
    this.#cancelDue();
    const host = this.#host;
    this.#isStale = host === undefined || this.#reading !== undefined;
    if (host === undefined || this.#isStale) return;
    this.#mustRead = false;
    this.#reading = this.#asking;
    this.#asking = [];
    host.vantage.queue
      .head(() => this.#observers.size === 0)
      .then(
        (head) => this.#onHead(head),
        (err: unknown) => this.#onFailure(err),
      );
  }

  #onHead({ kv, revision, count }: Head): void {
    const asked = this.#reading ?? [];
    this.#reading = undefined;
    this.#backoff.reset();
    for (const observer of asked) {
      const entry = this.#observers.get(observer);
      if (entry !== undefined) entry.isTold = true;
    }
    if (revision < this.#revision) {
      for (const observer of asked) this.#brief(observer);
    } else if (this.#observers.size > 0) {
      this.#count = count;
      this.#accept(kv, revision);
    }
    if (this.#isStale && this.#observers.size > 0) this.#read();
  }

  #onFailure(err: unknown): void {
    this.#asking.unshift(...(this.#reading ?? []));
    this.#reading = undefined;
    if (this.#observers.size === 0) return;
    this.#mustRead = true;
    this.#readIn(this.#backoff.next());
    this.#fail(err instanceof ElectionError ? err : new ElectionError('UNAVAILABLE', String(err), { cause: err }));
  }

  #fail(error: ElectionError): void {
    for (const observer of [...this.#observers.keys()]) observer.failed(error);
  }
}

const leaderWatchers = new WeakMap<Store, Map<string, LeaderWatcher>>();

/** The one of this election on this store, as long as somebody stands on it. */
export function leaderWatcherOf(store: Store, clock: Clock, election: string): LeaderWatcher {
  const byElection = leaderWatchers.get(store) ?? new Map<string, LeaderWatcher>();
  leaderWatchers.set(store, byElection);
  const known = byElection.get(election);
  if (known !== undefined) return known;
  const leaderWatcher = new LeaderWatcher(clock, () => {
    if (byElection.get(election) === leaderWatcher) byElection.delete(election);
  });
  byElection.set(election, leaderWatcher);
  return leaderWatcher;
}

/** ms */
function spread(candidates: number): number {
  return Math.random() * Math.min(LONGEST_SPREAD, SPREAD_EACH * candidates);
}
