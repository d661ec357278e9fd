import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** One line to the helper process: whom to end at `until` (on the monotonic clock, ms); none: nothing to watch. */
export interface Order {
  /** As `kill` takes it: a process, or a process group when it is negative. */
  readonly target?: number;
  readonly until?: number;
}

/** The machine's monotonic clock, the same for all processes, in ms. */
export function monotonic(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/**
 * A helper process that ends the command when we cannot: killed, it sees our end of the pipe closed; stopped (SIGSTOP, a
 * debugger), it sees the lease run out without news from us. It is started before it is needed.
 */
export class Watchdog {
  readonly #process: ChildProcess;
  #target: number | undefined;

  /** `failed` is told when there is no watchdog any more. */
  constructor(failed: (reason: string) => void) {
    const program = fileURLToPath(new URL('./watchdog-main.js', import.meta.url));
    const helper = spawn(process.execPath, [program], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
    helper.on('error', (err) => failed(err.message));
    helper.on('exit', (code, signal) => failed(`it has ended (${signal ?? code})`));
    helper.stdin?.on('error', () => {}); // told by `exit`
    helper.unref();
    (helper.stdin as unknown as { unref(): void }).unref();
    this.#process = helper;
  }

  /** `target`, as `kill` takes it, must not outlive the moment `ms` from now. */
  guard(target: number, ms: number): void {
    this.#target = target;
    this.#send({ target, until: monotonic() + ms });
  }

  /** The lease was refreshed: whoever is guarded has `ms` from now. */
  extend(ms: number): void {
    if (this.#target !== undefined) this.guard(this.#target, ms);
  }

  /** Nothing runs any more. */
  release(): void {
    this.#target = undefined;
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
