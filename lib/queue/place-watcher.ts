import { Backoff } from '../common/backoff.js';
import type { Clock } from '../common/time.js';
import type { ElectionError } from '../errors.js';
import type { KeyValue, WatchEvent } from '../store/store.js';
import type { Follower } from '../watch/shared-watch.js';
import type { Watcher } from '../watch/watcher.js';
import type { OwnKey, Place, Queue } from './queue.js';

export interface PlaceWatcherHandlers {
  /** By one linearizable read our key is there and the oldest. Told again when a later read finds the same. */
  first(place: Place): void;
  /** Our key is gone. Told once; nothing after it. */
  gone(): void;
  /** Somebody, perhaps we ourselves, wrote our key anew. When a read has shown it, the value is left out. */
  rewritten(kv: KeyValue): void;
  /** A read or a watch failed; it is tried again. */
  troubled(error: ElectionError): void;
}

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;

/**
 * Our standing in the queue, kept true from one read to the next: follows our own key, since a lease can die or an
 * operator delete the key while we wait or lead, and the key just before ours, and no other.
 *
 * Events only say that it is time to read. What we are is decided by the read alone.
 */
export class PlaceWatcher implements Follower {
  readonly own: OwnKey;
  readonly #queue: Queue;
  readonly #watch: Watcher;
  readonly #clock: Clock;
  readonly #on: PlaceWatcherHandlers;
  #predecessor: string | undefined;
  /** Of our key, as seen last. */
  #modRevision: bigint;
  #unfollowOwn: () => void;
  #unfollowPredecessor: (() => void) | undefined;
  #backoff: Backoff | undefined;
  #cancelRetry: (() => void) | undefined;
  #isReading = false;
  #isStale = false;
  #isClosed = false;

  constructor(queue: Queue, watch: Watcher, clock: Clock, place: Place, on: PlaceWatcherHandlers) {
    this.own = place.own;
    this.#modRevision = place.kv.modRevision;
    this.#queue = queue;
    this.#watch = watch;
    this.#clock = clock;
    this.#on = on;
    this.#unfollowOwn = watch.follow({ key: place.own.key, isPatient: true }, place.revision + 1n, this);
    this.#followPredecessor(place);
  }

  close(): void {
    this.#isClosed = true;
    this.#unfollowOwn();
    this.#unfollowPredecessor?.();
    this.#cancelRetry?.();
  }

  changed(event: WatchEvent): void {
    if (event.key !== this.own.key) {
      // One that has left and come back with the same key stands behind us now.
      if (event.type === 'delete' || (event.kv?.createRevision ?? 0n) > this.own.createRevision) this.#read();
    } else if (event.type === 'put' && event.kv?.createRevision === this.own.createRevision) {
      this.#noticeOwn(event.kv);
    } else if (event.revision > this.own.createRevision) {
      this.#gone();
    }
  }

  reset(): void {
    this.#read();
  }

  refused(error: ElectionError): void {
    this.#on.troubled(error);
  }

  #followPredecessor(place: Place): void {
    if (place.predecessor === this.#predecessor) return;
    this.#unfollowPredecessor?.();
    this.#predecessor = place.predecessor;
    this.#unfollowPredecessor =
      place.predecessor === undefined
        ? undefined
        : this.#watch.follow({ key: place.predecessor }, place.revision + 1n, this);
  }

  #noticeOwn(kv: KeyValue): void {
    if (kv.modRevision === this.#modRevision) return;
    this.#modRevision = kv.modRevision;
    this.#on.rewritten(kv);
  }

  #gone(): void {
    if (this.#isClosed) return;
    this.close();
    this.#on.gone();
  }

  #read(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (this.#isReading) {
      this.#isStale = true; // what is being read may be older than what made us read again
      return;
    }
    this.#isReading = true;
    this.#isStale = false;
    this.#queue
      .place(this.own, () => this.#isClosed)
      .then(
        (place) => this.#onPlace(place),
        (err: ElectionError) => this.#onFailure(err),
      );
  }

  #onPlace(place: Place | undefined): void {
    this.#isReading = false;
    if (this.#isClosed) return;
    this.#backoff = undefined;
    if (place === undefined) return this.#gone();
    this.#followPredecessor(place);
    this.#noticeOwn(place.kv);
    if (place.predecessor === undefined) this.#on.first(place);
    if (this.#isStale && !this.#isClosed) this.#read();
  }

  #onFailure(error: ElectionError): void {
    this.#isReading = false;
    if (this.#isClosed) return;
    this.#backoff ??= new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
    this.#cancelRetry = this.#clock.after(this.#backoff.next(), () => this.#read());
    this.#on.troubled(error);
  }
}
