import { type Clock, soon } from '../common/time.js';
import type { ElectionError } from '../errors.js';
import type { KeyValue, WatchEvent } from '../store/store.js';
import type { Follower } from '../watch/shared-watch.js';
import type { Watcher } from '../watch/watcher.js';
import { FreshRead, type Reader } from './fresh-read.js';
import type { OwnKey, Place, Queue } from './queue.js';

export interface PlaceWatcherHandlers {
  /** One linearizable read has found our key, and no older one. Told again when a later read finds the same. */
  first(place: Place): void;
  /** Our key is gone. Told once; nothing is told after it. */
  gone(): void;
  /**
   * There is an older key than ours, though there was none before. Create revisions only grow, so etcd has another
   * history than we know: a snapshot was restored.
   */
  overtaken(): void;
  /** Somebody wrote our key anew, perhaps we ourselves. A read shows the key without its value. */
  rewritten(kv: KeyValue): void;
  /** A read or a watch failed; it is tried again. */
  failed(error: ElectionError): void;
}

const PAUSES = { first: 50, longest: 1_000 };
/** Milliseconds in which a candidate writes its key again, with its lease, when somebody has written it without. */
const MENDED_WITHIN = 2_000;

/**
 * Keeps our place in the queue true, from one read to the next. Follows our own key, since the lease can end or an
 * operator can delete the key while we wait or lead; and follows the key just before ours, and no other.
 *
 * An event only says that it is time to read. The read alone decides what our place is.
 */
export class PlaceWatcher implements Follower, Reader<Place | undefined> {
  readonly own: OwnKey;
  readonly #queue: Queue;
  readonly #watcher: Watcher;
  readonly #clock: Clock;
  readonly #on: PlaceWatcherHandlers;
  #predecessor: string | undefined;
  /** The mod revision of our key that we have seen last. */
  #modRevision: bigint;
  #unfollowOwn: () => void;
  #unfollowPredecessor: (() => void) | undefined;
  /** Made for the first read: a leader seldom needs one, and there may be ten thousand. */
  #freshRead: FreshRead<Place | undefined> | undefined;
  #isClosed = false;

  constructor(queue: Queue, watcher: Watcher, clock: Clock, place: Place, on: PlaceWatcherHandlers) {
    this.own = place.own;
    this.#modRevision = place.kv.modRevision;
    this.#queue = queue;
    this.#watcher = watcher;
    this.#clock = clock;
    this.#on = on;
    this.#unfollowOwn = watcher.follow({ key: place.own.key, isPatient: true }, place.revision + 1n, this);
    this.#followPredecessor(place);
    // A candidate is not told while it is being made.
    if (place.blocker !== undefined) soon(() => this.#tellBlocked(place));
  }

  close(): void {
    this.#isClosed = true;
    this.#unfollowOwn();
    this.#unfollowPredecessor?.();
    this.#freshRead?.close();
  }

  // ---- from the watch ----

  changed(event: WatchEvent): void {
    if (event.key !== this.own.key) {
      // A candidate that has left and come back with the same key stands behind us now.
      if (event.type === 'delete' || (event.kv?.createRevision ?? 0n) > this.own.createRevision) this.#readPlace();
      else if (event.kv !== undefined && this.#queue.isNewBlocker(event.kv)) this.#reads.after(MENDED_WITHIN);
    } else if (event.type === 'put' && event.kv?.createRevision === this.own.createRevision) {
      this.#noticeOwn(event.kv);
    } else if (event.revision > this.own.createRevision) {
      this.#gone();
    }
  }

  reset(): void {
    this.#readPlace();
  }

  refused(error: ElectionError): void {
    this.#on.failed(error);
  }

  // ---- reads ----

  read(): Promise<Place | undefined> {
    return this.#queue.place(this.own, () => this.#isClosed);
  }

  found(place: Place | undefined): void {
    if (place === undefined) return this.#gone();
    if (this.#predecessor === undefined && place.predecessor !== undefined) return this.#on.overtaken();
    this.#followPredecessor(place);
    this.#tellBlocked(place);
    this.#noticeOwn(place.kv);
    if (place.predecessor === undefined) this.#on.first(place);
  }

  readFailed(error: unknown): void {
    this.#on.failed(error as ElectionError);
  }

  #followPredecessor({ predecessor, revision }: Place): void {
    if (predecessor === this.#predecessor) return;
    this.#unfollowPredecessor?.();
    this.#predecessor = predecessor;
    this.#unfollowPredecessor =
      predecessor === undefined ? undefined : this.#watcher.follow({ key: predecessor }, revision + 1n, this);
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

  /** Nobody leads before the key before ours is gone, and that key will not go by itself. */
  #tellBlocked({ blocker }: Place): void {
    const error = this.#isClosed ? undefined : this.#queue.blockedBy(blocker);
    if (error !== undefined) this.#on.failed(error);
  }

  #readPlace(): void {
    this.#reads.now();
  }

  get #reads(): FreshRead<Place | undefined> {
    this.#freshRead ??= new FreshRead(this.#clock, PAUSES, this);
    return this.#freshRead;
  }
}
