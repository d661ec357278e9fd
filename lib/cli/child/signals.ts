import { isatty } from 'node:tty';
import type { Command } from './command.js';

/** Each of these asks us to stop; the command may treat it as it likes. */
const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const PASSED_ON = ['SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const;
/** The terminal sends these to every process of the foreground group, so to the command too if it is in there. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGWINCH'];

/** The command that runs, and whether it may go on after both it and we have been stopped. */
export interface Ward {
  readonly command: Command;
  mayGoOn(): boolean;
}

/**
 * The signals that this process gets. While the command runs, it gets them too. Without a command, the first signal
 * that asks us to stop aborts `idle`.
 */
export class Signals {
  /** The first signal that asked us to stop. */
  stop: NodeJS.Signals | undefined;
  readonly #idle = new AbortController();
  readonly #sharesTerminal: boolean;
  #ward: Ward | undefined;

  constructor({ foreground }: { readonly foreground: boolean }) {
    this.#sharesTerminal = foreground && isatty(0);
    for (const signal of STOPS) process.on(signal, () => this.#onStop(signal));
    for (const signal of PASSED_ON) process.on(signal, () => this.#passOn(signal));
    if (foreground) return;
    process.on('SIGTSTP', () => this.#suspend());
    process.on('SIGCONT', () => this.#continue());
  }

  /** Aborted when there is nothing to wait for any more: a signal asked us to stop, and no command runs. */
  get idle(): AbortSignal {
    return this.#idle.signal;
  }

  /** The command runs from now on; undefined: the command has ended. */
  watchOver(ward: Ward | undefined): void {
    this.#ward = ward;
  }

  /** The command has ended. If a signal has asked us to stop, no other command shall run. */
  stopIfAsked(): void {
    if (this.stop !== undefined) this.#idle.abort();
  }

  #onStop(signal: NodeJS.Signals): void {
    this.stop ??= signal;
    if (this.#ward === undefined) this.#idle.abort();
    else this.#passOn(signal);
  }

  #passOn(signal: NodeJS.Signals): void {
    if (this.#sharesTerminal && FROM_TERMINAL.includes(signal)) return;
    this.#ward?.command.signal(signal);
    if (signal !== 'SIGWINCH') this.#ward?.command.signal('SIGCONT'); // wakes a stopped command; `timeout` does so too
  }

  /** Ctrl-Z: while we are stopped nobody refreshes the lease, so the command must be stopped too. */
  #suspend(): void {
    this.#ward?.command.signal('SIGSTOP');
    process.kill(process.pid, 'SIGSTOP');
  }

  #continue(): void {
    if (this.#ward?.mayGoOn()) this.#ward.command.signal('SIGCONT');
  }
}
