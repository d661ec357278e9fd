/**
 * Every code an {@link ElectionError} can carry; `docs/api.md` says for each when, what happens next and what to do.
 */
export type ElectionErrorCode =
  | 'INVALID_OPTION'
  | 'LEASE_EXPIRED'
  | 'LEASE_LOST'
  | 'KEY_DELETED'
  | 'STEPPED_DOWN'
  | 'STOPPED'
  | 'UNHEALTHY'
  | 'REBALANCED'
  | 'NOT_CANDIDATE'
  | 'NOT_LEADER'
  | 'ABORTED'
  | 'TIMEOUT'
  | 'BLOCKED'
  | 'NO_COORDINATOR'
  | 'UNAVAILABLE'
  | 'PERMISSION_DENIED'
  | 'RELEASE_TIMEOUT'
  | 'TASK_FAILED';

/**
 * The one error this library throws, rejects with and emits. Branch on `code`; the message is for people, and says
 * what happens next. `cause` is what etcd or the network said, where one of them said something.
 *
 * @example
 * ```ts
 * election.on('error', (err) => {
 *   if (err.code === 'PERMISSION_DENIED') process.exitCode = 1;
 * });
 * ```
 */
export class ElectionError extends Error {
  readonly code: ElectionErrorCode;

  constructor(code: ElectionErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'ElectionError';
    this.code = code;
  }
}

/** Whatever was thrown, as one of our errors. What is none is the cause of an `UNAVAILABLE` with this message. */
export function toElectionError(thrown: unknown, message = String(thrown)): ElectionError {
  return thrown instanceof ElectionError ? thrown : new ElectionError('UNAVAILABLE', message, { cause: thrown });
}

/** For a `default:` that must never be reached; the compiler proves it. */
export function unreachable(value: never): never {
  throw new Error(`unexpected value: ${String(value)}`);
}
