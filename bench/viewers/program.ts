import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { get } from '../../spec/support/cluster/http.js';
import { until } from '../../spec/support/wait.js';
import type { BenchWorld } from '../world.js';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));
/** Milliseconds in which a viewer shows what it is waited for. Else the case fails. */
export const VIEWER_PATIENCE = 90_000;

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** `serve` or `top` in a process of its own, as users start them. */
export class ViewerProgram {
  readonly #child: ChildProcess;
  readonly #what: string;
  #first: string | undefined;
  #lines = 0;

  constructor(world: BenchWorld, ...args: readonly string[]) {
    const env = { ...process.env, ETCDCTL_ENDPOINTS: world.hosts.join(',') };
    this.#what = args.join(' ');
    this.#child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    alive.add(this.#child);
    this.#child.once('exit', () => alive.delete(this.#child));
    if (this.#child.stdout === null) throw new Error('there is no output');
    createInterface(this.#child.stdout).on('line', (line) => {
      this.#first ??= line;
      this.#lines++;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when `top` has printed so many lines. */
  async printed(lines: number): Promise<void> {
    await this.#until(() => this.#lines >= lines, `${lines} lines`);
  }

  /** Resolves with the address of `serve` when its first picture is whole. */
  async address(): Promise<string> {
    await this.#until(() => this.#first !== undefined, 'the address');
    const url = this.#first?.replace('listening on ', '') ?? '';
    await this.#until(async () => (await get(`${url}healthz`)).includes('"ok"'), 'the first picture');
    return url;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }

  async #until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    await until(condition, { within: VIEWER_PATIENCE, what: `${what} of ${this.#what}` }).catch((err: Error) => {
      throw new Error(`${err.message}; it has printed ${this.#lines} lines`, { cause: err });
    });
  }
}
