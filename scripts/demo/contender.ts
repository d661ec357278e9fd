import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./candidate.js', import.meta.url));

/** What a candidate's process tells, and when. */
export type DemoReport =
  | { readonly event: 'elected'; readonly at: number; readonly token: string }
  | { readonly event: 'unelected' | 'error'; readonly at: number; readonly reason: string };

export interface DemoCandidateOptions {
  readonly hosts: readonly string[];
  readonly election: string;
  readonly ttl: number;
}

/** A candidate's process, seen from the demo. */
export class DemoCandidate {
  readonly name: string;
  readonly reports: DemoReport[] = [];
  readonly #process: ChildProcess;

  constructor(name: string, { hosts, election, ttl }: DemoCandidateOptions) {
    this.name = name;
    this.#process = fork(program, [hosts.join(','), election, name, String(ttl)]);
    this.#process.on('message', (report: DemoReport) => this.reports.push(report));
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

  get elected(): Extract<DemoReport, { event: 'elected' }> | undefined {
    return this.reports.find((report) => report.event === 'elected');
  }

  get unelected(): DemoReport | undefined {
    return this.reports.find((report) => report.event === 'unelected');
  }

  send(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#process.kill(signal);
  }
}
