import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stopProcess } from '../stop-process.js';
import { until } from '../wait.js';
import { get, type TlsFiles } from './http.js';

const STOPS_WITHIN = 10_000;
const STARTS_WITHIN = 60_000;

export interface MemberOptions {
  readonly name: string;
  readonly bin: string;
  /** The folder of the member's data. */
  readonly folder: string;
  readonly logs: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly flags: readonly string[];
  readonly tls: TlsFiles | undefined;
  /** Whether enough members run for this member to become healthy. */
  readonly hasMajority: () => boolean;
}

/** One etcd process of a local cluster, and the faults that can hit it. */
export class MemberProcess {
  readonly name: string;
  /** The address as clients write it: `http://127.0.0.1:12345`. */
  readonly host: string;
  /** The folder of the whole cluster. */
  readonly folder: string;
  readonly #options: MemberOptions;
  #bin: string;
  #process: ChildProcess | undefined;
  #paused = false;

  constructor(options: MemberOptions) {
    this.name = options.name;
    this.host = options.clientUrl;
    this.folder = options.folder;
    this.#options = options;
    this.#bin = options.bin;
  }

  /** The process exists; it may be paused. */
  get alive(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  get paused(): boolean {
    return this.alive && this.#paused;
  }

  get pid(): number | undefined {
    return this.alive ? this.#process?.pid : undefined;
  }

  /** Resolves when the member answers, and at once while too few members run for it to answer. */
  async start(): Promise<void> {
    this.launch();
    if (this.#options.hasMajority()) await this.healthy();
  }

  /** Starts the process and waits for nothing. */
  launch(): void {
    if (this.alive) return;
    const { name, clientUrl, peerUrl, flags } = this.#options;
    const log = openSync(this.#log, 'a');
    const args = [
      `--name=${name}`,
      `--data-dir=${this.#data}`,
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      ...flags,
    ];
    // Detached, because Ctrl-C in the terminal ends the specs, and the specs end the members.
    this.#process = spawn(this.#bin, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: environment(process.env),
    });
    this.#process.on('error', () => {}); // seen as a member that is not alive
    this.#process.unref();
    this.#paused = false;
    closeSync(log);
  }

  /** Ends the member with SIGTERM, so that etcd hands over what it can. Resolves when the process is gone. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Kills the member with SIGKILL. Resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Pauses the member with SIGSTOP: connections stay open, and nothing is answered from the moment this returns. */
  pause(): void {
    this.#paused = stopProcess(this.#process);
  }

  /** Lets the member go on, with SIGCONT. */
  resume(): void {
    this.#process?.kill('SIGCONT');
    this.#paused = false;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Ends the member, and starts it as another release on the same data. */
  async replace(bin: string): Promise<void> {
    await this.stop();
    this.become(bin);
    await this.start();
  }

  /** What the member runs from its next start on. */
  become(bin: string): void {
    this.#bin = bin;
  }

  /** Removes the data of a member that does not run. */
  wipe(): void {
    rmSync(this.#data, { recursive: true, force: true });
  }

  /**
   * Lays the data of a snapshot under a member that does not run.
   *
   * @param restorer the program that does so
   * @param more its further flags
   */
  async restore(snapshot: string, restorer: string, more: readonly string[] = []): Promise<void> {
    this.wipe();
    const { name, peerUrl, flags } = this.#options;
    const cluster = flags.filter((flag) => flag.startsWith('--initial-cluster'));
    const args = [`--name=${name}`, `--data-dir=${this.#data}`, `--initial-advertise-peer-urls=${peerUrl}`, ...cluster];
    const command = ['snapshot', 'restore', snapshot, ...args, ...more];
    await promisify(execFile)(restorer, command, { env: { ETCDCTL_API: '3' } });
  }

  /** Writes a snapshot of this member's data into a file. */
  async snapshot(file: string, etcdctl: string): Promise<void> {
    const args = [`--endpoints=${this.host}`, 'snapshot', 'save', file];
    await promisify(execFile)(etcdctl, args, { env: { ETCDCTL_API: '3' } });
  }

  /** Resolves when the member serves linearizable reads. */
  async healthy(within = STARTS_WITHIN): Promise<void> {
    const healthy = async (): Promise<boolean> => {
      if (!this.alive) return true;
      return (await get(`${this.host}/health`, this.#options.tls)).includes('"health":"true"');
    };
    await until(healthy, { within, what: `${this.name} to become healthy` });
    if (!this.alive) throw new Error(`${this.name} ended: ${this.logExcerpt()}`);
  }

  async isRaftLeader(): Promise<boolean> {
    if (!this.alive || this.#paused) return false;
    try {
      return /^etcd_server_is_leader 1$/m.test(await this.metrics());
    } catch {
      return false;
    }
  }

  /** The text of the member's /metrics. */
  async metrics(): Promise<string> {
    return await get(`${this.host}/metrics`, this.#options.tls);
  }

  /** The beginning and the end of etcd's output: etcd reports a wrong flag first, and everything else last. */
  logExcerpt(): string {
    const lines = readFileSync(this.#log, 'utf8').trimEnd().split('\n');
    return (lines.length > 10 ? [...lines.slice(0, 3), '…', ...lines.slice(-5)] : lines).join('\n');
  }

  get #data(): string {
    return join(this.folder, this.name);
  }

  get #log(): string {
    return join(this.#options.logs, `${this.name}.log`);
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined || !this.alive) return;
    child.ref();
    const gone = once(child, 'exit');
    child.kill(signal);
    if (this.#paused) child.kill('SIGCONT');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN);
    await gone;
    clearTimeout(timer);
    this.#paused = false;
  }
}

/** The environment without etcd's own variables, because a variable that contradicts a flag is fatal to etcd. */
function environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const rest = Object.entries(env).filter(([name]) => !name.startsWith('ETCD_'));
  // etcd 3.4 runs on ARM only with this variable.
  return { ...Object.fromEntries(rest), ...(process.arch === 'arm64' && { ETCD_UNSUPPORTED_ARCH: 'arm64' }) };
}
