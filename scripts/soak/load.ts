import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Other work of the machine: one process keeps the disk busy, and one keeps a core busy. */
export class Load {
  readonly #processes: readonly ChildProcess[];
  readonly #onExit = (): void => this.#kill();

  /** `folder` lies on the disk that is to be busy. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#processes = [start('disk-writer', folder), start('busy-loop')];
    process.once('exit', this.#onExit);
  }

  get pids(): number[] {
    return this.#processes.map(({ pid }) => pid ?? 0);
  }

  /** Undefined while both processes run; else what has become of them. */
  get problem(): string | undefined {
    const ended = this.#processes.filter(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
    return ended.length === 0 ? undefined : 'the load beside the runs has ended: the disk may be full';
  }

  close(): void {
    process.removeListener('exit', this.#onExit);
    this.#kill();
  }

  #kill(): void {
    for (const child of this.#processes) child.kill('SIGKILL');
  }
}

/** The processes also end when this process is killed, because the channel between them closes. */
function start(program: string, ...args: readonly string[]): ChildProcess {
  const file = fileURLToPath(new URL(`./${program}.js`, import.meta.url));
  const { NODE_V8_COVERAGE: _coverage, ...env } = process.env;
  // Detached, because Ctrl-C in the terminal is for the runs, which end in order.
  const stdio = ['ignore', 'ignore', 'ignore', 'ipc'] as const;
  const child = fork(file, args, { detached: true, env, execArgv: [], stdio: [...stdio] });
  child.on('error', () => {}); // seen as a load that has ended
  return child;
}
