import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ElectionOptions } from '../../lib/index.js';
import { tracked } from './track.js';
import { SOON, until } from './wait.js';

const program = fileURLToPath(new URL('./programs/candidate.js', import.meta.url));

export interface CandidateOptions extends Pick<ElectionOptions, 'ttl' | 'renewDeadline' | 'releaseTimeout'> {
  readonly hosts: readonly string[];
  readonly name: string;
  readonly value?: string;
  /** Milliseconds between two looks at `isLeader()` from which on a pause is reported. */
  readonly pauseOver?: number;
  readonly history?: number;
}

export type Order = 'stop';

/** What the process tells. */
export type Report =
  | { readonly event: 'elected'; readonly token: string }
  | { readonly event: 'unelected'; readonly code: string }
  | { readonly event: 'stopped' }
  /** The first look at `isLeader()` after a pause, and whether `unelected` had been told by then. */
  | { readonly event: 'woke'; readonly gap: number; readonly isLeader: boolean; readonly isToldOver: boolean };

type ReportOf<E extends Report['event']> = Extract<Report, { event: E }>;

/** A candidate in a process of its own. The process is killed at the end of the spec if it still runs. */
export class CandidateProcess {
  readonly reports: Report[] = [];
  readonly #child: ChildProcess;

  constructor(options: CandidateOptions) {
    this.#child = fork(program, [JSON.stringify(options)]);
    this.#child.on('message', (message) => this.reports.push(message as Report));
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async heard<E extends Report['event']>(event: E, within = SOON): Promise<ReportOf<E>> {
    const found = (): ReportOf<E> | undefined => this.reports.find((r): r is ReportOf<E> => r.event === event);
    return await until(found, { within, what: `a candidate process to report ${event}` });
  }

  /** Asks it to stop its election and close its client. */
  askToStop(): void {
    this.#child.send('stop' satisfies Order);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when it has gone. */
  async exited(within = SOON): Promise<void> {
    await until(() => this.hasExited, { within, what: 'a candidate process to exit' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.hasExited) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}

export function runCandidate(options: CandidateOptions): CandidateProcess {
  return tracked(new CandidateProcess(options));
}
