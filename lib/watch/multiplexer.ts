import { Backoff } from '../common/backoff.js';
import { type Clock, soon } from '../common/time.js';
import type { ElectionError } from '../errors.js';
import type { Store, WatchEvent, WatchStream } from '../store/store.js';
import { type GroupOf, PendingWatches } from './pending-watches.js';
import { type Follower, nameOf, SharedWatch, type Subject } from './shared-watch.js';

export interface WatchOptions {
  /** Milliseconds of quiet after which a stream is asked for a sign of life. */
  readonly quiet: number;
  /** Milliseconds that the sign of life may take. */
  readonly patience: number;
  readonly groupOf: GroupOf;
}

/** Opening again, ms: soon at first, since a leader may be waiting for us. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 2_000;

/**
 * ms that a stream is kept when nothing is followed any more: often something soon is again. And the streams of a leader that has
 * left are not closed in the very moment in which the next one takes over.
 */
const LINGER = 100;

/**
 * Any number of watches on one stream.
 *
 * The stream is asked for a sign of life when it has been quiet for a while: on a half-open connection, or on a member
 * that has stopped, it would be quiet for ever. It is opened again on another member, each watch goes on from the
 * last revision it saw, and its followers are told to read. There is a stream only while something is followed, and shortly after.
 */
export class WatchMultiplexer {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #quiet: number;
  readonly #patience: number;
  readonly #backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  readonly #byId = new Map<number, SharedWatch>();
  readonly #byKey = new Map<string, SharedWatch>();
  readonly #pending: PendingWatches;
  readonly #onDeleted: (key: string) => void;
  #stream: WatchStream | undefined;
  #lastId = 0;
  /** Of the last that was followed, on a stream that is kept. */
  #leftId: number | undefined;
  #lastAlive = 0;
  /** Streams in a row that have not been answered any more. */
  #silences = 0;
  /** When the stream was opened again because of a refusal. */
  #renewedAt = Number.NEGATIVE_INFINITY;
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
    this.#quiet = quiet;
    this.#patience = patience;
    this.#pending = new PendingWatches(({ id, key, end, next }) => this.#stream?.create(id, key, end, next), groupOf);
    this.#onDeleted = onDeleted;
  }

  /** Keys and ranges that are followed. */
  get size(): number {
    return this.#byKey.size;
  }

  follows(subject: Subject): boolean {
    return this.#byKey.has(nameOf(subject));
  }

  /** Follows a key or range from a revision on: the one after the read it continues. */
  follow(subject: Subject, from: bigint, follower: Follower): () => void {
    const name = nameOf(subject);
    const known = this.#byKey.get(name);
    const entry = known ?? new SharedWatch(subject, from);
    entry.add(follower);
    if (entry.isPatient && subject.isPatient !== true) this.#pending.hasten(entry);
    if (known === undefined) this.#begin(name, entry);
    else this.#catchUp(entry, from, follower);
    return () => this.#leave(name, entry, follower);
  }

  /** A key of this group is gone: those who follow another one that etcd does not watch yet had better read. */
  suspect(group: string): void {
    for (const entry of this.#pending.suspects(group)) entry.tell((follower) => follower.reset());
  }

  /** Closes the stream that is kept for a while because something may soon be followed again. */
  closeIdle(): void {
    if (this.#byKey.size === 0) this.#closeStream();
  }

  #begin(name: string, entry: SharedWatch): void {
    const wasIdle = this.#byKey.size === 0;
    this.#byKey.set(name, entry);
    if (this.#isReopening) return;
    if (this.#stream === undefined) return this.#open();
    if (wasIdle) {
      if (this.#leftId !== undefined) this.#stream.cancel(this.#leftId);
      this.#listen(this.#patience);
    }
    this.#create(entry);
  }

  /**
   * What happened between the newcomer's read and now may have been told to the others already, or have been before
   * their watch began. The last change would not say all: a key can be deleted and be there again.
   */
  #catchUp(entry: SharedWatch, from: bigint, follower: Follower): void {
    if (from >= entry.next) return;
    soon(() => {
      if (entry.has(follower)) follower.reset();
    });
  }

  #leave(name: string, entry: SharedWatch, follower: Follower): void {
    if (!entry.remove(follower) || !entry.isAbandoned || this.#byKey.get(name) !== entry) return;
    this.#byKey.delete(name);
    this.#byId.delete(entry.id);
    entry.cancelRetry?.();
    const isCreated = !this.#pending.remove(entry);
    if (this.#byKey.size > 0) return isCreated ? this.#stream?.cancel(entry.id) : undefined;
    if (this.#stream === undefined) return this.#closeStream();
    this.#leftId = isCreated ? entry.id : undefined; // nearly always it ends with the stream
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(LINGER, () => this.#closeStream());
  }

  #create(entry: SharedWatch): void {
    this.#byId.delete(entry.id);
    entry.cancelRetry?.();
    entry.id = ++this.#lastId; // a new one each time: what comes late for the old one is nobody's
    this.#byId.set(entry.id, entry);
    this.#pending.add(entry);
  }

  #open(): void {
    this.#isReopening = false;
    const isCurrent = (): boolean => this.#stream === stream;
    const stream = this.#store.watch({
      alive: () => {
        if (!isCurrent()) return;
        this.#lastAlive = this.#clock.now();
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
    this.#lastAlive = this.#clock.now();
    for (const entry of this.#byKey.values()) this.#create(entry);
    this.#listen(this.#patience);
  }

  /** Waits `ms` for quiet to become suspicious, and then `patience` for an answer. */
  #listen(ms: number): void {
    this.#cancelTimer();
    const since = this.#clock.now();
    this.#cancelTimer = this.#clock.after(ms, () => {
      const isQuiet = this.#lastAlive <= since;
      if (!isQuiet) return this.#listen(this.#quiet);
      this.#stream?.ping();
      this.#expectLife(this.#clock.now());
    });
  }

  #expectLife(askedAt: number): void {
    this.#cancelTimer = this.#clock.after(this.#patience, () => {
      if (this.#lastAlive >= askedAt) return this.#listen(this.#quiet);
      // When we were late ourselves (a blocked event loop, a stopped process), the answer may lie in the socket.
      if (this.#clock.now() - askedAt > 2 * this.#patience) return this.#expectLife(this.#clock.now());
      this.#reopen(true);
    });
  }

  #onCreated(id: number): void {
    this.#backoff.reset();
    this.#pending.answered(id);
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    entry.refusals = 0;
    if (!entry.isInterrupted) return;
    entry.isInterrupted = false;
    entry.tell((follower) => follower.reset());
  }

  #onEvents(id: number, events: readonly WatchEvent[]): void {
    const entry = this.#byId.get(id);
    const last = events.at(-1);
    if (entry === undefined || last === undefined) return;
    const { next } = entry;
    if (last.revision >= next) entry.next = last.revision + 1n;
    for (const event of events) {
      if (event.revision < next) continue;
      entry.tell((follower) => follower.changed(event));
      if (event.type === 'delete') this.#onDeleted(event.key);
    }
  }

  #onCancelled(id: number, compacted: bigint | undefined, error: ElectionError): void {
    this.#pending.answered(id);
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    entry.isInterrupted = true;
    if (compacted !== undefined) {
      // Nothing after `compacted` is missed, and what was before it the followers read.
      if (compacted > entry.next) entry.next = compacted;
      this.#create(entry);
      return;
    }
    entry.refusals++;
    if (entry.refusals === 1) return this.#renew(entry);
    entry.cancelRetry = this.#clock.after(LONGEST_PAUSE, () => this.#create(entry));
    entry.tell((follower) => follower.refused(error));
  }

  /** The first time it may be that the stream's token has expired. Another stream gets another: one for all that are refused. */
  #renew(entry: SharedWatch): void {
    const now = this.#clock.now();
    if (now - this.#renewedAt <= LONGEST_PAUSE) return this.#create(entry);
    this.#renewedAt = now;
    this.#reopen(false);
  }

  #reopen(unanswered: boolean): void {
    this.#closeStream(unanswered);
    if (this.#byKey.size === 0) return;
    for (const entry of this.#byKey.values()) {
      entry.isInterrupted = true;
      entry.cancelRetry?.(); // it is created with the others
    }
    this.#isReopening = true;
    this.#cancelTimer = this.#clock.after(this.#backoff.next(), () => this.#open());
    if (!unanswered) return;
    // Nothing was heard for a while, and perhaps nothing will be on the next stream either.
    for (const entry of [...this.#byKey.values()]) entry.tell((follower) => follower.reset());
  }

  #closeStream(unanswered = false): void {
    this.#cancelTimer();
    this.#isReopening = false;
    const stream = this.#stream;
    this.#stream = undefined;
    this.#pending.clear();
    if (unanswered) stream?.overdue();
    // Also the stream before was not answered at all. When etcd is merely slow, a new connection would make it slower still.
    if (unanswered && ++this.#silences > 1) stream?.overdue();
    stream?.close();
  }
}
