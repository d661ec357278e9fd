import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { tracked } from '../track.js';
import { SOON, until } from '../wait.js';

const program = fileURLToPath(new URL('../programs/queue-worker.js', import.meta.url));

/** A job of this name never ends on a worker that `hangs`. */
export const HANGING = 'hanging';

export interface QueueWorkerOptions {
  readonly kind: 'BullMQ' | 'pg-boss';
  /** The port of Redis or of PostgreSQL. */
  readonly port: number;
  readonly hosts: readonly string[];
  readonly pool: string;
  readonly member: string;
  readonly partitions: number;
  readonly ttl: number;
  readonly hangs: boolean;
}

export type QueueOrder = 'stop';

/** What the process tells. */
export type QueueReport = { readonly event: 'gained' | 'lost'; readonly partition: string };

/** A worker of a pool that does the jobs of queues, in a process of its own. It is killed at the end of the spec. */
export class QueueWorker {
  readonly member: string;
  readonly owned = new Set<string>();
  readonly #child: ChildProcess;

  constructor(options: QueueWorkerOptions) {
    this.member = options.member;
    this.#child = fork(program, [JSON.stringify(options)]);
    this.#child.on('message', (message) => {
      const { event, partition } = message as QueueReport;
      if (event === 'gained') this.owned.add(partition);
      else this.owned.delete(partition);
    });
  }

  askToStop(): void {
    this.#child.send('stop' satisfies QueueOrder);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Resolves with the exit code; null when a signal ended the process. */
  async exited(within = SOON): Promise<number | null> {
    await until(() => this.#hasExited, { within, what: `worker ${this.member} to exit` });
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasExited) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  get #hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

export function runQueueWorker(options: QueueWorkerOptions): QueueWorker {
  return tracked(new QueueWorker(options));
}
