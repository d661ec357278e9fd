import type { Candidacy, Head } from './candidacy.js';
import type { ElectionError } from './errors.js';
import type { Lookout } from './lookout.js';
import type { KeyValue } from './store.js';
import type { Watches } from './watches.js';

export interface ObserverHandlers {
  /** Somebody else leads, or nobody does, or the leader announces another value. */
  changed(head: KeyValue | undefined): void;
  failed(error: ElectionError): void;
}

/** What the queue can be looked at with: somebody's session. */
export interface Vantage {
  readonly candidacy: Candidacy;
  readonly watch: Watches;
}

/** A read of the head, or of the key that it found to be the head. */
export type News = Omit<Head, 'count'> & { readonly count?: number };

/** One who wants to know who leads. All of one election on one client share a {@link Lookout}, and what it sees. */
export class Observer {
  readonly vantage: Vantage;
  readonly #lookout: Lookout;
  readonly #on: ObserverHandlers;
  /** What was told last; undefined before the first time. */
  #told: { readonly kv: KeyValue | undefined } | undefined;

  constructor(lookout: Lookout, vantage: Vantage, on: ObserverHandlers) {
    this.#lookout = lookout;
    this.vantage = vantage;
    this.#on = on;
  }

  /** Asks etcd at once. */
  start(): void {
    this.#lookout.ask(this);
  }

  /** Somebody has read the head already. Older news than there is is none. */
  learn(news: News): void {
    this.#lookout.learn(this, news);
  }

  /** The head as far as it is known. */
  get head(): KeyValue | undefined {
    return this.#told?.kv;
  }

  close(): void {
    this.#lookout.leave(this);
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
