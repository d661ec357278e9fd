import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { CliError, EXIT, type Exit } from '../exit.js';
import { escaped, marked, newMark } from './escaped.js';
import { runs, sendSignal } from './process-group.js';

/** Milliseconds between two checks whether a process group is empty, because nobody reports the end of a grandchild. */
const LOOK_EVERY = 20;
/**
 * Milliseconds to wait after SIGKILL for the last process to go. Where we cannot tell zombies from running processes, a
 * zombie that nobody collects would keep us waiting for ever.
 */
const DEAD_WITHIN = 1_000;

export interface CommandOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Runs the command in our own process group. Then we signal only the command itself, not what it has started. */
  readonly foreground: boolean;
}

/**
 * The user's command while it runs. It has our stdin, stdout and stderr, but a process group and session of its own, so
 * that a signal reaches everything that the command has started and nothing else. What has left the group, as daemons
 * do, is found by a mark in its environment when the command is to be ended.
 */
export class Command {
  readonly pid: number;
  /** Marks what the command has started; undefined: only the command itself is ours. */
  readonly mark: string | undefined;
  /** Resolves when the command itself has ended; processes that it has started may still run. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #foreground: boolean;
  #hasExited = false;

  private constructor(child: ChildProcess, pid: number, foreground: boolean, mark: string | undefined) {
    this.#child = child;
    this.pid = pid;
    this.mark = mark;
    this.#foreground = foreground;
    child.on('error', () => {}); // a signal that could not be sent
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#hasExited = true;
        resolve(signal === null ? { code: code ?? 0 } : { signal });
      });
    });
  }

  /**
   * Starts the command in this turn of the event loop, so that leadership cannot be lost before it.
   *
   * @throws CliError (in the promise) 126 or 127, as `env` would exit
   */
  static start(argv: readonly string[], { env, foreground }: CommandOptions): Command | Promise<never> {
    const [file = '', ...args] = argv;
    const mark = foreground ? undefined : newMark();
    let child: ChildProcess;
    try {
      const its = mark === undefined ? env : marked(env, mark);
      child = spawn(file, args, { stdio: 'inherit', env: its, detached: !foreground });
    } catch (err) {
      return Promise.reject(cannotRun(file, err as NodeJS.ErrnoException));
    }
    if (child.pid !== undefined) return new Command(child, child.pid, foreground, mark);
    return once(child, 'error').then(([err]) => {
      throw cannotRun(file, err as NodeJS.ErrnoException);
    });
  }

  /** The number that `kill` takes: the process group, or the command alone when it runs in our group. */
  get target(): number {
    return this.#foreground ? this.pid : -this.pid;
  }

  /** Whether the command or anything that it has started still runs. */
  get isAlive(): boolean {
    return this.#foreground ? !this.#hasExited : runs(this.target) || this.#escaped.length > 0;
  }

  get #escaped(): number[] {
    return this.mark === undefined ? [] : escaped(this.mark, this.pid);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#foreground) this.#child.kill(signal);
    else sendSignal(this.target, signal);
  }

  /** Signals the command, and whatever it has started, in its process group or not. */
  end(signal: NodeJS.Signals): void {
    this.signal(signal);
    for (const pid of this.#escaped) sendSignal(pid, signal);
  }

  /** Resolves when neither the command nor anything that it has started runs; after SIGKILL, in bounded time. */
  async gone(hasBeenKilled: () => boolean): Promise<void> {
    await this.exited;
    for (let waited = 0; this.isAlive && waited < DEAD_WITHIN; waited += hasBeenKilled() ? LOOK_EVERY : 0) {
      await pause(LOOK_EVERY);
      if (hasBeenKilled()) this.end('SIGKILL'); // a process may have started another one while we looked for them
    }
  }
}

function cannotRun(file: string, err: NodeJS.ErrnoException): CliError {
  const isMissing = err.code === 'ENOENT';
  const what = isMissing ? 'no such file or directory' : err.code === 'EACCES' ? 'permission denied' : err.message;
  return new CliError(isMissing ? EXIT.notFound : EXIT.notExecutable, `cannot run ${file}: ${what}`, { cause: err });
}
