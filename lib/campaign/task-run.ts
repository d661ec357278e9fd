import { withResolvers } from '../common/deferred.js';
import type { ElectionError } from '../errors.js';
import type { Leadership } from '../leadership.js';
import type { Logger } from '../log.js';
import type { Term } from './term.js';
import type { WaitLimit } from './wait-limit.js';

/** What `run()` does in each term. */
export type Task<T> = (leadership: Leadership) => T | PromiseLike<T>;

/** What a campaign needs to know about the work that is done in its terms. */
export interface Workload {
  /** There while the work runs; resolves when the work has settled. Never rejects. */
  readonly running: Promise<void> | undefined;
  begin(term: Term): void;
  /** There is no term for now: the candidate waits behind another; or, with `failure`, it could not join. */
  notElected(failure?: ElectionError): void;
  /** There will be no further term. */
  cancel(reason: ElectionError): void;
}

/**
 * The task of one `run()`: called anew in each term, never twice at a time. What the task returns or throws counts only
 * if the term has lasted until then: after the end of its term the task is only winding down.
 */
export class TaskRun<T> implements Workload {
  /** Resolves with the task's result; rejects with its error, or with the reason why there will be no further term. */
  readonly outcome: Promise<T>;
  readonly #task: Task<T>;
  readonly #requeue: boolean;
  readonly #log: () => Logger;
  readonly #resolve: (value: T) => void;
  readonly #reject: (reason: unknown) => void;
  #limit: WaitLimit | undefined;
  #running: Promise<void> | undefined;
  #isCancelled = false;

  constructor(task: Task<T>, requeue: boolean, log: () => Logger) {
    this.#task = task;
    this.#requeue = requeue;
    this.#log = log;
    const { promise, resolve, reject } = withResolvers<T>();
    this.outcome = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get running(): Promise<void> | undefined {
    return this.#running;
  }

  /** How long the first term is waited for. */
  limit(limit: WaitLimit): void {
    this.#limit = limit;
  }

  notElected(failure?: ElectionError): void {
    this.#limit?.notElected(failure);
  }

  begin(term: Term): void {
    this.#limit?.close();
    const running = this.#run(term);
    this.#running = running;
    void running.then(() => {
      if (this.#running === running) this.#running = undefined;
    });
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  cancel(reason: ElectionError): void {
    this.#isCancelled = true;
    this.#limit?.close();
    this.#reject(reason);
  }

  async #run(term: Term): Promise<void> {
    try {
      const result = await this.#task(term);
      if (term.ended === undefined) this.#resolve(result);
    } catch (err) {
      if (term.ended === undefined) this.#reject(err);
      else this.#log().debug({ err }, 'the task failed after its term had ended');
    }
    if (term.ended !== undefined && !this.#requeue) this.#reject(term.ended);
  }
}
