import { type Clock, soon } from '../common/time.js';
import type { ElectionError } from '../errors.js';
import type { ClientClosed, KeyValue, WatchEvent } from '../store/store.js';
import type { Follower, SharedWatch } from '../watch/shared-watch.js';
import { MENDED_WITHIN } from './blockers.js';
import { FreshRead, type Reader } from './fresh-read.js';
import { headStart, spread } from './head-start.js';
import { isSameKey } from './keys.js';
import { type LeaderObserver, LeaderObservers, type News } from './leader-observers.js';
import type { Head } from './place.js';

/** Milliseconds for which an observer that is about to join again, and so to read the head, is waited for. */
const AWAITED_FOR = 250;

/** Shared by all leader watchers that read for nobody. */
const NOBODY: readonly LeaderObserver[] = [];

/**
 * Follows the head of one election's queue: its key while there is one, and the whole range while the queue is empty.
 * All observers of the election on one client share it: a thousand candidates in a process follow the leader by one
 * watch, and read once when it goes. It uses the session of one of them, the host, and takes another host when that one
 * leaves.
 *
 * - **unknown**: nothing has been seen yet. Ends with the first answer, or with what an observer has learned elsewhere.
 * - **seen**: the head is known and followed. Ends when the watch tells that it has changed.
 * - **out of date**: a read is due or under way. Ends with its answer, or with what an observer has learned elsewhere,
 *   unless the watch was interrupted: then the read must follow all the same.
 * - **abandoned**: the last observer has left. The next observer gets another leader watcher.
 */
export class LeaderWatcher implements Follower, Reader<Head> {
  readonly #onAbandoned: () => void;
  readonly #freshRead: FreshRead<Head>;
  readonly #observers = new LeaderObservers();
  /** The observer whose session we use. */
  #host: LeaderObserver | undefined;
  /** What was seen last; undefined before the first time. */
  #seen: News | undefined;
  /** The first key that arrived in an empty queue; this turn may tell of more keys. */
  #arrived: KeyValue | undefined;
  /** The revision of the last answer or event, and the epoch of etcd that it belongs to. */
  #revision = 0n;
  #epoch = 0;
  /** The number of candidates, as far as it is known. */
  #count = 0;
  #watch: SharedWatch | undefined;
  /** An observer is about to learn who leads: no read is needed, unless that takes long. */
  #isAwaited = false;
  /** The watch was interrupted: read, whatever is learned until then, because an event may have been missed. */
  #mustRead = false;
  /** Since an interruption until a read that began after it: a key that arrives may not be the oldest. */
  #doubt: 'none' | 'unasked' | 'asked' = 'none';
  /** Observers that wait for the read under way, and for the next one. */
  #reading = NOBODY;
  #asking: LeaderObserver[] = [];

  constructor(clock: Clock, onAbandoned: () => void) {
    this.#onAbandoned = onAbandoned;
    this.#freshRead = new FreshRead(clock, this);
  }

  // ---- from the observers ----

  /** Reads at once. */
  ask(observer: LeaderObserver): void {
    this.#admit(observer);
    this.#asking.push(observer);
    this.#freshRead.now();
  }

  /**
   * The observer has read the head already. News that is older than what was seen is no news. All observers are told in
   * the next turn, this one too: nobody is told anything by a call down.
   */
  learn(observer: LeaderObserver, news: News): void {
    this.#admit(observer);
    this.#observers.include(observer);
    if (this.#isOlder(news)) {
      if (!this.#freshRead.isDue) soon(() => this.#brief(observer));
      return;
    }
    this.#count = news.count ?? this.#count;
    const seen = this.#see(news);
    soon(() => this.#observers.tellAll(seen, () => this.#seen === seen));
  }

  /** An observer gives leadership up and joins again. The join will show it who leads. */
  awaitNews(): void {
    this.#isAwaited = true;
  }

  /** The head as the observer was told. */
  headFor(observer: LeaderObserver): KeyValue | undefined {
    return this.#observers.headFor(observer);
  }

  leave(observer: LeaderObserver): void {
    if (!this.#observers.remove(observer)) return;
    if (this.#observers.isEmpty) {
      this.#freshRead.close();
      this.#onAbandoned();
    }
    if (this.#host !== observer) return;
    this.#host = undefined;
    const isInterrupted = this.#watch?.isInterrupted === true; // the watch of the next host knows nothing of that
    this.#watch?.leave(this);
    this.#watch = undefined;
    soon(() => {
      this.#findHost(); // by then the others may have left too
      if (isInterrupted && !this.#observers.isEmpty) this.reset();
      if (!this.#observers.isEmpty && this.#asking.length > 0) this.#freshRead.now();
    });
  }

  // ---- from the watch ----

  changed(event: WatchEvent): void {
    if (event.revision <= this.#revision) return;
    const head = this.#seen?.kv;
    if (head === undefined) {
      if (event.kv !== undefined && this.#host?.access.queue.isCandidateKey(event.key)) this.#onArrival(event.kv);
    } else if (event.type === 'put' && event.kv?.createRevision === head.createRevision) {
      if (event.kv.lease === 0n && head.lease !== 0n) this.#freshRead.after(MENDED_WITHIN);
      else this.#accept({ kv: event.kv, revision: event.revision });
    } else {
      this.#revision = event.revision;
      const others = Math.max(0, this.#count - 2);
      this.#freshRead.after(headStart(others) + spread(others) + (this.#isAwaited ? AWAITED_FOR : 0));
      this.#isAwaited = false;
    }
  }

  reset(): void {
    this.#mustRead = true;
    this.#doubt = 'unasked';
    this.#freshRead.after(spread(this.#count));
  }

  refused(error: ElectionError): void {
    this.#observers.fail(error);
  }

  over(error: ClientClosed): void {
    this.#observers.over(error);
  }

  // ---- the host ----

  #admit(observer: LeaderObserver): void {
    this.#observers.add(observer);
    this.#findHost();
  }

  /** Goes on with the session of the first observer that is still there, from where the last host stopped. */
  #findHost(): void {
    if (this.#host !== undefined) return;
    this.#host = this.#observers.first;
    if (this.#host !== undefined && this.#seen !== undefined) this.#follow(this.#seen.kv);
  }

  // ---- what is seen ----

  /**
   * The oldest key of a queue that was empty. If several keys that are told in this turn were created in one revision,
   * the first by name counts.
   */
  #onArrival(kv: KeyValue): void {
    if (this.#doubt !== 'none') return this.reset();
    const first = this.#arrived;
    if (first === undefined) soon(() => this.#acceptArrival());
    if (first === undefined || (kv.createRevision === first.createRevision && kv.key < first.key)) this.#arrived = kv;
  }

  #acceptArrival(): void {
    const first = this.#arrived;
    this.#arrived = undefined;
    if (first === undefined || this.#observers.isEmpty || first.modRevision <= this.#revision) return;
    this.#accept({ kv: first, revision: first.modRevision });
  }

  /** Whether something newer was seen already. News of a later epoch is never older. */
  #isOlder({ revision, epoch = this.#epoch }: News): boolean {
    return epoch === this.#epoch ? revision < this.#revision : epoch < this.#epoch;
  }

  #accept(news: News): void {
    const seen = this.#see(news);
    this.#observers.tellAll(seen, () => this.#seen === seen);
  }

  #see({ kv, revision, epoch = this.#epoch }: News): News {
    const before = this.#seen;
    const seen = { kv, revision, epoch };
    this.#isAwaited = false;
    this.#revision = revision;
    this.#epoch = epoch;
    this.#seen = seen;
    if (!this.#mustRead) this.#freshRead.cancel();
    if (before === undefined || !isSameKey(before.kv, kv) || this.#watch === undefined) this.#follow(kv);
    return seen;
  }

  /** Tells one observer what was seen last, unless that is known to be out of date. */
  #brief(observer: LeaderObserver): void {
    if (this.#seen === undefined || this.#freshRead.isDue) return;
    this.#observers.tell(observer, { kv: this.#seen.kv, revision: this.#revision, epoch: this.#epoch });
  }

  #follow(kv: KeyValue | undefined): void {
    this.#watch?.leave(this);
    this.#watch = undefined;
    if (this.#host === undefined) return;
    const { watcher, queue } = this.#host.access;
    const subject = kv === undefined ? queue.range : { key: kv.key };
    this.#watch = watcher.attach({ ...subject, isPatient: true }, this.#revision + 1n, this);
  }

  // ---- reads ----

  read(): Promise<Head> {
    this.#findHost();
    this.#mustRead = false;
    if (this.#doubt === 'unasked') this.#doubt = 'asked';
    this.#reading = this.#asking;
    this.#asking = [];
    const queue = this.#host?.access.queue;
    if (queue === undefined) throw new Error('a leader watcher without observers reads nothing');
    return queue.head(() => this.#observers.isEmpty);
  }

  found(head: Head): void {
    if (this.#doubt === 'asked') this.#doubt = 'none';
    const asked = this.#reading;
    this.#reading = NOBODY;
    for (const observer of asked) this.#observers.include(observer);
    if (this.#isOlder(head)) {
      for (const observer of asked) this.#brief(observer);
    } else {
      this.#count = head.count;
      this.#accept(head);
    }
  }

  readFailed(error: ElectionError): void {
    this.#asking.unshift(...this.#reading);
    this.#reading = NOBODY;
    this.#mustRead = true;
    if (this.#doubt === 'asked') this.#doubt = 'unasked';
    this.#observers.fail(error);
  }
}
