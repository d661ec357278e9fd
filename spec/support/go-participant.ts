import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { keptFolder } from './cluster/kept.js';
import { run } from './cluster/run.js';

const SOURCES = fileURLToPath(new URL('../../../spec/support/go', import.meta.url));
/** Milliseconds. It takes minutes where nothing is cached. */
export const BUILDS_WITHIN = 10 * 60_000;

/** Where the program of the present sources is kept. */
function folder(): string {
  const [module, main] = ['go.mod', 'main.go'].map((name) => readFileSync(join(SOURCES, name), 'utf8'));
  const [, release = 'unknown'] = /etcd\/client\/v3 v(\S+)/.exec(module ?? '') ?? [];
  const version = createHash('sha256').update(`${module}${main}`).digest('hex').slice(0, 8);
  return join(keptFolder(), `go-client-${release}-${version}`);
}

function program(): string {
  return join(folder(), 'participant');
}

/**
 * Builds the program that uses etcd's Go client, once, if it may. Resolves with why there is none, or with undefined.
 */
export async function buildGoParticipant(mayBuild = true): Promise<string | undefined> {
  if (existsSync(program())) return undefined;
  if (!mayBuild) return 'it is not built yet';
  if (!(await run('go', ['version'])).ok) return 'no go here';
  mkdirSync(keptFolder(), { recursive: true });
  const fresh = mkdtempSync(join(keptFolder(), 'new-'));
  try {
    cpSync(SOURCES, fresh, { recursive: true });
    const env = { ...process.env, GOFLAGS: '-mod=mod', CGO_ENABLED: '0', GOWORK: 'off' };
    const options = { cwd: fresh, env, within: BUILDS_WITHIN };
    const { ok, output } = await run('go', ['build', '-trimpath', '-o', 'participant', '.'], options);
    if (!ok) return `go build failed: ${output.split('\n').at(-1)}`;
    if (!existsSync(program())) renameSync(fresh, folder());
    return undefined;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

export interface GoOptions {
  readonly hosts: readonly string[];
  readonly kind: 'election' | 'mutex';
  readonly name: string;
  /** What a candidate announces. */
  readonly value?: string;
}

/**
 * Go's `concurrency.Election` or `concurrency.Mutex`, in a process that answers each line with a line. Moments are
 * milliseconds on the clock of the machine.
 */
export class GoParticipant {
  readonly #process: ChildProcess;
  readonly #waiting: { resolve: (answer: string) => void; reject: (reason: Error) => void }[] = [];

  constructor({ hosts, kind, name, value = 'go' }: GoOptions) {
    this.#process = spawn(program(), [hosts.join(','), kind, name, value], { stdio: ['pipe', 'pipe', 'inherit'] });
    const { stdout } = this.#process;
    if (stdout === null) throw new Error('the process has no output');
    createInterface({ input: stdout }).on('line', (line) => this.#hear(line));
    this.#process.once('exit', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the process of Go’s client has ended'));
    });
    process.once('exit', () => this.#process.kill('SIGKILL'));
  }

  /** Joins the queue. Resolves with the key when it is in etcd. */
  queue(): Promise<string> {
    return this.#ask('queue');
  }

  /** Resolves with the moment at which it led, or held the lock. It does nothing else before. */
  async first(): Promise<number> {
    return Number(await this.#ask('first'));
  }

  /** Takes the lock without a wait. Resolves with the key. @throws when somebody holds it */
  tryLock(): Promise<string> {
    return this.#ask('try');
  }

  /** Resigns, or releases the lock. Resolves with the moment at which that began. */
  async leave(): Promise<number> {
    return Number(await this.#ask('leave'));
  }

  /** Kills the process. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }

  /** One answer for each line, in order. */
  #ask(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#process.stdin?.write(`${line}\n`);
    });
  }

  #hear(line: string): void {
    const asked = this.#waiting.shift();
    if (line.startsWith('error:')) asked?.reject(new Error(line));
    else asked?.resolve(line);
  }
}
