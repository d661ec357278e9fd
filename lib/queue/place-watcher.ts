import { type Clock, soon } from '../common/time.js';
import type { ElectionError } from '../errors.js';
import type { KeyValue, WatchEvent } from '../store/store.js';
import type { Follower, SharedWatch } from '../watch/shared-watch.js';
import type { Watcher } from '../watch/watcher.js';
import { MENDED_WITHIN } from './blockers.js';
import { FreshRead, type Reader, URGENT } from './fresh-read.js';
import type { News } from './leader-observers.js';
import { inheritedPlace, type OwnKey, type Place } from './place.js';
import type { Queue } from './queue.js';
import { Succession } from './succession.js';

export interface PlaceWatcherHandlers {
  /** Our key was the oldest at this revision. Told again when a later read finds the same. */
  first(place: Place): void;
  /** Our key is gone. Told once; nothing is told after it. */
  keyGone(): void;
  /**
   * There is an older key than ours, though there was none before. Create revisions only grow, so etcd has begun
   * another epoch: a snapshot was restored.
   */
  overtaken(): void;
  /** Somebody wrote our key anew, perhaps we ourselves. A read shows the key without its value. */
  rewritten(kv: KeyValue): void;
  /** A read or a watch failed; it is tried again. */
  failed(error: ElectionError): void;
}

/**
 * Revisions that etcd may have to look through for a watch that begins in the past. When there are more, we read, and
 * the watch begins at the read.
 */
const MOST_CAUGHT_UP = 1_000n;
/** Milliseconds in which etcd has caught up: it looks after such watches every 100 ms (`syncWatchersLoop`). */
const CATCHES_UP_IN = 150;

/**
 * Keeps our place in the queue true. Follows our own key, since the lease can end or an operator can delete the key
 * while we wait or lead; and follows the key just before ours, and no other.
 *
 * An event of these two watches only says that it is time to read, and the read decides what our place is. The second
 * in line has another watch, the {@link Succession}, and is first by an event of this watch alone. In every doubt it
 * reads: the watch was interrupted or is refused, it is not known that the key before ours is the head, or somebody has
 * written our key.
 *
 * The succession tells what the two watches would tell, so the second in line has them only when it had them before it
 * knew that it is the second, or when etcd refuses the succession. The leader follows its own key alone.
 */
export class PlaceWatcher implements Follower, Reader<Place | undefined> {
  readonly own: OwnKey;
  readonly #queue: Queue;
  readonly #watcher: Watcher;
  readonly #clock: Clock;
  readonly #on: PlaceWatcherHandlers;
  /** The key before ours; undefined: ours is the first, for ever, since keys that come later are younger. */
  #predecessor: string | undefined;
  /** A revision at which our key existed, and the key before ours. */
  #revision: bigint;
  /** The epoch of etcd that this revision belongs to. */
  #epoch: number;
  /** The mod revision of our key that we have seen last. */
  #modRevision: bigint;
  #ownWatch: SharedWatch | undefined;
  #predecessorWatch: SharedWatch | undefined;
  #succession: Succession | undefined;
  /** Made for the first read: a leader seldom needs one, and there may be ten thousand. */
  #freshRead: FreshRead<Place | undefined> | undefined;
  #isClosed = false;

  constructor(queue: Queue, watcher: Watcher, clock: Clock, place: Place, on: PlaceWatcherHandlers) {
    this.own = place.own;
    this.#revision = place.revision;
    this.#epoch = place.epoch ?? 0;
    this.#modRevision = place.kv.modRevision;
    this.#queue = queue;
    this.#watcher = watcher;
    this.#clock = clock;
    this.#on = on;
    if (place.predecessor === undefined)
      soon(() => this.#follow(place)); // after the news that we lead
    else this.#follow(place);
    // A candidate is not told while it is being made.
    if (place.blocker !== undefined) soon(() => this.#tellBlocked(place));
  }

  close(): void {
    this.#isClosed = true;
    this.#ownWatch?.leave(this);
    this.#leavePredecessor();
    this.#freshRead?.close();
  }

  /**
   * Somebody has learned which key was the head at this revision. If that is the key before ours, we are second in line
   * from now on. When the key before ours was the third until now, this is how we hear of it.
   */
  headSeen({ kv, revision, epoch = 0 }: News): void {
    if (kv === undefined || epoch !== this.#epoch) return;
    const { key, createRevision } = kv;
    // A key of that name from before our time, or a candidate that has come back with the same key, is another key.
    const isPredecessor = key === this.#predecessor && createRevision < this.own.createRevision;
    if (!isPredecessor || this.#isClosed || this.#succession !== undefined || revision < this.#revision) return;
    if (revision - this.#revision > MOST_CAUGHT_UP) return this.#reads.now();
    // In the next turn, when all observers have been told.
    soon(() => {
      if (this.#isClosed || this.#succession !== undefined) return;
      if (key !== this.#predecessor || epoch !== this.#epoch) return; // a read was answered meanwhile
      this.#succeed(key, this.#clock.now() + CATCHES_UP_IN);
    });
  }

  // ---- from the watches of the two keys, and from the succession, which tells the same ----

  changed(event: WatchEvent): void {
    if (event.key !== this.own.key) {
      // A candidate that has left and come back with the same key stands behind us now.
      if (event.type === 'delete' || (event.kv?.createRevision ?? 0n) > this.own.createRevision) this.#onEnd();
      else if (event.kv !== undefined && this.#queue.isNewBlocker(event.kv)) this.#reads.after(MENDED_WITHIN);
    } else if (event.type === 'put' && event.kv?.createRevision === this.own.createRevision) {
      if (event.revision > this.#modRevision) this.#noticeOwn(event.kv); // another watch may have told it before
    } else if (event.revision > this.own.createRevision) {
      this.#onGone();
    }
  }

  told(): void {
    const revision = this.#succession?.inheritedAt;
    if (revision === undefined) return;
    // Somebody has written our key: only a read can tell what it is like.
    if (this.#modRevision !== this.own.createRevision) return this.#reads.now();
    const place = inheritedPlace(this.own, revision, this.#epoch);
    this.#on.first(place);
    this.#follow(place); // after the news: the successor's work waits for that
  }

  /** The key before ours is gone. */
  #onEnd(): void {
    const isExpected = this.#succession?.expectEnd() === true;
    if (!isExpected) this.#reads.now();
  }

  reset(): void {
    this.#reads.now();
  }

  refused(error: ElectionError): void {
    if (this.#succession?.isRefused === true) {
      this.#followOwn();
      this.#followPredecessor();
    }
    this.#on.failed(error);
  }

  #onGone(): void {
    if (this.#isClosed) return;
    this.close();
    this.#on.keyGone();
  }

  // ---- reads, and what follows from them ----

  read(): Promise<Place | undefined> {
    this.#succession?.asked();
    return this.#queue.place(this.own, () => this.#isClosed);
  }

  found(place: Place | undefined): void {
    if (place === undefined) return this.#onGone();
    if (this.#predecessor === undefined && place.predecessor !== undefined) return this.#onOlder(place);
    this.#follow(place);
    this.#tellBlocked(place);
    this.#noticeOwn(place.kv);
    if (place.predecessor === undefined) this.#on.first(place);
  }

  /** A read has found a key before ours, though we were the first. */
  #onOlder({ revision, epoch = 0 }: Place): void {
    const wasReadBefore = epoch === this.#epoch && revision < this.#revision;
    if (!wasReadBefore) this.#on.overtaken();
  }

  readFailed(error: ElectionError): void {
    this.#on.failed(error);
  }

  /** Our place at this revision. A watch that takes the place of another begins before the other ends. */
  #follow({ predecessor, isNext, revision, epoch = 0 }: Place): void {
    if (this.#isClosed) return;
    this.#revision = revision;
    this.#epoch = epoch;
    const isNew = predecessor !== this.#predecessor;
    const isSecond = predecessor !== undefined && (isNext || (!isNew && this.#succession !== undefined));
    if (!isSecond) this.#followOwn();
    if (isNew) this.#leavePredecessor();
    this.#predecessor = predecessor;
    if (predecessor === undefined) return;
    if (!isSecond) this.#followPredecessor();
    else if (this.#succession === undefined) this.#succeed(predecessor, 0);
    else if (isNext) this.#succession.confirm(revision);
  }

  #followOwn(): void {
    this.#ownWatch ??= this.#watcher.attach({ key: this.own.key, isPatient: true }, this.#revision + 1n, this);
  }

  #followPredecessor(): void {
    if (this.#predecessor === undefined) return;
    this.#predecessorWatch ??= this.#watcher.attach({ key: this.#predecessor }, this.#revision + 1n, this);
  }

  #leavePredecessor(): void {
    this.#predecessorWatch?.leave(this);
    this.#predecessorWatch = undefined;
    this.#succession?.close();
    this.#succession = undefined;
  }

  #succeed(head: string, settlesAt: number): void {
    const parts = { watcher: this.#watcher, clock: this.#clock, own: this.own, head, since: this.#revision, settlesAt };
    this.#succession = new Succession(parts, this);
  }

  #noticeOwn(kv: KeyValue): void {
    if (kv.modRevision === this.#modRevision) return;
    this.#modRevision = kv.modRevision;
    this.#on.rewritten(kv);
  }

  /** Nobody leads before the key before ours is gone, and that key will not go by itself. */
  #tellBlocked({ blocker }: Place): void {
    const error = this.#isClosed ? undefined : this.#queue.noticeBlocker(blocker);
    if (error !== undefined) this.#on.failed(error);
  }

  get #reads(): FreshRead<Place | undefined> {
    this.#freshRead ??= new FreshRead(this.#clock, this, URGENT);
    return this.#freshRead;
  }
}
