import { leaseIn } from '../../lib/queue/keys.js';
import type { LeaderObserver, News, QueueAccess } from '../../lib/queue/leader-observers.js';
import type { LeaderWatcher } from '../../lib/queue/leader-watcher.js';
import { Queue } from '../../lib/queue/queue.js';
import type { KeyValue } from '../../lib/store/store.js';
import { Watcher } from '../../lib/watch/watcher.js';
import { type Process, recordLog } from './world.js';

/** An observer of the election `jobs`, with a queue and watches of its own, as a session has them. */
export class Observer {
  readonly #watcher: () => LeaderWatcher;
  readonly #observer: LeaderObserver;
  #used: LeaderWatcher | undefined;

  /** `watcher` is called when the observer begins. */
  constructor(watcher: () => LeaderWatcher, { store, clock }: Process, on: Omit<LeaderObserver, 'access'>) {
    const access: QueueAccess = {
      queue: new Queue(store, 'jobs', recordLog),
      watcher: new Watcher(store, clock, { quiet: 5_000, patience: 2_000, groupOf: leaseIn }),
    };
    this.#watcher = watcher;
    this.#observer = { access, ...on };
  }

  start(): void {
    this.#watched.ask(this.#observer);
  }

  learn(news: News): void {
    this.#watched.learn(this.#observer, news);
  }

  get head(): KeyValue | undefined {
    return this.#watched.headFor(this.#observer);
  }

  close(): void {
    this.#used?.leave(this.#observer);
  }

  get #watched(): LeaderWatcher {
    this.#used ??= this.#watcher();
    return this.#used;
  }
}
