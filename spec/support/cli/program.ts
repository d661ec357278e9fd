import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Exit } from '../../../lib/cli/exit.js';
import { tracked } from '../track.js';
import { SOON, until } from '../wait.js';

/** The built program. */
export const MAIN = fileURLToPath(new URL('../../../lib/cli/main.js', import.meta.url));

export interface ProgramOptions {
  /** Endpoints of etcd. */
  readonly hosts?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** The built command line in a process of its own, with its output. It ends with the spec, by force if need be. */
export class CliProgram {
  readonly stdout: Lines;
  readonly stderr: Lines;
  readonly #child: ChildProcess;
  readonly #exit: Promise<Exit>;
  #exited: Exit | undefined;

  private constructor(file: string, args: readonly string[], { hosts, env, cwd }: ProgramOptions) {
    const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('ETCDCTL_'));
    const endpoints = hosts && { ETCDCTL_ENDPOINTS: hosts.join(',') };
    this.#child = spawn(file, args, {
      env: { ...Object.fromEntries(clean), ...endpoints, ...env },
      ...(cwd !== undefined && { cwd }),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.stdout = new Lines(this.#child.stdout);
    this.stderr = new Lines(this.#child.stderr);
    this.#exit = once(this.#child, 'close').then(([code, signal]): Exit => {
      this.#exited = signal === null ? { code } : { signal };
      return this.#exited;
    });
  }

  /** Any program. */
  static spawn(file: string, args: readonly string[], options: ProgramOptions = {}): CliProgram {
    return tracked(new CliProgram(file, args, options));
  }

  /** `etcd-leader <args>` */
  static start(args: readonly string[], options: ProgramOptions = {}): CliProgram {
    return tracked(new CliProgram(process.execPath, [MAIN, ...args], options));
  }

  /** The same with its output elsewhere, as the shell writes that: `2>/dev/full`. */
  static redirected(args: readonly string[], redirection: string, options: ProgramOptions = {}): CliProgram {
    return tracked(new CliProgram('sh', ['-c', `exec ${commandLine(args)} ${redirection}`], options));
  }

  /** The same on a terminal, which `type` types on; everything comes out on `stdout`. */
  static onTerminal(args: readonly string[], options: ProgramOptions = {}): CliProgram {
    return CliProgram.terminal(commandLine(args), options);
  }

  /** A terminal with a shell that has job control. */
  static shell(options: ProgramOptions = {}): CliProgram {
    return CliProgram.terminal('bash --norc --noprofile -i', options);
  }

  /** Any command on a terminal. */
  static terminal(command: string, options: ProgramOptions = {}): CliProgram {
    // `script` asks a shell ($SHELL, or else sh) for the command. One that stayed would be in the foreground too, and
    // die of Ctrl-C.
    const args = ['--quiet', '--return', '--flush', '--command', `exec ${command}`, '/dev/null'];
    return tracked(new CliProgram('script', args, options));
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with how it has ended, once all it wrote has come in. */
  async exited(within = SOON): Promise<Exit> {
    return await until(() => this.#exited, { within, what: `${this.#child.spawnargs.slice(2).join(' ')} to end` });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async close(): Promise<void> {
    if (this.#exited === undefined) {
      this.kill('SIGTERM');
      this.kill('SIGCONT');
      const timer = setTimeout(() => this.kill('SIGKILL'), 3_000);
      await this.#exit;
      clearTimeout(timer);
    }
  }
}

/** `etcd-leader <args>` as a shell reads it. */
export function commandLine(args: readonly string[]): string {
  return [process.execPath, MAIN, ...args].map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(' ');
}

/** What a stream has brought so far, line by line. */
export class Lines {
  readonly all: string[] = [];
  /** Everything as it came. */
  raw = '';
  #rest = '';

  constructor(stream: NodeJS.ReadableStream | null) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      this.raw += chunk;
      const lines = `${this.#rest}${chunk}`.split(/\r?\n/);
      this.#rest = lines.pop() ?? '';
      this.all.push(...lines);
    });
  }

  get text(): string {
    return [...this.all, this.#rest].join('\n').trim();
  }

  /** The first line that matches, now or later; the last one may still be without its end, as a question is. */
  async line(pattern: RegExp, within = SOON): Promise<string> {
    const found = (): string | undefined => [...this.all, this.#rest].find((line) => pattern.test(line));
    try {
      return await until(found, { within, what: `a line like ${pattern}` });
    } catch (err) {
      throw new Error(`${(err as Error).message}; there are: ${JSON.stringify(this.all)}`);
    }
  }

  count(pattern: RegExp): number {
    return this.all.filter((line) => pattern.test(line)).length;
  }
}

/** Shell commands to run under `run`. */
export const SCRIPTS = {
  /** Prints that it runs, and runs on. */
  work: ['sh', '-c', 'echo "works with $ETCD_LEADER_TOKEN as $$"; exec sleep 1000'],
  /** Prints when it gets a signal, and exits with 5 a little later. */
  polite: [
    'sh',
    '-c',
    'trap "echo got TERM; sleep 0.2; echo bye; exit 5" TERM; trap "echo got INT; exit 6" INT; ' +
      'trap "echo got USR1" USR1; echo "works as $$"; while :; do sleep 0.05; done',
  ],
  /** Ignores signals. */
  stubborn: ['sh', '-c', 'trap "echo ignored" TERM INT; echo "works as $$"; while :; do sleep 0.05; done'],
} as const;

/** Resolves with the process id that one of our scripts has printed. */
export async function pidOf(program: CliProgram): Promise<number> {
  const line = await program.stdout.line(/works .*as \d+$/);
  return Number(/as (\d+)$/.exec(line)?.[1]);
}
