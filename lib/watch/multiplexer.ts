import { Backoff } from '../common/backoff.js';
import { type Clock, soon } from '../common/time.js';
import type { ElectionError } from '../errors.js';
import type { Store, WatchEvent, WatchStream } from '../store/store.js';
import { type GroupOf, PendingWatches } from './pending-watches.js';
import { CREATED, type Follower, type Leave, nameOf, PENDING, SharedWatch, type Subject } from './shared-watch.js';
import { SignOfLife } from './sign-of-life.js';
import { UnwantedWatches } from './unwanted-watches.js';

export interface WatchOptions {
  /** Milliseconds of quiet after which a stream is asked for a sign of life. */
  readonly quiet: number;
  /** Milliseconds that the sign of life may take. */
  readonly patience: number;
  readonly groupOf: GroupOf;
}

/** Milliseconds before a stream is opened again: few at first, since a leader may be waiting for us. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 2_000;

/**
 * Milliseconds that a stream is kept when nothing is followed any more. Often something is followed again soon. And the
 * streams of a leader that has left are not closed in the very moment in which the next one takes over.
 */
const LINGER = 100;

/**
 * Any number of watches on one stream, and one watch for each key, however many follow the key.
 *
 * - **closed**: nothing is followed, and there is no stream. Ends when something is followed.
 * - **open**: the stream tells events. After a time of quiet it is asked for a sign of life, since it would be quiet
 *   for ever on a half-open connection or on a member that has stopped. Ends when the stream breaks or gives no sign of
 *   life (then reopening), or when nothing is followed any more (then lingering).
 * - **reopening**: the stream is gone, and all watches are pending. Ends after a pause, with a stream on another
 *   member: each watch goes on from the last revision it saw, and its followers are told to read.
 * - **lingering**: the stream is open, and nothing is followed. Ends after a moment (then closed), or when something is
 *   followed again (then open).
 */
export class WatchMultiplexer {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #signOfLife: SignOfLife;
  readonly #backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  readonly #byId = new Map<number, SharedWatch>();
  readonly #byName = new Map<string | SharedWatch, SharedWatch>();
  readonly #pending: PendingWatches;
  readonly #unwanted: UnwantedWatches;
  readonly #onDeleted: (key: string) => void;
  /** One for all watches. */
  readonly #onLeave: Leave = (watch, follower) => this.#leave(watch, follower);
  #stream: WatchStream | undefined;
  #lastId = 0;
  /** Streams in a row that gave no sign of life when asked. */
  #silences = 0;
  /** When the stream was opened again because of a refusal. */
  #renewedAt = Number.NEGATIVE_INFINITY;
  /** Cancels the timer that ends the pause, or the lingering. */
  #cancelTimer: () => void = () => {};
  #isReopening = false;

  constructor(
    store: Store,
    clock: Clock,
    { quiet, patience, groupOf }: WatchOptions,
    onDeleted: (key: string) => void,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#signOfLife = new SignOfLife(clock, {
      quiet,
      patience,
      ask: () => this.#stream?.ping(),
      silent: () => this.#reopen(true),
    });
    this.#pending = new PendingWatches(({ id, key, end, next }) => {
      this.#stream?.create(id, key, end, next);
    }, groupOf);
    this.#unwanted = new UnwantedWatches(clock, (id) => this.#stream?.cancel(id));
    this.#onDeleted = onDeleted;
  }

  /** The number of keys and ranges that are followed. */
  get size(): number {
    return this.#byName.size;
  }

  follows(subject: Subject): boolean {
    return this.#known(subject) !== undefined;
  }

  /** Follows a key or range from a revision on: the one after the read that it continues. */
  follow(subject: Subject, from: bigint, follower: Follower): () => void {
    const watch = this.attach(subject, from, follower);
    return () => watch.leave(follower);
  }

  /** The same, for those who are so many that a function for each would be too much: they call `leave` of the watch. */
  attach(subject: Subject, from: bigint, follower: Follower): SharedWatch {
    const known = this.#known(subject);
    const watch = known ?? new SharedWatch(subject, from, this.#onLeave);
    watch.add(follower);
    if (watch.isPatient && subject.isPatient !== true) this.#pending.hasten(watch);
    if (known === undefined) this.#begin(watch);
    else this.#catchUp(watch, from, follower);
    return watch;
  }

  /** A key of this group is gone. Who follows another key of it that etcd does not watch yet must read. */
  suspect(group: string): void {
    for (const watch of this.#pending.suspects(group)) watch.tell((follower) => follower.reset());
  }

  /** Closes a stream that lingers. */
  closeIdle(): void {
    if (this.#byName.size === 0) this.#closeStream();
  }

  // ---- what is followed ----

  #known(subject: Subject): SharedWatch | undefined {
    return subject.isShared === false ? undefined : this.#byName.get(nameOf(subject));
  }

  #begin(watch: SharedWatch): void {
    const wasIdle = this.#byName.size === 0;
    this.#byName.set(watch.name, watch);
    if (this.#isReopening) return;
    if (this.#stream === undefined) return this.#open();
    if (wasIdle) {
      this.#cancelTimer();
      this.#signOfLife.begin();
      this.#unwanted.begin();
    }
    this.#create(watch);
  }

  /**
   * The watch may have told the other followers already what happened between the newcomer's read and now. The last
   * event would not say it all: a key can be deleted and be there again.
   */
  #catchUp(watch: SharedWatch, from: bigint, follower: Follower): void {
    if (from >= watch.next) return;
    soon(() => {
      if (watch.has(follower)) follower.reset();
    });
  }

  #leave(watch: SharedWatch, follower: Follower): void {
    const { name } = watch;
    if (!watch.remove(follower) || !watch.isAbandoned || this.#byName.get(name) !== watch) return;
    this.#byName.delete(name);
    this.#byId.delete(watch.id);
    const isInEtcd = watch.state.name === 'asked' || watch.state.name === 'created';
    this.#withdraw(watch);
    if (isInEtcd) this.#unwanted.add(watch.id);
    if (this.#byName.size > 0) return this.#unwanted.begin();
    if (this.#stream === undefined) return this.#closeStream();
    this.#signOfLife.end();
    this.#unwanted.pause();
    this.#cancelTimer = this.#clock.after(LINGER, () => this.#closeStream());
  }

  /** Takes back what would ask etcd for the watch. */
  #withdraw(watch: SharedWatch): void {
    this.#pending.remove(watch);
    if (watch.state.name === 'refused') watch.state.cancelRetry();
    watch.state = PENDING;
  }

  #create(watch: SharedWatch): void {
    this.#byId.delete(watch.id);
    this.#withdraw(watch);
    watch.id = ++this.#lastId; // a new id each time: what comes late for the old one is nobody's
    this.#byId.set(watch.id, watch);
    this.#pending.add(watch);
  }

  // ---- the stream ----

  #open(): void {
    const isAgain = this.#isReopening;
    this.#isReopening = false;
    const isCurrent = (): boolean => this.#stream === stream;
    const stream = this.#store.watch({
      alive: () => {
        if (!isCurrent()) return;
        this.#signOfLife.seen();
        this.#silences = 0;
      },
      created: (id) => {
        if (isCurrent()) this.#onCreated(id);
      },
      events: (id, events) => {
        if (isCurrent()) this.#onEvents(id, events);
      },
      cancelled: (id, compacted, error) => {
        if (isCurrent()) this.#onCancelled(id, compacted, error as ElectionError);
      },
      closed: () => {
        if (isCurrent()) this.#reopen(false);
      },
    });
    this.#stream = stream;
    for (const watch of this.#byName.values()) {
      // One that was added meanwhile too: etcd's history may have begun anew since its follower has read.
      if (isAgain) watch.isInterrupted = true;
      this.#create(watch);
    }
    this.#signOfLife.begin();
  }

  #reopen(isSilent: boolean): void {
    this.#closeStream(isSilent);
    if (this.#byName.size === 0) return;
    for (const watch of this.#byName.values()) this.#withdraw(watch); // they are created on the next stream
    this.#isReopening = true;
    this.#cancelTimer = this.#clock.after(this.#backoff.next(), () => this.#open());
    if (!isSilent) return;
    // Nothing was heard for a while, and the next stream may be silent too.
    for (const watch of [...this.#byName.values()]) watch.tell((follower) => follower.reset());
  }

  #closeStream(isSilent = false): void {
    this.#signOfLife.end();
    this.#cancelTimer();
    this.#isReopening = false;
    this.#unwanted.clear();
    const stream = this.#stream;
    this.#stream = undefined;
    this.#pending.clear();
    if (isSilent) stream?.overdue();
    // The stream before gave no sign of life either. When etcd is merely slow, a new connection would make it slower
    // still.
    if (isSilent && ++this.#silences > 1) stream?.overdue();
    stream?.close();
  }

  // ---- what the stream tells ----

  #onCreated(id: number): void {
    this.#backoff.reset();
    this.#pending.answered(id);
    const watch = this.#byId.get(id);
    if (watch === undefined) return;
    watch.state = CREATED;
    watch.refusals = 0;
    if (!watch.isInterrupted) return;
    watch.isInterrupted = false;
    watch.tell((follower) => follower.reset());
  }

  #onEvents(id: number, events: readonly WatchEvent[]): void {
    const watch = this.#byId.get(id);
    const last = events.at(-1);
    if (watch === undefined || last === undefined) return;
    const { next } = watch;
    if (last.revision >= next) watch.next = last.revision + 1n;
    for (const event of events) {
      if (event.revision < next) continue;
      watch.tell((follower) => follower.changed(event));
      if (event.type === 'delete') this.#onDeleted(event.key);
    }
    watch.tell((follower) => follower.told?.());
  }

  #onCancelled(id: number, compacted: bigint | undefined, error: ElectionError): void {
    this.#pending.answered(id);
    const watch = this.#byId.get(id);
    if (watch === undefined) return;
    watch.isInterrupted = true;
    if (compacted !== undefined) {
      // The watch misses nothing from `compacted` on. What was before it the followers read. A history that has begun
      // anew brings a lower revision.
      watch.next = compacted;
      this.#create(watch);
      return;
    }
    watch.refusals++;
    if (watch.refusals === 1) return this.#renew(watch);
    watch.state = { name: 'refused', cancelRetry: this.#clock.after(LONGEST_PAUSE, () => this.#create(watch)) };
    watch.tell((follower) => follower.refused(error));
  }

  /** The token of the stream may have expired, and another stream gets another token: one for all watches refused. */
  #renew(watch: SharedWatch): void {
    const now = this.#clock.now();
    if (now - this.#renewedAt <= LONGEST_PAUSE) return this.#create(watch);
    this.#renewedAt = now;
    this.#reopen(false);
  }
}
