import type { ElectionError } from '../errors.js';
import type { Watcher } from '../watch/watcher.js';
import type { Head } from './place.js';
import type { Queue } from './queue.js';

/** What a session reads the queue and follows keys with. */
export interface View {
  readonly queue: Queue;
  readonly watcher: Watcher;
}

/** A read of the head, or of a key that is known to be the head. */
export type News = Omit<Head, 'count'> & { readonly count?: number };

/** One that wants to know who leads. */
export interface LeaderObserver {
  readonly view: View;
  /** Somebody else leads, or nobody does, or the leader announces another value, as of this revision. */
  changed(news: News): void;
  /** A read or a watch failed; it is tried again. */
  failed(error: ElectionError): void;
}
