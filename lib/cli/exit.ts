import { constants } from 'node:os';

/**
 * Every exit code of the command line. `run` uses the codes of `env` and `timeout`, so that its own failures cannot be
 * taken for the command's. A spec checks the table in docs/cli.md against this one.
 */
export const EXIT = {
  ok: 0,
  /** etcd did not answer or refused, or the request of the user could not be carried out. */
  failed: 1,
  /** A flag, an argument, or a file named by one is wrong. */
  usage: 2,
  /** `step-down`: nobody leads. `pool`: no worker is there, or none of this name. */
  nobody: 3,
  /** `step-down`: the leader has not answered, or is of another client and was not asked. Nothing is changed. */
  unanswered: 4,
  /** `run --wait`: another candidate led all the time. `timeout` uses this code. */
  notElected: 124,
  /** `run` itself failed, not the command; most often because of a wrong flag. */
  run: 125,
  notExecutable: 126,
  notFound: 127,
  /** Plus the number of the signal that ended the command, or that stopped `run` while it waited. */
  signal: 128,
} as const;

/** How a process has ended: with a code, or by a signal. */
export type Exit = { readonly code: number } | { readonly signal: NodeJS.Signals };

export function exitCodeOf(exit: Exit): number {
  return 'code' in exit ? exit.code : EXIT.signal + constants.signals[exit.signal];
}

/** Ends the command line, with one line for people and an exit code. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** Signals that end a process without a core dump. Our parent can tell a death by signal from an exit code. */
const PASSED_UP: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Ends this process as the command has ended. systemd takes a death by SIGTERM for a clean stop, and a shell ends its
 * loop only when SIGINT has really killed the program in the loop.
 */
export function exitAs(exit: Exit): never {
  if ('signal' in exit && PASSED_UP.includes(exit.signal)) {
    process.removeAllListeners(exit.signal);
    process.kill(process.pid, exit.signal); // process 1 of a container survives this signal
  }
  process.exit(exitCodeOf(exit));
}
