import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { after, before } from 'mocha';
import { until } from './wait.js';

/** What the program of an {@link Aside} tells its parent. */
export type AsideReport<T> = { readonly result: T } | { readonly failed: string };

/** Work for a spec in a process of its own, so that it can wait while other specs run. */
export class Aside<T> {
  readonly #what: string;
  readonly #child: ChildProcess;
  #report: AsideReport<T> | undefined;

  constructor(program: string, ...args: readonly string[]) {
    this.#what = program;
    this.#child = fork(fileURLToPath(new URL(`./programs/${program}.js`, import.meta.url)), args);
    this.#child.on('message', (report) => {
      this.#report = report as AsideReport<T>;
    });
  }

  /** Resolves with what came of it; rejects with why it has failed. */
  async result(within: number): Promise<T> {
    const ended = (): AsideReport<T> | undefined =>
      this.#report ?? (this.#hasExited ? { failed: `${this.#what} has ended without a word` } : undefined);
    const report = await until(ended, { within, what: `the end of ${this.#what}` });
    if ('failed' in report) throw new Error(report.failed);
    return report.result;
  }

  async close(): Promise<void> {
    if (this.#hasExited) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM'); // its clusters end with it
    await gone;
  }

  get #hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

/**
 * Begins the work of a program before the first spec of the whole run of mocha. Call it outside of all `describe`. The
 * function that it returns waits for the result, for a spec that comes late in the run.
 */
export function begunAside<T>(program: string, ...args: readonly string[]): (within: number) => Promise<T> {
  let aside: Aside<T> | undefined;
  before(() => {
    aside = new Aside(program, ...args);
  });
  after(() => aside?.close());
  return async (within) => {
    if (aside === undefined) throw new Error(`${program} begins before the first spec`);
    return await aside.result(within);
  };
}
