import type { Task } from '../campaign/task-run.js';
import { withResolvers } from '../common/deferred.js';
import type { Leadership } from '../leadership.js';

/** What one caller does with the lock, once. */
export class LockWork<T> {
  /** Resolves when the task does not run any more. A task that has not begun does not run. */
  ended: Promise<void> = Promise.resolve();
  hasBegun = false;
  readonly #task: Task<T>;

  constructor(task: Task<T>) {
    this.#task = task;
  }

  async begin(leadership: Leadership): Promise<T> {
    const { promise, resolve } = withResolvers<void>();
    this.hasBegun = true;
    this.ended = promise;
    try {
      return await this.#task(leadership);
    } finally {
      resolve();
    }
  }
}
