import type { Clock } from '../common/time.js';
import type { Store } from '../store/store.js';
import { WatchMultiplexer, type WatchOptions } from './multiplexer.js';
import type { GroupOf } from './pending-watches.js';
import type { Follower, SharedWatch, Subject } from './shared-watch.js';

/**
 * Keys that one stream carries before there is another. A member creates the watches of one stream one after the other,
 * some 1,500 in a second (measured on 3.4.23), so that a stream with 20,000 keys would need 13 s to get going again
 * after a break.
 */
const MOST_KEYS = 2_000;

/**
 * The watches of sessions that share a client: on one stream while they are few, on more when they are many, each on a
 * member of its own choice. A key is followed on one of them only, however many follow it.
 */
export class Watcher {
  readonly #newWatch: () => WatchMultiplexer;
  readonly #groupOf: GroupOf;
  readonly #all: WatchMultiplexer[] = [];

  constructor(store: Store, clock: Clock, options: WatchOptions) {
    this.#groupOf = options.groupOf;
    this.#newWatch = () => new WatchMultiplexer(store, clock, options, (key) => this.#onDeleted(key));
  }

  /** Follows a key or range from a revision on: the one after the read it continues. */
  follow(subject: Subject, from: bigint, follower: Follower): () => void {
    return this.#watchFor(subject).follow(subject, from, follower);
  }

  /** See {@link WatchMultiplexer.attach}. */
  attach(subject: Subject, from: bigint, follower: Follower): SharedWatch {
    return this.#watchFor(subject).attach(subject, from, follower);
  }

  /** Closes the streams on which nothing is followed any more, without waiting whether they are needed again soon. */
  closeIdle(): void {
    for (const watch of this.#all) watch.closeIdle();
  }

  #onDeleted(key: string): void {
    const group = this.#groupOf(key);
    for (const watch of this.#all) watch.suspect(group);
  }

  #watchFor(subject: Subject): WatchMultiplexer {
    const one = this.#all.find((watch) => watch.follows(subject)) ?? this.#all.find(({ size }) => size < MOST_KEYS);
    if (one !== undefined) return one;
    const another = this.#newWatch();
    this.#all.push(another);
    return another;
  }
}
