import type { SharedEnvironment } from '../environment.js';
import type { ElectionError } from '../errors.js';
import { FreshRead, type Reader } from '../queue/fresh-read.js';
import { rangeEndOf } from '../queue/keys.js';
import { ClientClosed, type WatchEvent } from '../store/store.js';
import type { Follower } from '../watch/shared-watch.js';
import { type FirstRead, readPrefix } from './first-read.js';
import { HeadReads } from './head-reads.js';
import type { Seen } from './seen.js';

/** Milliseconds between two looks whether etcd answers: a watch says nothing while etcd is away. */
const ASK_EVERY = 5_000;
/** Milliseconds: a watch that has become silent is noticed as soon as by sessions of this TTL. */
const TTL = 10_000;

export interface FollowingHandlers {
  /** Something was seen. */
  seen(): void;
  /** etcd has begun to answer a read of all. */
  heard(): void;
  /** etcd does not answer, or refuses; it is asked again, unless the client is closed. */
  failed(error: unknown): void;
  /** All was read: for the first time, or again. */
  read(): void;
}

/**
 * Keeps what a view has seen up to date: one read of all, then one watch of the range. When the watch was interrupted
 * all is read again.
 */
export class Following implements Reader<FirstRead>, Follower {
  readonly #environment: SharedEnvironment;
  readonly #prefix: string;
  readonly #seen: Seen;
  readonly #on: FollowingHandlers;
  readonly #freshRead: FreshRead<FirstRead>;
  readonly #headReads: HeadReads;
  #unfollow: () => void = () => {};
  #cancelAsking: () => void = () => {};
  #epoch = 0;
  #isOut = false;
  #isClosed = false;

  constructor(environment: SharedEnvironment, prefix: string, seen: Seen, on: FollowingHandlers) {
    const { store, clock } = environment;
    this.#environment = environment;
    this.#prefix = prefix;
    this.#seen = seen;
    this.#on = on;
    this.#freshRead = new FreshRead(clock, this);
    this.#headReads = new HeadReads(store, clock, seen, {
      learned: () => on.seen(),
      failed: (error) => this.#fail(error),
    });
    this.#freshRead.now();
    this.#askLater();
  }

  close(): void {
    this.#isClosed = true;
    this.#freshRead.close();
    this.#headReads.close();
    this.#unfollow();
    this.#cancelAsking();
  }

  // ---- all is read ----

  /** What the watch would tell until the answer is there, the next watch tells again. */
  async read(): Promise<FirstRead> {
    this.#unfollow();
    this.#unfollow = () => {};
    return await readPrefix(this.#environment, this.#prefix, this.#seen, () => this.#on.heard());
  }

  found(read: FirstRead): void {
    this.#seen.load(read, read.epoch !== this.#epoch);
    this.#epoch = read.epoch;
    this.#isOut = false;
    const key = this.#prefix === '' ? '\0' : this.#prefix;
    const watcher = this.#environment.watcherFor(TTL);
    this.#unfollow = watcher.follow({ key, end: rangeEndOf(this.#prefix) }, read.revision + 1n, this);
    this.#headReads.look();
    this.#on.read();
  }

  readFailed(error: unknown): void {
    this.#fail(error);
  }

  // ---- from the watch ----

  changed(event: WatchEvent): void {
    this.#seen.apply(event);
  }

  told(): void {
    this.#seen.endRevision();
    this.#headReads.look();
    this.#on.seen();
  }

  reset(): void {
    this.#freshRead.now();
  }

  refused(error: ElectionError): void {
    this.#fail(error);
  }

  over(error: ClientClosed): void {
    this.#fail(error);
  }

  // ---- whether etcd answers ----

  #askLater(): void {
    this.#cancelAsking = this.#environment.clock.after(ASK_EVERY, () => this.#ask());
  }

  /** One key by its name: the cheapest question that a majority must answer. */
  #ask(): void {
    const key = this.#prefix === '' ? '\0' : this.#prefix;
    const range = { key, order: 'key', limit: 1, keysOnly: true } as const;
    const answered = this.#environment.store.txn({ compare: [], success: [{ type: 'range', range }], failure: [] });
    answered
      .then(
        () => this.#onAnswer(),
        (error: unknown) => this.#fail(error),
      )
      .finally(() => {
        if (!this.#isClosed) this.#askLater();
      });
  }

  #onAnswer(): void {
    if (this.#isClosed) return;
    if (this.#isOut && !this.#freshRead.isDue) this.#freshRead.now();
    if (this.#seen.tidy()) this.#on.seen();
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    this.#isOut = true;
    if (error instanceof ClientClosed) this.close();
    this.#on.failed(error);
  }
}
