import { AsyncResource } from 'node:async_hooks';
import type { Workload } from '../campaign/task-run.js';
import { withResolvers } from '../common/deferred.js';
import { type Clock, sleep } from '../common/time.js';
import { ElectionError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Ownership } from './ownership.js';

/** What `run()` of a pool does for each partition that the worker owns. */
export type PoolTask = (ownership: Ownership) => void | PromiseLike<void>;

/** Milliseconds before a task that has thrown is called again; the pause doubles up to the longest. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;

/** The task of a `run()`. It runs in the async context of that call, since a partition can be gained in anybody's. */
export class BoundTask {
  readonly #task: PoolTask;
  readonly #context = new AsyncResource('EtcdLeaderTask');

  constructor(task: PoolTask) {
    this.#task = task;
  }

  call(ownership: Ownership): void | PromiseLike<void> {
    return this.#context.runInAsyncScope(this.#task, undefined, ownership);
  }
}

export interface PartitionWorkParts {
  readonly clock: Clock;
  readonly log: () => Logger;
  /** The ownership that there is now. */
  readonly ownership: () => Ownership | undefined;
  /** The worker waits behind the present owner. */
  readonly waits: () => void;
  readonly failed: (error: ElectionError) => void;
}

/**
 * The work that a worker does in one partition: the task of `run()`, if there is one, called when the partition is
 * gained, and again when it throws. Never two calls at a time: a partition that comes back waits for the call before.
 */
export class PartitionWork implements Workload {
  readonly #parts: PartitionWorkParts;
  readonly #givenUp = withResolvers<void>();
  #task: BoundTask | undefined;
  /** There until the task has ended. */
  #ended: Promise<void> | undefined;
  /** There until the task has ended, or nobody waits for it any more. */
  #running: Promise<void> | undefined;

  constructor(parts: PartitionWorkParts, task: BoundTask | undefined) {
    this.#parts = parts;
    this.#task = task;
  }

  /** What the release of the key waits for. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  /** There while the task runs, also when nobody waits for it any more. */
  get ended(): Promise<void> | undefined {
    return this.#ended;
  }

  /** The task to do from now on. */
  assign(task: BoundTask | undefined): void {
    this.#task = task;
    const ownership = this.#parts.ownership();
    if (ownership?.isCurrent()) this.#begin(ownership);
  }

  begin(): void {
    const ownership = this.#parts.ownership();
    if (ownership !== undefined) this.#begin(ownership);
  }

  notElected(failure?: ElectionError): void {
    if (failure === undefined) this.#parts.waits();
  }

  cancel(): void {}

  /** Nobody waits for the task any more. Returns whether it still runs. */
  giveUp(): boolean {
    this.#givenUp.resolve();
    const runs = this.#running !== undefined;
    this.#running = undefined;
    return runs;
  }

  #begin(ownership: Ownership): void {
    const task = this.#task;
    if (task === undefined || this.#ended !== undefined) return;
    const ended = this.#run(task, ownership).then(() => {
      this.#ended = undefined;
      this.#running = undefined;
    });
    this.#ended = ended;
    this.#running = Promise.race([ended, this.#givenUp.promise]);
  }

  /** Calls the task until it returns, or until the ownership is lost. Never rejects. */
  async #run(task: BoundTask, ownership: Ownership): Promise<void> {
    const { clock } = this.#parts;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
      const startedAt = clock.now();
      try {
        await task.call(ownership);
        return;
      } catch (err) {
        if (ownership.signal.aborted) {
          this.#parts
            .log()
            .debug({ err, partition: ownership.partition }, 'the task failed after its partition was lost');
          return;
        }
        if (clock.now() - startedAt > LONGEST_PAUSE) pause = FIRST_PAUSE; // it has worked for a while
        this.#parts.failed(taskFailed(ownership.partition, pause, err));
      }
      if (!(await sleep(clock, pause, ownership.signal))) return;
    }
  }
}

function taskFailed(partition: string, pause: number, cause: unknown): ElectionError {
  const said = cause instanceof Error ? cause.message : String(cause);
  const what = `the task of partition ${JSON.stringify(partition)} failed: ${said}`;
  return new ElectionError('TASK_FAILED', `${what}; calling it again in ${pause / 1_000} s`, { cause });
}
