import { type Clock, soon } from '../common/time.js';
import { toElectionError } from '../errors.js';
import { ClientClosed, type Store, type WatchEvent } from '../store/store.js';
import { type GroupOf, PendingWatches } from './pending-watches.js';
import { ReopeningStream, type ReopeningStreamOptions, StreamSilent } from './reopening-stream.js';
import {
  CREATED,
  type Follower,
  type Leave,
  PENDING,
  SharedWatch,
  type Subject,
  subjectNameOf,
} from './shared-watch.js';
import { UnwantedWatches } from './unwanted-watches.js';

export interface WatchOptions extends ReopeningStreamOptions {
  readonly groupOf: GroupOf;
}

/** Milliseconds before a watch that etcd refuses is asked for again, and before a refusal opens a stream again. */
const REFUSED_FOR = 2_000;
/** Milliseconds after a late watch for which the next ones are expected to be late. */
const LATE_FOR = 1_000;

/**
 * Any number of watches on one stream, and one watch for each key, however many follow the key. When the stream is
 * opened again, each watch goes on from the last revision it saw, and its followers are told to read.
 */
export class WatchMultiplexer {
  readonly #clock: Clock;
  readonly #stream: ReopeningStream;
  readonly #byId = new Map<number, SharedWatch>();
  readonly #byName = new Map<string | SharedWatch, SharedWatch>();
  readonly #pending: PendingWatches;
  readonly #unwanted: UnwantedWatches;
  readonly #onDeleted: (key: string) => void;
  /** One function for all watches. */
  readonly #onLeave: Leave = (watch, follower) => this.#leave(watch, follower);
  #lastId = 0;
  /** When, on the clock, a late watch was created last: see `#ask`. */
  #lateAt = Number.NEGATIVE_INFINITY;
  /** When the stream was opened again because of a refusal. */
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(store: Store, clock: Clock, options: WatchOptions, onDeleted: (key: string) => void) {
    this.#clock = clock;
    this.#onDeleted = onDeleted;
    this.#stream = new ReopeningStream(store, clock, options, (isAgain) => this.#onOpened(isAgain), {
      created: (id, revision) => this.#onCreated(id, revision),
      events: (id, events) => this.#onEvents(id, events),
      cancelled: (id, compacted, error) => this.#onCancelled(id, compacted, error),
      closed: (error) => this.#onClosed(error),
    });
    this.#pending = new PendingWatches((watch) => this.#ask(watch), options.groupOf);
    this.#unwanted = new UnwantedWatches(clock, (id) => this.#stream.cancel(id));
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

  /** As `follow`, without a function for each follower, because they are many: they call `leave` of the watch. */
  attach(subject: Subject, from: bigint, follower: Follower): SharedWatch {
    const known = this.#known(subject);
    const watch = known ?? new SharedWatch(subject, from, this.#onLeave);
    watch.add(follower);
    if (watch.isPatient && subject.isPatient !== true) this.#pending.hasten(watch);
    if (known === undefined) this.#begin(watch);
    else this.#catchUp(watch, from, follower);
    return watch;
  }

  /** A key of this group is gone. Followers of other keys of it must read, if etcd does not watch those keys yet. */
  suspect(group: string): void {
    for (const watch of this.#pending.suspects(group)) watch.tell((follower) => follower.reset());
  }

  /** Closes a stream that lingers. */
  closeIdle(): void {
    if (this.#byName.size === 0) this.#stream.close();
  }

  // ---- what is followed ----

  #known(subject: Subject): SharedWatch | undefined {
    return subject.isShared === false ? undefined : this.#byName.get(subjectNameOf(subject));
  }

  #begin(watch: SharedWatch): void {
    const { isOpen } = this.#stream;
    this.#byName.set(watch.name, watch);
    this.#stream.hold();
    if (!isOpen) return; // whoever opens a stream creates all watches
    this.#unwanted.begin();
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
    this.#unwanted.pause();
    this.#stream.rest();
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

  /**
   * A watch is late when it begins before the newest revision though it continues what was read a moment ago: others
   * write so often. etcd puts such a watch aside, and looks after those every 100 ms (`syncWatchersLoop` in
   * server/storage/mvcc/watchable_store.go; its steps were seen on 3.7.3), so that a process which has just entered
   * many queues would take over in steps of 100 ms. A watch that begins now is told of the next event at once. What was
   * before it, the followers read when it is there.
   */
  #ask(watch: SharedWatch): void {
    const { id, key, end, next, isFresh } = watch;
    const beginsNow = isFresh && this.#clock.now() - this.#lateAt < LATE_FOR;
    if (beginsNow) watch.isInterrupted = true;
    this.#stream.create(id, key, end, beginsNow ? 0n : next);
  }

  // ---- what the stream tells ----

  #onOpened(isAgain: boolean): void {
    this.#clear(); // a stream that nobody needed was closed without a word
    for (const watch of this.#byName.values()) {
      // A watch that was added meanwhile too: etcd's history may have begun anew since its follower has read.
      if (isAgain) watch.isInterrupted = true;
      this.#create(watch);
    }
  }

  /** etcd has none of the watches any more. */
  #clear(): void {
    this.#unwanted.clear();
    this.#pending.clear();
  }

  #onClosed(error: Error): void {
    this.#clear();
    const isOver = error instanceof ClientClosed;
    const all = [...this.#byName.values()];
    for (const watch of all) {
      this.#withdraw(watch); // it is created on the next stream
      if (!isOver) watch.isInterrupted = true;
    }
    if (isOver) for (const watch of all) watch.tell((follower) => follower.over?.(error));
    // The next stream may be silent too: nobody waits for it.
    if (error instanceof StreamSilent) for (const watch of all) watch.tell((follower) => follower.reset());
  }

  #onCreated(id: number, revision: bigint | undefined): void {
    this.#pending.answered(id);
    const watch = this.#byId.get(id);
    if (watch === undefined) return;
    const isLate = watch.isFresh && !watch.isInterrupted && revision !== undefined && revision >= watch.next;
    if (isLate) this.#lateAt = this.#clock.now();
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

  #onCancelled(id: number, compacted: bigint | undefined, error: Error): void {
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
    watch.state = { name: 'refused', cancelRetry: this.#clock.after(REFUSED_FOR, () => this.#create(watch)) };
    const refusal = toElectionError(error, error.message);
    watch.tell((follower) => follower.refused(refusal));
  }

  /** The token of the stream may have expired, and another stream gets another token: one for all watches refused. */
  #renew(watch: SharedWatch): void {
    const now = this.#clock.now();
    if (now - this.#renewedAt <= REFUSED_FOR) return this.#create(watch);
    this.#renewedAt = now;
    this.#stream.renew();
  }
}
