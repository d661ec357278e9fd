import { setMaxListeners } from 'node:events';
import { types } from 'node:util';
import { SharedDeadline } from '../common/shared-deadline.js';
import { SystemClock } from '../common/time.js';
import { ElectionError, type ElectionErrorCode } from '../errors.js';
import type { LeadershipHandle } from '../leadership.js';

export type { LeadershipHandle };

const EXPIRED = 'the leadership has run out: the work must stop';
const ENDED = 'the leadership has ended: the work must stop';

/** The signal of each handle in this thread, by the memory of the handle. */
const signals = new WeakMap<SharedArrayBuffer, AbortSignal>();

let clock: SystemClock | undefined;

/**
 * Whether the term goes on, by the clock at this moment. Asks nobody, the main thread neither: false in time also while
 * that is blocked. As with `leadership.isCurrent()`, this does not say that a side effect started now will reach its
 * target while that is still so; fence it by `handle.fencingToken`.
 *
 * @throws ElectionError `INVALID_OPTION` when `handle` is not from `leadership.share()`
 * @example
 * ```ts
 * import { workerData } from 'node:worker_threads';
 * import { isCurrent, type LeadershipHandle } from 'etcd-leader/threads';
 *
 * const handle = workerData as LeadershipHandle;
 * while (isCurrent(handle)) console.log('one piece of work under token', handle.fencingToken);
 * ```
 */
export function isCurrent(handle: LeadershipHandle): boolean {
  return expiresIn(handle) > 0;
}

/**
 * Milliseconds until the term ends if no refresh succeeds any more; 0 when it has ended. `Infinity` for a term of
 * `FakeElection`, whose time stands still.
 *
 * @throws ElectionError `INVALID_OPTION` when `handle` is not from `leadership.share()`
 */
export function expiresIn(handle: LeadershipHandle): number {
  return sharedDeadlineOf(handle).remaining;
}

/**
 * A signal that is aborted in this thread when the term ends: at once when the main thread ends it, and at the deadline
 * when the main thread is blocked. Its `reason` is an {@link ElectionError} with the code that `unelected` is told
 * with; `LEASE_EXPIRED` when the deadline has passed and the main thread has said nothing yet; `NOT_LEADER` while the
 * main thread still asks why its key is gone.
 *
 * It does not keep the thread alive, and is told only when the thread lets its events run: work that blocks its thread
 * asks `isCurrent(handle)`. One handle has one signal in each thread that it was posted to.
 *
 * @throws ElectionError `INVALID_OPTION` when `handle` is not from `leadership.share()`
 * @example
 * ```ts
 * import { parentPort } from 'node:worker_threads';
 * import { type LeadershipHandle, signalOf } from 'etcd-leader/threads';
 *
 * parentPort?.on('message', async (handle: LeadershipHandle) => {
 *   await runRouter({ signal: signalOf(handle) });
 * });
 * ```
 */
export function signalOf(handle: LeadershipHandle): AbortSignal {
  const deadline = sharedDeadlineOf(handle);
  const known = signals.get(deadline.buffer);
  if (known !== undefined) return known;
  const signal = follow(deadline);
  signals.set(deadline.buffer, signal);
  return signal;
}

function follow(deadline: SharedDeadline): AbortSignal {
  const abort = new AbortController();
  setMaxListeners(0, abort.signal); // the work may give it to any number of calls
  clock ??= new SystemClock();
  const time = clock;
  let cancel = (): void => {};
  /** A refresh does not move the timer: when the timer fires early, it is set again. */
  const look = (): void => {
    cancel();
    const left = deadline.remaining;
    if (left <= 0) abort.abort(reasonOf(deadline));
    else cancel = time.after(left, look, { unref: true });
  };
  look();
  if (!abort.signal.aborted) void deadline.ended().then(look);
  return abort.signal;
}

function reasonOf(deadline: SharedDeadline): ElectionError {
  if (!deadline.isEnded) return new ElectionError('LEASE_EXPIRED', EXPIRED);
  return new ElectionError((deadline.code as ElectionErrorCode | undefined) ?? 'NOT_LEADER', ENDED);
}

function sharedDeadlineOf(handle: LeadershipHandle): SharedDeadline {
  const shared: unknown = handle?.shared;
  if (types.isSharedArrayBuffer(shared) && SharedDeadline.isSize(shared.byteLength)) return new SharedDeadline(shared);
  const got = handle === null ? 'null' : typeof handle; // `show()` would load a logger into every thread
  throw new ElectionError('INVALID_OPTION', `\`handle\` must be what \`leadership.share()\` returns; got ${got}`);
}
