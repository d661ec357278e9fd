import type { Campaign } from './campaign.js';
import { ElectionError } from './errors.js';
import type { Logger } from './log.js';
import { checkSignal, show } from './options.js';
import { abortedBy } from './waiters.js';
import { type Task, Work } from './work.js';

export interface RunOptions {
  /** Ends the run as `stop()` does. */
  readonly signal?: AbortSignal;
  /**
   * Whether the task runs again at the next election when leadership was lost; false: `run()` rejects with the reason.
   *
   * @default true
   */
  readonly requeue?: boolean;
}

/**
 * One `run()`, from its call to its outcome: the candidate starts, works in each of its terms, and stops.
 *
 * @throws ElectionError `STOPPED`, `ABORTED`, `INVALID_OPTION`, with `requeue: false` the reason of the loss; or whatever the task throws
 */
export async function run<T>(
  campaign: Campaign,
  task: Task<T>,
  { signal, requeue = true }: RunOptions,
  log: () => Logger,
): Promise<T> {
  checkSignal(signal);
  if (typeof task !== 'function') {
    throw new ElectionError('INVALID_OPTION', `\`task\` must be a function; got ${show(task)}`);
  }
  if (campaign.work !== undefined) {
    throw new ElectionError('INVALID_OPTION', 'one `run()` at a time: another is under way on this election');
  }
  if (signal?.aborted) throw abortedBy(signal);
  const work = new Work(task, requeue, log);
  const onAbort = (): void => void campaign.stop(abortedBy(signal));
  signal?.addEventListener('abort', onAbort, { once: true });
  campaign.assign(work);
  campaign.start();
  try {
    return await work.outcome;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    if (!work.isCancelled) await campaign.stop(); // else it was stopped, and perhaps started again
    // A task that outlives `releaseTimeout` goes on: until it has ended there is no other beside it.
    if (work.running === undefined) campaign.assign(undefined);
    else void work.running.then(() => campaign.assign(undefined));
  }
}
