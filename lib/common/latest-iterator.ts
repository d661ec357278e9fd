import { onAbort } from './abort.js';
import { type Deferred, withResolvers } from './deferred.js';

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
  #waiting: Deferred<IteratorResult<T, void>>[] = [];
  /** What has ended the iteration, and was told to nobody. */
  #failure: Error | undefined;
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
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) return Promise.reject(failure);
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    const waiting = withResolvers<IteratorResult<T, void>>();
    this.#waiting.push(waiting);
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#stopListening = onAbort(this.#signal, () => this.#end());
      this.begin();
    }
    this.#serve();
    return waiting.promise;
  }

  return(): Promise<IteratorResult<T, void>> {
    this.#failure = undefined;
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

  /** There will be nothing to tell any more: the `next()` that waits, or the one that comes, rejects. */
  protected fail(error: Error): void {
    if (this.#isOver) return;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#failure = error;
    else waiting.reject(error);
    this.#end();
  }

  #serve(): void {
    const latest = this.#latest;
    if (latest === undefined) return;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) return;
    this.#latest = undefined;
    waiting.resolve({ done: false, value: latest() });
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopListening();
    this.end();
    for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }
}
