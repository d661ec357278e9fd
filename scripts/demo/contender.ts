import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./candidate.js', import.meta.url));

/** What a candidate's process tells, and when. */
export type Report =
  | { readonly event: 'elected'; readonly at: number; readonly token: string }
  | { readonly event: 'unelected' | 'error'; readonly at: number; readonly reason: string };

export interface ContenderOptions {
  readonly hosts: readonly string[];
  readonly election: string;
  readonly ttl: number;
}

/** A candidate's process, seen from the demo. */
export class Contender {
  readonly name: string;
  readonly reports: Report[] = [];
  readonly #process: ChildProcess;

  constructor(name: string, { hosts, election, ttl }: ContenderOptions) {
    this.name = name;
    this.#process = fork(program, [hosts.join(','), election, name, String(ttl)]);
    this.#process.on('message', (report: Report) => this.reports.push(report));
    this.#process.on('error', () => {}); // seen as an end that was not asked for
    process.once('exit', () => this.#process.kill('SIGKILL'));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Undefined while the process runs; then its exit code, or the signal that ended it. */
  get ended(): number | NodeJS.Signals | undefined {
    return this.#process.exitCode ?? this.#process.signalCode ?? undefined;
  }

  get elected(): Extract<Report, { event: 'elected' }> | undefined {
    return this.reports.find((report) => report.event === 'elected');
  }

  get unelected(): Report | undefined {
    return this.reports.find((report) => report.event === 'unelected');
  }

  send(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#process.kill(signal);
  }
}
