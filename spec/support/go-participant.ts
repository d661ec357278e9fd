import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { GoProgram } from './go-program.js';

const participant = new GoProgram('go', 'client', /etcd\/client\/v3 v(\S+)/);

/**
 * Builds the program that uses etcd's Go client, once, if it may. Resolves with why there is none, or with undefined.
 */
export async function buildGoParticipant(mayBuild = true): Promise<string | undefined> {
  return await participant.build(mayBuild);
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
    this.#process = spawn(participant.path, [hosts.join(','), kind, name, value], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
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
