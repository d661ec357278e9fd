import { onAbort } from './abort.js';

/**
 * An async iterable of something that changes: as it is now, then after every change. A slow consumer gets the latest,
 * and no backlog. The first `next()` begins to follow; the end of the iteration, whatever ends it, ends that too.
 *
 * This is no async generator: the `return()` of a generator waits for a `next()` that is under way, and here that would
 * be the next change.
 */
export abstract class LatestIterator<T> implements AsyncIterableIterator<T, void> {
  readonly #signal: AbortSignal | undefined;
  #stopListening = (): void => {};
  /** What has not been told. */
  #latest: (() => T) | undefined;
  /** Calls of `next()` that wait, in their order. */
  #waiting: ((result: IteratorResult<T, void>) => void)[] = [];
  #hasBegun = false;
  #isOver = false;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, void>> {
    if (this.#signal?.aborted) this.#end();
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#hasBegun) {
        this.#hasBegun = true;
        this.#stopListening = onAbort(this.#signal, () => this.#end());
        this.begin();
      }
      this.#serve();
    });
  }

  return(): Promise<IteratorResult<T, void>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Begins to follow. */
  protected abstract begin(): void;

  /** Follows no longer. Called at the end, also when nothing has begun. */
  protected abstract end(): void;

  /** There is something to tell; `latest` is called when somebody wants it, unless there is something later by then. */
  protected tell(latest: () => T): void {
    this.#latest = latest;
    this.#serve();
  }

  #serve(): void {
    const latest = this.#latest;
    if (latest === undefined) return;
    const resolve = this.#waiting.shift();
    if (resolve === undefined) return;
    this.#latest = undefined;
    resolve({ done: false, value: latest() });
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopListening();
    this.end();
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }
}
