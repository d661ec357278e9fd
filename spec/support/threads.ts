import { once } from 'node:events';
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
  readonly #ends: Promise<readonly [readonly End[]]>;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#ends = once(worker, 'message') as Promise<[readonly End[]]>;
    this.#ends.catch(() => {}); // `ends()` tells
  }

  /** Resolves when it watches. */
  static async start(handles: readonly LeadershipHandle[]): Promise<Watchman> {
    const worker = new Worker(program, { workerData: handles });
    await once(worker, 'message');
    return new Watchman(worker);
  }

  async ends(): Promise<readonly End[]> {
    const [ends] = await this.#ends;
    return ends;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
