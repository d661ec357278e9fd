import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** One line to the helper process: end `target` at `until` (on the monotonic clock, ms). Empty: nothing to guard. */
export interface Order {
  /** The number that `kill` takes: a process, or a process group when negative. */
  readonly target?: number;
  readonly until?: number;
  /** Finds what has left the process group. */
  readonly mark?: string;
}

/** What must not go on for ever when we cannot end it. */
export interface Guarded {
  /** The number that `kill` takes. */
  readonly target: number;
  readonly mark: string | undefined;
}

/** The machine's monotonic clock, the same for all processes, in ms. */
export function monotonic(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/**
 * A helper process that ends the command when we cannot. When we are killed, the helper sees our end of the pipe close.
 * When we are stopped (SIGSTOP, a debugger), the helper sees the lease run out without news from us. It is started
 * before it is needed.
 */
export class Watchdog {
  readonly #process: ChildProcess;
  #guarded: Guarded | undefined;

  /** `failed` is called when the helper process did not start or has ended. */
  constructor(failed: (reason: string) => void) {
    const program = fileURLToPath(new URL('./watchdog-main.js', import.meta.url));
    const helper = spawn(process.execPath, [program], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
    helper.on('error', (err) => failed(err.message));
    helper.on('exit', (code, signal) => failed(`it has ended (${signal ?? code})`));
    helper.stdin?.on('error', () => {}); // the `exit` event tells it
    helper.unref();
    (helper.stdin as unknown as { unref(): void }).unref();
    this.#process = helper;
  }

  /** The command must not outlive the moment `ms` from now. */
  guard(guarded: Guarded, ms: number): void {
    this.#guarded = guarded;
    const { target, mark } = guarded;
    this.#send({ target, until: monotonic() + ms, ...(mark !== undefined && { mark }) });
  }

  /** The lease was refreshed: the guarded command has `ms` from now. */
  extend(ms: number): void {
    if (this.#guarded !== undefined) this.guard(this.#guarded, ms);
  }

  /** The command has ended: there is nothing to guard. */
  release(): void {
    this.#guarded = undefined;
    this.#send({});
  }

  close(): void {
    this.#process.removeAllListeners('exit');
    this.#process.stdin?.end();
  }

  #send(order: Order): void {
    if (this.#process.stdin?.writable) this.#process.stdin.write(`${JSON.stringify(order)}\n`);
  }
}
