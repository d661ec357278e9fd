import { Backoff } from './backoff.js';
import type { ElectionError } from './errors.js';
import type { Store, WatchEvent, WatchStream } from './store.js';
import { type Clock, soon } from './time.js';

export interface Follower {
  /** Something under the key has changed. Events of one key come in order and, in a row without `reset`, without gaps. */
  changed(event: WatchEvent): void;
  /** The watch was interrupted and runs again: what happened meanwhile is best learned by reading. */
  reset(): void;
  /** etcd refuses the watch; it is tried again. */
  refused(error: ElectionError): void;
}

/** One watch in etcd, shared by everybody who follows the same key. */
interface Entry {
  id: number;
  readonly key: string;
  readonly end: string | undefined;
  /** First revision that has not been seen. */
  next: bigint;
  isInterrupted: boolean;
  /** How often in a row etcd has refused it. */
  refusals: number;
  cancelRetry: () => void;
  readonly followers: Follower[];
}

function newEntry(key: string, end: string | undefined, from: bigint, follower: Follower): Entry {
  const fresh = { id: 0, isInterrupted: false, refusals: 0, cancelRetry: () => {} };
  return { ...fresh, key, end, next: from, followers: [follower] };
}

function nameOf(key: string, end: string | undefined): string {
  return end === undefined ? key : `${key}\0${end}`;
}

function tell(entry: Entry, say: (follower: Follower) => void): void {
  const [only] = entry.followers;
  if (only !== undefined && entry.followers.length === 1) return say(only);
  for (const follower of [...entry.followers]) {
    if (entry.followers.includes(follower)) say(follower); // an earlier one may have made it leave
  }
}

/** ms of quiet before a sign of life is asked for, and how long that may take. */
export interface WatchTimings {
  readonly quiet: number;
  readonly patience: number;
}

/** Opening again, ms: soon at first, since a leader may be waiting for us. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 2_000;

/**
 * Any number of watches on one stream.
 *
 * The stream is asked for a sign of life when it has been quiet for a while: on a half-open connection, or on a member
 * that has stopped, it would be quiet for ever. It is opened again on another member, each watch goes on from the
 * last revision it saw, and its followers are told to read. There is a stream only while something is followed.
 */
export class Watch {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #quiet: number;
  readonly #patience: number;
  readonly #backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  readonly #byId = new Map<number, Entry>();
  readonly #byKey = new Map<string, Entry>();
  #stream: WatchStream | undefined;
  #lastId = 0;
  #lastAlive = 0;
  #cancelTimer: () => void = () => {};
  #isReopening = false;

  constructor(store: Store, clock: Clock, { quiet, patience }: WatchTimings) {
    this.#store = store;
    this.#clock = clock;
    this.#quiet = quiet;
    this.#patience = patience;
  }

  /** Keys and ranges that are followed. */
  get size(): number {
    return this.#byKey.size;
  }

  follows(key: string, end: string | undefined): boolean {
    return this.#byKey.has(nameOf(key, end));
  }

  /** Follows a key, or all keys from `key` up to `end`, from a revision on: the one after the read it continues. */
  follow(key: string, end: string | undefined, from: bigint, follower: Follower): () => void {
    const name = nameOf(key, end);
    let entry = this.#byKey.get(name);
    if (entry === undefined) {
      entry = newEntry(key, end, from, follower);
      this.#byKey.set(name, entry);
      if (this.#stream !== undefined) this.#create(entry);
      else if (!this.#isReopening) this.#open();
    } else {
      entry.followers.push(follower);
      this.#catchUp(entry, from, follower);
    }
    const joined = entry;
    return () => this.#leave(name, joined, follower);
  }

  close(): void {
    for (const entry of this.#byKey.values()) entry.cancelRetry();
    this.#byId.clear();
    this.#byKey.clear();
    this.#closeStream();
  }

  /**
   * What happened between the newcomer's read and now may have been told to the others already, or have been before
   * their watch began. The last change would not say all: a key can be deleted and be there again.
   */
  #catchUp(entry: Entry, from: bigint, follower: Follower): void {
    if (from >= entry.next) return;
    soon(() => {
      if (entry.followers.includes(follower)) follower.reset();
    });
  }

  #leave(name: string, entry: Entry, follower: Follower): void {
    const at = entry.followers.indexOf(follower);
    if (at < 0) return;
    entry.followers.splice(at, 1);
    if (entry.followers.length > 0 || this.#byKey.get(name) !== entry) return;
    this.#byKey.delete(name);
    this.#byId.delete(entry.id);
    entry.cancelRetry();
    if (this.#byKey.size === 0) this.#closeStream();
    else this.#stream?.cancel(entry.id);
  }

  #create(entry: Entry): void {
    this.#byId.delete(entry.id);
    entry.cancelRetry();
    entry.id = ++this.#lastId; // a new one each time: what comes late for the old one is nobody's
    this.#byId.set(entry.id, entry);
    this.#stream?.create(entry.id, entry.key, entry.end, entry.next);
  }

  #open(): void {
    this.#isReopening = false;
    const isCurrent = (): boolean => this.#stream === stream;
    const stream = this.#store.watch({
      alive: () => {
        if (isCurrent()) this.#lastAlive = this.#clock.now();
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
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    entry.refusals = 0;
    if (!entry.isInterrupted) return;
    entry.isInterrupted = false;
    tell(entry, (follower) => follower.reset());
  }

  #onEvents(id: number, events: readonly WatchEvent[]): void {
    const entry = this.#byId.get(id);
    const last = events.at(-1);
    if (entry === undefined || last === undefined) return;
    const { next } = entry;
    if (last.revision >= next) entry.next = last.revision + 1n;
    for (const event of events) {
      if (event.revision < next) continue;
      tell(entry, (follower) => follower.changed(event));
    }
  }

  #onCancelled(id: number, compacted: bigint | undefined, error: ElectionError): void {
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
    // The first time it may be that the stream's token has expired, and another stream gets another.
    if (entry.refusals === 1) return this.#reopen(false);
    entry.cancelRetry = this.#clock.after(LONGEST_PAUSE, () => this.#create(entry));
    tell(entry, (follower) => follower.refused(error));
  }

  #reopen(unanswered: boolean): void {
    this.#closeStream(unanswered);
    for (const entry of this.#byKey.values()) entry.isInterrupted = true;
    this.#isReopening = true;
    this.#cancelTimer = this.#clock.after(this.#backoff.next(), () => this.#open());
  }

  #closeStream(unanswered = false): void {
    this.#cancelTimer();
    this.#isReopening = false;
    const stream = this.#stream;
    this.#stream = undefined;
    if (unanswered) stream?.overdue();
    stream?.close();
  }
}
