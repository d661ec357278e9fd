import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from './wait.js';

const program = fileURLToPath(new URL('./programs/blocked-leader.js', import.meta.url));

export interface BlockedOptions {
  readonly hosts: readonly string[];
  readonly names: readonly string[];
  /** Seconds. */
  readonly ttl: number;
  /** Milliseconds that the main thread blocks. */
  readonly blocked: number;
}

/** Times are on the wall clock, in ms; `seenOn` in the order of the names. */
export type BlockedReport =
  | { readonly event: 'leading' }
  | { readonly event: 'ends'; readonly unblockedOn: number; readonly seenOn: readonly number[] };

/** A process that leads many elections and blocks its main thread on demand. It is killed at the end of the spec. */
export class BlockedLeader {
  readonly #reports: BlockedReport[] = [];
  readonly #child: ChildProcess;

  constructor(options: BlockedOptions) {
    this.#child = fork(program, [JSON.stringify(options)]);
    this.#child.on('message', (message) => this.#reports.push(message as BlockedReport));
  }

  async heard<E extends BlockedReport['event']>(event: E): Promise<Extract<BlockedReport, { event: E }>> {
    const is = (r: BlockedReport): r is Extract<BlockedReport, { event: E }> => r.event === event;
    return await until(() => this.#reports.find(is), { what: `the process to report ${event}` });
  }

  block(): void {
    this.#child.send('block');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isGone = (): boolean => this.#child.exitCode !== null || this.#child.signalCode !== null;
    this.#child.kill('SIGKILL');
    await until(isGone, { what: 'the process to exit' });
  }
}
