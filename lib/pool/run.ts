import { abortedBy } from '../campaign/elected-waiters.js';
import { checkCallOptions, show } from '../checks.js';
import { onAbort } from '../common/abort.js';
import { ElectionError } from '../errors.js';
import { ClientClosed } from '../store/store.js';
import type { PoolContext } from './context.js';
import type { PoolLife } from './life.js';
import { BoundTask, type PoolTask } from './partition-work.js';

/**
 * One `run()` of a pool, from its call to its end: the worker starts, works in every partition that it owns, and stops.
 *
 * @throws ElectionError (rejects) `INVALID_OPTION`, `STOPPED` by a session that was closed before, `UNAVAILABLE` when
 *   the client is closed
 */
export async function run(
  life: PoolLife,
  task: PoolTask,
  options: { readonly signal?: AbortSignal },
  { session }: Pick<PoolContext, 'session'>,
): Promise<void> {
  checkCallOptions(options, ['signal']);
  const { signal } = options;
  if (typeof task !== 'function') {
    throw new ElectionError('INVALID_OPTION', `\`task\` must be a function; got ${show(task)}`);
  }
  if (life.isAtWork) {
    throw new ElectionError('INVALID_OPTION', 'one `run()` at a time: another is under way on this pool');
  }
  const { refusal } = session.parts.lease;
  if (refusal !== undefined) throw refusal;
  life.isAtWork = true;
  if (life.state === 'leaving') await life.stopped;
  if (signal?.aborted) {
    await life.stop(abortedBy(signal)); // it may have been started before
    life.isAtWork = false;
    return;
  }
  life.assign(new BoundTask(task));
  const stopListening = onAbort(signal, () => void life.stop(abortedBy(signal)));
  const { stopped } = life;
  life.start();
  const reason = await stopped; // never rejects
  stopListening();
  life.isAtWork = false;
  life.assign(undefined);
  if (reason instanceof ClientClosed) throw reason;
}
