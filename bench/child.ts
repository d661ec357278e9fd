import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PartOutcome } from './report.js';

/** What a program of bench/programs can be asked for; every answer must be plain data. */
export type Commands = { readonly [name: string]: (argument: never) => unknown };

type Argument<F> = F extends (argument: infer A) => unknown ? A : never;
type Answer<F> = F extends (argument: never) => infer R ? Awaited<R> : never;

export interface Question {
  readonly id: number;
  readonly command: string;
  readonly argument: unknown;
}

export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** A child did not do what it was asked for; how it failed is a result. */
export class ChildFailure extends Error {
  readonly outcome: Exclude<PartOutcome, 'ok'>;

  constructor(outcome: Exclude<PartOutcome, 'ok'>, message: string) {
    super(message);
    this.outcome = outcome;
  }
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: ChildFailure) => void;
}

/** Characters of a child's stderr to keep, because a crash is explained there. */
const KEPT = 20_000;

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** A program in a process of its own, so that its memory and its event loop are its own, too. */
export class Child<C extends Commands> {
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #stderr = '';

  constructor(program: string, args: readonly string[]) {
    const file = fileURLToPath(new URL(`./programs/${program}.js`, import.meta.url));
    const execArgv = ['--expose-gc', '--enable-source-maps'];
    this.#process = fork(file, args, { execArgv, stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = `${this.#stderr}${text}`.slice(-KEPT);
    });
    this.#process.on('message', (reply: Reply) => this.#hear(reply));
    this.#process.on('error', () => {}); // seen as an exit
    this.#process.on('close', (code, signal) => this.#onEnd(code ?? signal));
    alive.add(this.#process);
  }

  /** Rejects with {@link ChildFailure}. A child that does not answer within so many milliseconds is killed. */
  ask<K extends keyof C & string>(command: K, argument: Argument<C[K]>, within: number): Promise<Answer<C[K]>> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#settle(id)?.reject(new ChildFailure('timed out', `${command}: no answer within ${within / 1_000} s`));
        this.kill();
      }, within);
      const settle =
        <T>(how: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          how(value);
        };
      this.#pending.set(id, { resolve: settle(resolve as (value: unknown) => void), reject: settle(reject) });
      if (this.#process.connected) this.#process.send({ id, command, argument } satisfies Question);
      else this.#settle(id)?.reject(new ChildFailure('crashed', 'the process is gone'));
    });
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #hear({ id, value, error }: Reply): void {
    const pending = this.#settle(id);
    if (error === undefined) pending?.resolve(value);
    else pending?.reject(new ChildFailure('failed', error));
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #onEnd(how: number | string | null): void {
    alive.delete(this.#process);
    for (const id of [...this.#pending.keys()]) {
      const said = /^.*(?:Error|FATAL|RangeError).*$/m.exec(this.#stderr)?.[0]?.trim();
      this.#settle(id)?.reject(
        new ChildFailure('crashed', `ended with ${how}${said ? `: ${said.slice(0, 200)}` : ''}`),
      );
    }
  }
}
