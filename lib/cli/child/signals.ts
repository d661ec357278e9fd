import { isatty } from 'node:tty';
import type { Command } from './command.js';

/** Each of them asks us to stop; how the command takes it is its own affair. */
const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const PASSED_ON = ['SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const;
/** The terminal sends these to everybody in the foreground group, the command among them when it is there. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGWINCH'];

/** The command under our care, and whether it may be let go on after we have been stopped with it. */
export interface Ward {
  readonly command: Command;
  mayGoOn(): boolean;
}

/**
 * Signals that this process gets: they are the command's while it runs. Without a command, the first one that asks us to
 * stop aborts `idle`.
 */
export class Signals {
  /** The first that asked us to stop. */
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

  /** The command runs from now on; undefined: it has ended. */
  watchOver(ward: Ward | undefined): void {
    this.#ward = ward;
  }

  /** The command has ended and there shall be no other. */
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
    if (signal !== 'SIGWINCH') this.#ward?.command.signal('SIGCONT'); // a stopped process hears nothing; `timeout` does so too
  }

  /** Ctrl-Z: while we stand still nobody refreshes the lease, so what it protects must stand still too. */
  #suspend(): void {
    this.#ward?.command.signal('SIGSTOP');
    process.kill(process.pid, 'SIGSTOP');
  }

  #continue(): void {
    if (this.#ward?.mayGoOn()) this.#ward.command.signal('SIGCONT');
  }
}
