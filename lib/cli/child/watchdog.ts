import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ClientOptions } from '../../client.js';
import type { OutputOptions } from '../output.js';

/**
 * One line to the helper process: end `target` at `until` (on the monotonic clock, ms). When we are gone and nothing of
 * it is left, revoke `lease`. Empty: nothing to guard.
 */
export interface WatchdogOrder {
  /** The number that `kill` takes: a process, or a process group when negative. */
  readonly target?: number;
  readonly until?: number;
  /** Finds what has left the process group. */
  readonly mark?: string;
  /**
   * In hex. Given from the election to the release of the key: we may be killed before the command begins or after its
   * end.
   */
  readonly lease?: string;
}

/**
 * The first line, and later ones when certificates were renewed: how the helper process reaches etcd, and how it says
 * what it does. Passwords and keys go by the pipe, where no other user can read them.
 */
export interface Means {
  readonly etcd: ClientOptions;
  readonly endpoints: string;
  readonly output: OutputOptions;
}

/** What must not go on for ever when we cannot end it. */
export interface GuardedProcess {
  /** The number that `kill` takes. */
  readonly target: number;
  readonly mark: string | undefined;
}

/** A line as it was before it was JSON: with its byte strings. */
export function parsed(line: string): unknown {
  return JSON.parse(line, (_key, value) => (value?.type === 'Buffer' ? Buffer.from(value.data) : value));
}

/** The machine's monotonic clock, the same for all processes, in ms. */
export function monotonic(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/**
 * A helper process that ends the command when we cannot. When we are killed, the helper sees our end of the pipe close,
 * and revokes the lease when the command has ended, so that the next host need not wait for the end of the lease.
 * When we are stopped (SIGSTOP, a debugger), the helper sees the lease run out without news from us. It is started
 * before it is needed.
 */
export class Watchdog {
  readonly #process: ChildProcess;
  #guarded: GuardedProcess | undefined;
  #lease: Pick<WatchdogOrder, 'lease' | 'until'> = {};

  /** `failed` is called when the helper process did not start or has ended. */
  constructor(means: Means, failed: (reason: string) => void) {
    const program = fileURLToPath(new URL('./watchdog-main.js', import.meta.url));
    const helper = spawn(process.execPath, [program], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
    helper.on('error', (err) => failed(err.message));
    helper.on('exit', (code, signal) => failed(`it has ended (${signal ?? code})`));
    helper.stdin?.on('error', () => {}); // the `exit` event tells it
    helper.unref();
    (helper.stdin as unknown as { unref(): void }).unref();
    this.#process = helper;
    this.#send(means);
  }

  /** The helper is to reach etcd by other means from now on: certificates were renewed. */
  equip(means: Means): void {
    this.#send(means);
  }

  /** The command must not outlive the moment `ms` from now, when the lease is about to end. */
  guard(guarded: GuardedProcess, lease: string, ms: number): void {
    this.#guarded = guarded;
    this.#lease = { lease, until: monotonic() + ms };
    const { target, mark } = guarded;
    this.#send({ target, ...this.#lease, ...(mark !== undefined && { mark }) });
  }

  /** We lead, or the lease was refreshed: whatever is guarded has `ms` from now. */
  extend(lease: string, ms: number): void {
    if (this.#guarded !== undefined) return this.guard(this.#guarded, lease, ms);
    this.#lease = { lease, until: monotonic() + ms };
    this.#send(this.#lease);
  }

  /** The command has ended: only the lease is left. */
  release(): void {
    this.#guarded = undefined;
    this.#send(this.#lease);
  }

  /** We have left the queue: there is no lease either. */
  rest(): void {
    this.#lease = {};
    this.#send({});
  }

  close(): void {
    this.#process.removeAllListeners('exit');
    this.rest();
    this.#process.stdin?.end();
  }

  #send(message: WatchdogOrder | Means): void {
    if (this.#process.stdin?.writable) this.#process.stdin.write(`${JSON.stringify(message)}\n`);
  }
}
