import { type Candidate, leaderOf, toCandidate } from '../candidate.js';
import { onAbort } from '../common/abort.js';
import type { ElectionError } from '../errors.js';
import type { KeyValue } from '../store/store.js';
import type { LeaderObserver, News, View } from './leader-observer.js';
import type { LeaderWatcher } from './leader-watcher.js';

type Result = IteratorResult<Candidate | undefined, void>;

export interface LeaderIteratorParts {
  readonly view: View;
  readonly watcher: () => LeaderWatcher;
  /** Is told what goes wrong; the iteration goes on. */
  readonly failed: (error: ElectionError) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * An async iterable of who leads: now, then every change. A slow consumer gets the latest change, and no backlog. The
 * first `next()` begins to observe; the end of the iteration, whatever ends it, ends that too.
 *
 * This is no async generator: the `return()` of a generator waits for a `next()` that is under way, and here that would
 * be the next change of leader.
 */
export class LeaderIterator implements AsyncIterableIterator<Candidate | undefined, void>, LeaderObserver {
  readonly view: View;
  readonly failed: (error: ElectionError) => void;
  readonly #parts: LeaderIteratorParts;
  #watcher: LeaderWatcher | undefined;
  #stopListening = (): void => {};
  #latest: { readonly head: KeyValue | undefined } | undefined;
  /** Calls of `next()` that wait, in their order. */
  #waiting: ((result: Result) => void)[] = [];
  #isOver = false;
  /** Nobody leads, and that is the latest change, be it told or about to be. */
  #isNobody = false;

  constructor(parts: LeaderIteratorParts) {
    this.view = parts.view;
    this.failed = parts.failed;
    this.#parts = parts;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (this.#parts.signal?.aborted) this.#end();
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#watcher === undefined) this.#begin();
      this.#serve();
    });
  }

  return(): Promise<Result> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  // ---- from the leader watcher ----

  changed({ kv: head }: News): void {
    const leader = leaderOf(head);
    const error = this.view.queue.blockedBy(head);
    if (error !== undefined) this.failed(error);
    if (leader === undefined && this.#isNobody) return; // the key that blocks the election was written again
    this.#isNobody = leader === undefined;
    this.#latest = { head: leader };
    this.#serve();
  }

  #begin(): void {
    this.#watcher = this.#parts.watcher();
    this.#watcher.ask(this);
    this.#stopListening = onAbort(this.#parts.signal, () => this.#end());
  }

  #serve(): void {
    if (this.#latest === undefined) return;
    const resolve = this.#waiting.shift();
    if (resolve === undefined) return;
    const { head } = this.#latest;
    this.#latest = undefined;
    resolve({ done: false, value: head && toCandidate(head) });
  }

  #end(): void {
    this.#isOver = true;
    this.#stopListening();
    this.#watcher?.leave(this);
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }
}
