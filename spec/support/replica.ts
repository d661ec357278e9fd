import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { tracked } from './track.js';
import { until } from './wait.js';

const EXAMPLES = new URL('../../examples/', import.meta.url);

/**
 * ms for what takes a second or two on a machine that has nothing else to do: three processes start, one is elected.
 */
const LONG = 60_000;

/** A line that an example has printed. The time is the machine's, so lines of all replicas can be compared. */
export interface PrintedLine {
  readonly at: number;
  readonly name: string;
  readonly text: string;
}

/** One replica of an example in a process of its own, as a user starts it. It is killed at the end of the spec. */
export class Replica {
  readonly lines: PrintedLine[] = [];
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(example: string, env: Readonly<Record<string, string>>) {
    const program = fileURLToPath(new URL(`${example}.js`, EXAMPLES));
    this.#child = spawn(process.execPath, ['--enable-source-maps', program], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#closed = once(this.#child, 'close'); // its children have let go of the pipe, too
    const output = this.#child.stdout;
    if (output === null) throw new Error('there is no pipe');
    createInterface({ input: output }).on('line', (line) => {
      const [, time = '', name = '', text = line] = /^(\S+Z) (\S+): (.*)$/.exec(line) ?? [];
      this.lines.push({ at: Date.parse(time), name, text });
    });
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** The lines that match, with what the expression captures. */
  all(expression: RegExp): { readonly line: PrintedLine; readonly captured: string }[] {
    return this.lines.flatMap((line) => {
      const match = expression.exec(line.text);
      return match === null ? [] : [{ line, captured: match[1] ?? '' }];
    });
  }

  /** Waits for a line, and resolves with what the expression captures in the first that matches. */
  async says(expression: RegExp, within = LONG): Promise<string> {
    const what = `a replica to say ${expression}`;
    try {
      return (await until(() => this.all(expression)[0], { within, what })).captured;
    } catch (err) {
      throw new Error(`${what}; it said:\n${this.lines.map(({ text }) => text).join('\n')}`, { cause: err });
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with the exit code when the replica and its children have exited; null when a signal ended it. */
  async exited(within = LONG): Promise<number | null> {
    const isGone = (): boolean => this.#child.exitCode !== null || this.#child.signalCode !== null;
    await until(isGone, { within, what: 'a replica to exit' });
    await this.#closed;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }
}

export function replica(example: string, env: Readonly<Record<string, string>>): Replica {
  return tracked(new Replica(example, env));
}

/** Resolves with the first replica that prints the line, and with the other replicas. */
export async function firstToSay(
  replicas: readonly Replica[],
  expression: RegExp,
): Promise<{ readonly first: Replica; readonly others: readonly Replica[]; readonly captured: string }> {
  const first = await until(() => replicas.find((one) => one.all(expression).length > 0), {
    within: LONG,
    what: `one of ${replicas.length} replicas to say ${expression}`,
  });
  return {
    first,
    others: replicas.filter((one) => one !== first),
    captured: first.all(expression)[0]?.captured ?? '',
  };
}
