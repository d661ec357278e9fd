import { constants } from 'node:os';

/**
 * Every exit code of the command line. `run` keeps to those of `env` and `timeout`, so that its own failures cannot be
 * taken for the command's; the table in docs/cli.md is checked against this one by a spec.
 */
export const EXIT = {
  ok: 0,
  /** etcd did not answer, or refused; or what was asked for could not be done. */
  failed: 1,
  /** A flag, an argument or a file that it names is wrong. */
  usage: 2,
  /** `step-down`: nobody leads. */
  nobody: 3,
  /** `run` itself is at fault, not the command: most of all a wrong flag. */
  run: 125,
  notExecutable: 126,
  notFound: 127,
  /** And the number of the signal that ended the command, or stopped `run` while it waited. */
  signal: 128,
} as const;

/** How a process has ended: with a code, or by a signal. */
export type Exit = { readonly code: number } | { readonly signal: NodeJS.Signals };

export function codeOf(exit: Exit): number {
  return 'code' in exit ? exit.code : EXIT.signal + constants.signals[exit.signal];
}

/** What ends the command line: one line for a person, and a code. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** These end a process without a core dump, and whoever waits for us tells them from an exit code. */
const PASSED_UP: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Ends this process as `exit` has ended the command: systemd takes a death by SIGTERM for a clean stop, and a shell ends its
 * loop only when SIGINT has really killed what ran in it.
 */
export function exitAs(exit: Exit): never {
  if ('signal' in exit && PASSED_UP.includes(exit.signal)) {
    process.removeAllListeners(exit.signal);
    process.kill(process.pid, exit.signal); // process 1 of a container outlives this
  }
  process.exit(codeOf(exit));
}
