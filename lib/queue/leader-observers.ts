import type { ElectionError } from '../errors.js';
import type { ClientClosed, KeyValue } from '../store/store.js';
import type { Watcher } from '../watch/watcher.js';
import { isSame } from './keys.js';
import type { Head } from './place.js';
import type { Queue } from './queue.js';

/** What a session reads the queue and follows keys with. */
export interface QueueAccess {
  readonly queue: Queue;
  readonly watcher: Watcher;
}

/** A read of the head, or of a key that is known to be the head. */
export type News = Omit<Head, 'count'> & { readonly count?: number };

/** Wants to know who leads an election. */
export interface LeaderObserver {
  readonly access: QueueAccess;
  /** Somebody else leads, or nobody does, or the leader announces another value, as of this revision. */
  changed(news: News): void;
  /** A read or a watch failed; it is tried again. */
  failed(error: ElectionError): void;
  /** The client is closed: nothing is told any more. A candidate learns that when its lease has ended. */
  over?(error: ClientClosed): void;
}

interface Known {
  /** The observer was answered, or has learned by itself who leads: from now on it is told of changes. */
  isTold: boolean;
  /** What the observer was told last; undefined before the first time. Those that were told together share it. */
  last: News | undefined;
}

/** The observers of one election, in the order of their arrival, and what each of them was told last. */
export class LeaderObservers {
  readonly #known = new Map<LeaderObserver, Known>();

  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** The one that has been here for the longest time. */
  get first(): LeaderObserver | undefined {
    const [first] = this.#known.keys();
    return first;
  }

  add(observer: LeaderObserver): void {
    if (!this.#known.has(observer)) this.#known.set(observer, { isTold: false, last: undefined });
  }

  /** Returns false when the observer was not here. */
  remove(observer: LeaderObserver): boolean {
    return this.#known.delete(observer);
  }

  /** From now on the observer is told of changes, if it is still here. */
  include(observer: LeaderObserver): void {
    const known = this.#known.get(observer);
    if (known !== undefined) known.isTold = true;
  }

  /** The head as the observer was told. */
  headFor(observer: LeaderObserver): KeyValue | undefined {
    return this.#known.get(observer)?.last?.kv;
  }

  /** Tells one observer, if it is still here and was not told of the same key with the same value before. */
  tell(observer: LeaderObserver, news: News): void {
    const known = this.#known.get(observer);
    if (known === undefined) return;
    const before = known.last;
    known.last = news;
    if (before === undefined || !isSame(before.kv, news.kv)) observer.changed(news);
  }

  /** Tells all that are told of changes, unless one of them brings other news meanwhile: then `isLatest()` is false. */
  tellAll(news: News, isLatest: () => boolean): void {
    for (const [observer, { isTold }] of [...this.#known]) {
      if (!isLatest()) return;
      if (isTold) this.tell(observer, news);
    }
  }

  over(error: ClientClosed): void {
    for (const observer of [...this.#known.keys()]) observer.over?.(error);
  }

  fail(error: ElectionError): void {
    for (const observer of [...this.#known.keys()]) observer.failed(error);
  }
}
