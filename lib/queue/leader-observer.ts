import type { ElectionError } from '../errors.js';
import type { KeyValue } from '../store/store.js';
import type { Watcher } from '../watch/watcher.js';
import type { LeaderWatcher } from './leader-watcher.js';
import type { Head, Queue } from './queue.js';

export interface LeaderObserverHandlers {
  /** Somebody else leads, or nobody does, or the leader announces another value. */
  changed(head: KeyValue | undefined): void;
  failed(error: ElectionError): void;
}

/** What the queue can be looked at with: somebody's session. */
export interface Vantage {
  readonly queue: Queue;
  readonly watch: Watcher;
}

/** A read of the head, or of the key that it found to be the head. */
export type News = Omit<Head, 'count'> & { readonly count?: number };

/** One who wants to know who leads. All of one election on one client share a {@link LeaderWatcher}, and what it sees. */
export class LeaderObserver {
  readonly vantage: Vantage;
  readonly #leaderWatcher: LeaderWatcher;
  readonly #on: LeaderObserverHandlers;
  /** What was told last; undefined before the first time. */
  #told: { readonly kv: KeyValue | undefined } | undefined;

  constructor(leaderWatcher: LeaderWatcher, vantage: Vantage, on: LeaderObserverHandlers) {
    this.#leaderWatcher = leaderWatcher;
    this.vantage = vantage;
    this.#on = on;
  }

  /** Asks etcd at once. */
  start(): void {
    this.#leaderWatcher.ask(this);
  }

  /** Somebody has read the head already. Older news than there is is none. */
  learn(news: News): void {
    this.#leaderWatcher.learn(this, news);
  }

  /** The head as far as it is known. */
  get head(): KeyValue | undefined {
    return this.#told?.kv;
  }

  close(): void {
    this.#leaderWatcher.leave(this);
  }

  // ---- from the lookout ----

  /** A change of leader is a change of key, whatever the values. */
  tell(kv: KeyValue | undefined): void {
    const before = this.#told;
    this.#told = { kv };
    const isSame = before?.kv?.createRevision === kv?.createRevision && before?.kv?.modRevision === kv?.modRevision;
    if (before === undefined || !isSame) this.#on.changed(kv);
  }

  failed(error: ElectionError): void {
    this.#on.failed(error);
  }
}
