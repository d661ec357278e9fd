import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PROGRAMS = ['disk-writer', 'busy-loop'] as const;

/** What else a machine may be doing: one process keeps the disk busy, and one keeps a core busy. */
export class Load {
  readonly #folder: string;
  readonly #processes: Record<(typeof PROGRAMS)[number], ChildProcess>;
  readonly #onExit = (): void => this.#kill();

  /** `folder` lies on the disk that is to be busy. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#processes = { 'disk-writer': start('disk-writer', folder), 'busy-loop': start('busy-loop', folder) };
    process.once('exit', this.#onExit);
  }

  get pids(): number[] {
    return Object.values(this.#processes).map(({ pid }) => pid ?? 0);
  }

  /** Starts again what has ended, because the disk was full or somebody has killed it, and tells what that was. */
  renew(): string[] {
    const told: string[] = [];
    for (const program of PROGRAMS) {
      const { exitCode, signalCode } = this.#processes[program];
      if (exitCode === null && signalCode === null) continue;
      told.push(`the ${program} had ended with ${signalCode ?? exitCode}: started again`);
      this.#processes[program] = start(program, this.#folder);
    }
    return told;
  }

  close(): void {
    process.removeListener('exit', this.#onExit);
    this.#kill();
  }

  #kill(): void {
    for (const child of Object.values(this.#processes)) child.kill('SIGKILL');
  }
}

/** They also end by themselves when this process does, even when it is killed: the channel between them closes. */
function start(program: string, folder: string): ChildProcess {
  const file = fileURLToPath(new URL(`./${program}.js`, import.meta.url));
  const { NODE_V8_COVERAGE: _coverage, ...env } = process.env;
  const stdio = ['ignore', 'ignore', 'ignore', 'ipc'] as const;
  // Detached: Ctrl-C in the terminal is for the runs, which end in order.
  const child = fork(file, [folder], { detached: true, env, execArgv: [], stdio: [...stdio] });
  child.on('error', () => {}); // seen as one that has ended
  return child;
}
