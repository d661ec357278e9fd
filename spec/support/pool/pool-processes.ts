import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { tracked } from '../track.js';
import { SOON, until } from '../wait.js';

const program = fileURLToPath(new URL('../programs/pool-worker.js', import.meta.url));

export interface PoolWorkerOptions {
  readonly hosts: readonly string[];
  readonly name: string;
  readonly member: string;
  readonly partitions: number;
  readonly ttl: number;
  readonly settle?: number;
}

export type PoolOrder = 'stop';

/** What the process tells. Times are of the machine's clock, so those of all processes can be compared. */
export type PoolReport =
  | { readonly event: 'gained'; readonly partition: string; readonly token: string }
  | { readonly event: 'lost'; readonly partition: string; readonly code: string }
  /** `owns()` was true at each look from then to then. */
  | { readonly event: 'owned'; readonly partition: string; readonly from: number; readonly to: number }
  | { readonly event: 'begins'; readonly partition: string; readonly at: number }
  | { readonly event: 'ends'; readonly partition: string; readonly at: number; readonly code: string }
  | { readonly event: 'coordinating'; readonly isCoordinating: boolean }
  | { readonly event: 'error'; readonly code: string; readonly message: string }
  | { readonly event: 'stopped' };

/** A worker of a pool in a process of its own. The process is killed at the end of the spec if it still runs. */
export class PoolProcess {
  readonly member: string;
  /** What it is called in the spec. */
  readonly label: string;
  readonly reports: PoolReport[] = [];
  readonly owned = new Set<string>();
  isCoordinator = false;
  readonly #child: ChildProcess;

  constructor(options: PoolWorkerOptions, label: string) {
    this.member = options.member;
    this.label = label;
    this.#child = fork(program, [JSON.stringify(options)]);
    this.#child.on('message', (message) => this.#hear(message as PoolReport));
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  of<E extends PoolReport['event']>(event: E): Extract<PoolReport, { event: E }>[] {
    return this.reports.filter((report): report is Extract<PoolReport, { event: E }> => report.event === event);
  }

  askToStop(): void {
    this.#child.send('stop' satisfies PoolOrder);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async exited(within = SOON): Promise<void> {
    await until(() => this.hasExited, { within, what: `worker ${this.label} to exit` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.hasExited) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  #hear(report: PoolReport): void {
    this.reports.push(report);
    if (report.event === 'gained') this.owned.add(report.partition);
    if (report.event === 'lost') this.owned.delete(report.partition);
    if (report.event === 'coordinating') this.isCoordinator = report.isCoordinating;
  }
}

export function runPoolWorker(options: PoolWorkerOptions, label = options.member): PoolProcess {
  return tracked(new PoolProcess(options, label));
}
