import { type Candidate, toCandidate } from '../candidate.js';
import { onAbort } from '../common/abort.js';
import type { KeyValue } from '../store/store.js';

/** What the producer of an observation is given. */
export interface LeaderSource {
  close(): void;
}

type Result = IteratorResult<Candidate | undefined, void>;

/**
 * An async iterable of who leads: now, then every change. A slow consumer gets the latest and no backlog. Each iteration
 * opens a source of its own with its first `next()`, and closes it however it ends.
 *
 * No async generator: whose `return()` waits for a `next()` that is under way, here until the next change of leader.
 */
export class LeaderIterator implements AsyncIterableIterator<Candidate | undefined, void> {
  readonly #open: (changed: (head: KeyValue | undefined) => void) => LeaderSource;
  readonly #signal: AbortSignal | undefined;
  #source: LeaderSource | undefined;
  #stopListening = (): void => {};
  #latest: { readonly head: KeyValue | undefined } | undefined;
  /** Calls of `next()` that wait, in their order. */
  #waiting: ((result: Result) => void)[] = [];
  #isOver = false;

  constructor(open: (changed: (head: KeyValue | undefined) => void) => LeaderSource, signal: AbortSignal | undefined) {
    this.#open = open;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (this.#signal?.aborted) this.#end();
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#source === undefined) this.#begin();
      this.#serve();
    });
  }

  return(): Promise<Result> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  #begin(): void {
    this.#source = this.#open((head) => {
      this.#latest = { head };
      this.#serve();
    });
    this.#stopListening = onAbort(this.#signal, () => this.#end());
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
    this.#source?.close();
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }
}
