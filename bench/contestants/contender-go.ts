import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { keptFolder } from '../../spec/support/cluster/kept.js';
import { run } from '../../spec/support/cluster/run.js';
import type { Contender } from './contender.js';

const SOURCES = fileURLToPath(new URL('../../../bench/go', import.meta.url));
const BUILDS_WITHIN = 10 * 60_000;

/** The release of etcd's Go client that is built. */
function release(): string {
  return /etcd\/client\/v3 v(\S+)/.exec(readFileSync(join(SOURCES, 'go.mod'), 'utf8'))?.[1] ?? 'unknown';
}

function program(): string {
  return join(keptFolder(), `bench-go-${release()}`, 'contender');
}

/**
 * Builds the candidate of Go's own election, once, if it may: that takes minutes where nothing is cached. Resolves with
 * why there is none, or with undefined.
 */
export async function buildGoContender(mayBuild: boolean): Promise<string | undefined> {
  if (existsSync(program())) return undefined;
  if (!mayBuild) return 'it is not built yet';
  if (!(await run('go', ['version'])).ok) return 'no go here';
  const folder = join(program(), '..', '..', `bench-go-${release()}-sources`);
  mkdirSync(join(program(), '..'), { recursive: true });
  cpSync(SOURCES, folder, { recursive: true });
  const env = { ...process.env, GOFLAGS: '-mod=mod', CGO_ENABLED: '0', GOWORK: 'off' };
  const { ok, output } = await run('go', ['build', '-trimpath', '-o', program(), '.'], {
    cwd: folder,
    env,
    within: BUILDS_WITHIN,
  });
  return ok ? undefined : `go build failed: ${output.split('\n').at(-1)}`;
}

/** Go's `concurrency.Election`, in a process that answers each line with a line. */
export class GoContender implements Contender {
  readonly #process: ChildProcess;
  readonly #waiting: { resolve: (at: number) => void; reject: (reason: Error) => void }[] = [];

  constructor(hosts: readonly string[], name: string) {
    this.#process = spawn(program(), [hosts.join(','), name], { stdio: ['pipe', 'pipe', 'inherit'] });
    const { stdout } = this.#process;
    if (stdout === null) throw new Error('the process has no output');
    createInterface({ input: stdout }).on('line', (line) => this.#hear(line));
    this.#process.once('exit', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the process of the Go candidate has ended'));
    });
    process.once('exit', () => this.#process.kill('SIGKILL'));
  }

  async queue(): Promise<void> {
    await this.#ask('queue');
  }

  elected(): Promise<number> {
    return this.#ask('elected');
  }

  leave(): Promise<number> {
    return this.#ask('leave');
  }

  /** One answer for each line, in order. */
  #ask(line: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#process.stdin?.write(`${line}\n`);
    });
  }

  #hear(line: string): void {
    const at = Number(line);
    const asked = this.#waiting.shift();
    if (Number.isNaN(at)) asked?.reject(new Error(line));
    else asked?.resolve(at);
  }
}
