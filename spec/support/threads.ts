import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LeadershipHandle } from '../../lib/leadership.js';

const program = new URL('./programs/watchman.js', import.meta.url);

/** How a thread has seen the end of a term. */
export interface End {
  /** When `isCurrent()` was false, on the clock of `process.hrtime`; and on the wall clock, in ms. */
  readonly seenAt: bigint;
  readonly seenOn: number;
  /** When `signalOf()` was aborted, on the clock of `process.hrtime`. */
  readonly toldAt: bigint;
  readonly code: string;
}

/** A thread that watches handles until all of their terms have ended. */
export class Watchman {
  readonly #worker: Worker;
  /** Every message from the start on: the second may come in the same moment as the first. */
  readonly #messages: AsyncIterator<unknown[]>;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#messages = on(worker, 'message');
  }

  /** Resolves when it watches. */
  static async start(handles: readonly LeadershipHandle[]): Promise<Watchman> {
    const worker = new Worker(program, { workerData: handles });
    const watchman = new Watchman(worker);
    await watchman.#messages.next();
    return watchman;
  }

  async ends(): Promise<readonly End[]> {
    const { value } = await this.#messages.next();
    return value[0] as readonly End[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
