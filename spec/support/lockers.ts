import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { tracked } from './track.js';
import { until } from './wait.js';

const program = fileURLToPath(new URL('./programs/locker.js', import.meta.url));

export interface LockerOptions {
  readonly hosts: readonly string[];
  readonly name: string;
  /** Seconds. */
  readonly ttl: number;
  /** How many callers take the lock again and again. */
  readonly callers: number;
  /** Milliseconds for which each holds it. */
  readonly holds: number;
  /** Milliseconds between two looks at `isCurrent()` from which on a pause is reported. */
  readonly pauseOver: number;
}

export type LockerReport =
  /** A caller holds the lock; `at`: milliseconds on the clock of the machine. */
  | { readonly event: 'held'; readonly token: string; readonly at: number }
  | { readonly event: 'lost'; readonly code: string }
  /** The first look after a pause. */
  | { readonly event: 'woke'; readonly isCurrent: boolean };

/** Callers of a lock in a process of their own. The process is killed at the end of the spec if it still runs. */
export class Locker {
  readonly #reports: LockerReport[] = [];
  readonly #child: ChildProcess;

  private constructor(options: LockerOptions) {
    this.#child = fork(program, [JSON.stringify(options)]);
    this.#child.on('message', (message) => this.#reports.push(message as LockerReport));
  }

  static start(options: LockerOptions): Locker {
    return tracked(new Locker(options));
  }

  all<E extends LockerReport['event']>(event: E): Extract<LockerReport, { event: E }>[] {
    return this.#reports.filter((r): r is Extract<LockerReport, { event: E }> => r.event === event);
  }

  async heard<E extends LockerReport['event']>(event: E, times = 1): Promise<Extract<LockerReport, { event: E }>> {
    const what = `callers of a lock to report ${event} ${times} times`;
    return await until(() => this.all(event)[times - 1], { what });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** All callers give up. Resolves when the process has ended by itself. */
  async stopped(): Promise<void> {
    this.#child.send('stop');
    await until(() => this.#hasExited, { what: 'callers of a lock to end' });
  }

  get #hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasExited) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
