import { type ElectionOptions, resolveElectionOptions, splitOptions } from '../campaign/options.js';
import { checkCallOptions } from '../checks.js';
import { OF_SESSION, type ResolvedSessionOptions, resolveSessionOptions, type SessionOptions } from '../options.js';

/**
 * As for an `Election`: `value` is what the key of the holder says, and `releaseTimeout` is how long a stop waits for
 * the task of `run()`.
 */
export interface LockOptions extends SessionOptions, Pick<ElectionOptions, 'value' | 'releaseTimeout'> {}

export interface AcquireOptions {
  /**
   * `acquire()`: ends the wait; a lock that is held stays held. `run()`: ends the wait, and the task as well, whose own
   * `signal` is aborted: `run()` resolves with undefined when the task has wound down.
   */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds to wait for the lock, behind callers of this process too; then the call rejects with `TIMEOUT`. 0: no
   * wait behind anybody. The first attempt to reach etcd has its time in any case.
   *
   * @default no limit
   */
  readonly wait?: number;
}

const NAMES: readonly string[] = [...OF_SESSION, 'value', 'releaseTimeout'];

/** Options for the session of a lock, and for the candidate of each caller. */
export interface ResolvedLockOptions {
  readonly session: SessionOptions;
  readonly election: ElectionOptions;
}

/** `shared`: the options of the session that the lock is made on. @throws ElectionError `INVALID_OPTION` */
export function resolveLockOptions(
  options: LockOptions,
  shared: ResolvedSessionOptions | undefined,
): ResolvedLockOptions & { readonly logger: ResolvedSessionOptions['logger'] } {
  checkCallOptions(options as object, NAMES);
  const session = splitOptions(options, shared !== undefined);
  const { logger, value, releaseTimeout } = resolveElectionOptions(options, shared ?? resolveSessionOptions(session));
  return { session, election: { logger, value, releaseTimeout, observe: false }, logger };
}
