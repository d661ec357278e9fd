import { AsyncResource } from 'node:async_hooks';
import { withResolvers } from '../common/deferred.js';
import type { ElectionError, ElectionErrorCode } from '../errors.js';
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
  /** There will be no further term. The reason tells whether the user has wanted that. */
  cancel(reason: ElectionError): void;
}

/** The ways in which the user ends a term and the candidacy with it. */
const PLANNED: ReadonlySet<ElectionErrorCode> = new Set(['STOPPED', 'ABORTED']);

/**
 * The task of one `run()`: called anew in each term, never twice at a time. What the task returns or throws counts only
 * if the term has lasted until then: after the end of its term the task is only winding down. The task runs in the
 * async context of the call of `run()`, since a term can begin in anybody's.
 */
export class TaskRun<T> implements Workload {
  /**
   * Resolves with the task's result, or with undefined when the user has stopped the candidate; rejects with the task's
   * error, or with the reason of a loss after which the task must not run again.
   */
  readonly outcome: Promise<T | undefined>;
  readonly #task: Task<T>;
  readonly #requeue: boolean;
  readonly #log: Logger;
  readonly #context = new AsyncResource('EtcdLeaderTask');
  readonly #resolve: (value: T | undefined) => void;
  readonly #reject: (reason: unknown) => void;
  #limit: WaitLimit | undefined;
  #running: Promise<void> | undefined;
  #isCancelled = false;

  constructor(task: Task<T>, requeue: boolean, log: Logger) {
    this.#task = task;
    this.#requeue = requeue;
    this.#log = log;
    const { promise, resolve, reject } = withResolvers<T | undefined>();
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
    if (PLANNED.has(reason.code)) this.#resolve(undefined);
    else this.#reject(reason);
  }

  async #run(term: Term): Promise<void> {
    try {
      const result = await this.#context.runInAsyncScope(this.#task, undefined, term);
      if (term.lostBy === undefined) this.#resolve(result);
    } catch (err) {
      if (term.lostBy === undefined) this.#reject(err);
      else this.#log.debug({ err }, 'the task failed after its term had ended');
    }
    const { lostBy } = term;
    if (lostBy !== undefined && !this.#requeue && !PLANNED.has(lostBy.code)) this.#reject(lostBy);
  }
}
