import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TcpProxy } from '../../support/proxy/proxy.js';
import { stopProcess } from '../../support/stop-process.js';
import type { CandidateAssignment, CandidateCommand, Notice, Profile } from './profile.js';

const program = fileURLToPath(new URL('main.js', import.meta.url));
const ENDS_WITHIN = 30_000;

/**
 * One candidate as the nemesis sees it: a process behind a proxy of its own, to be killed, stopped and started anew.
 */
export class ChaosCandidate {
  readonly profile: Profile;
  readonly proxy: TcpProxy;
  /** Ends of the process that nobody asked for. */
  readonly crashes: string[] = [];
  /** Elections that the process leads, and since when, as far as it has told. */
  readonly leads = new Map<string, number>();
  readonly #folder: string;
  readonly #run: string;
  #process: ChildProcess | undefined;
  #incarnation = 0;
  #isStopped = false;
  #isToEnd = false;

  private constructor(profile: Profile, proxy: TcpProxy, folder: string, run: string) {
    this.profile = profile;
    this.proxy = proxy;
    this.#folder = folder;
    this.#run = run;
  }

  static async start(profile: Profile, hosts: readonly string[], folder: string, run: string): Promise<ChaosCandidate> {
    const candidate = new ChaosCandidate(profile, await TcpProxy.to(hosts), folder, run);
    candidate.launch();
    return candidate;
  }

  get name(): string {
    return this.profile.name;
  }

  get alive(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The process is alive, and not stopped by SIGSTOP. */
  get running(): boolean {
    return this.alive && !this.#isStopped;
  }

  launch(): void {
    if (this.alive) return;
    const logFile = join(this.#folder, `${this.name}-${++this.#incarnation}.log`);
    const assignment: CandidateAssignment = { profile: this.profile, hosts: this.proxy.hosts, logFile, run: this.#run };
    const { NODE_V8_COVERAGE: _coverage, ...env } = process.env; // coverage would count what chaos reaches by chance
    const child = fork(program, [JSON.stringify(assignment)], { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#process = child;
    this.#isStopped = false;
    this.#isToEnd = false;
    child.on('message', (notice: Notice) => this.#onNotice(notice));
    child.on('error', () => {}); // a message could not be sent any more
    child.stderr?.on('data', (text: Buffer) => appendFileSync(join(this.#folder, `${this.name}.err`), text));
    child.on('exit', (code, signal) => {
      this.leads.clear();
      if (!this.#isToEnd) this.crashes.push(`${this.name} (${logFile}) ended: ${signal ?? `exit code ${code}`}`);
      else if (code !== 0 && signal !== 'SIGKILL') this.crashes.push(`${this.name} (${logFile}) did not end by itself`);
    });
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || !this.alive) return;
    this.#isToEnd = true;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  pause(): void {
    this.#isStopped = stopProcess(this.#process);
  }

  resume(): void {
    if (this.#isStopped) this.#process?.kill('SIGCONT');
    this.#isStopped = false;
  }

  send(command: CandidateCommand): void {
    if (this.alive && this.#process?.connected) this.#process.send(command);
  }

  /** Ends the process in order: it stops its elections and closes its client, and must then end by itself. */
  async end(): Promise<void> {
    const child = this.#process;
    if (child !== undefined && this.alive) {
      const gone = once(child, 'exit');
      this.#isToEnd = true;
      this.resume();
      this.send({ do: 'end' });
      const timer = setTimeout(() => {
        this.crashes.push(`${this.name} did not end within ${ENDS_WITHIN} ms`);
        child.kill('SIGKILL');
      }, ENDS_WITHIN);
      await gone;
      clearTimeout(timer);
    }
    await this.proxy.close();
  }

  /** Kills the process at once, from an `exit` handler. */
  abandon(): void {
    this.#isToEnd = true;
    this.#process?.kill('SIGKILL');
  }

  #onNotice({ heard, election, at }: Notice): void {
    if (heard === 'elected') this.leads.set(election, at);
    else this.leads.delete(election);
  }
}
