import { checkCallOptions, show } from '../checks.js';
import { onAbort } from '../common/abort.js';
import { ElectionError } from '../errors.js';
import type { Campaign } from './campaign.js';
import type { CampaignContext } from './context.js';
import { abortedBy } from './elected-waiters.js';
import { type Task, TaskRun } from './task-run.js';
import { WaitLimit } from './wait-limit.js';

export interface RunOptions {
  /** Ends the run as `stop()` does: when the task has wound down, `run()` resolves with undefined. */
  readonly signal?: AbortSignal;
  /**
   * Whether the task runs again at the next election when leadership was lost; false: `run()` rejects with the reason.
   *
   * @default true
   */
  readonly requeue?: boolean;
  /**
   * Milliseconds to wait until the task begins for the first time; then `run()` rejects with `TIMEOUT`. 0: no wait
   * behind another candidate, as `flock -n`. The first attempt to join has its time in any case.
   *
   * @default no limit
   */
  readonly wait?: number;
}

/**
 * One `run()`, from its call to its outcome: the candidate starts, works in each of its terms, and stops. Resolves with
 * what the task returns, or with undefined when the user has stopped the candidate.
 *
 * @throws ElectionError `INVALID_OPTION`, `STOPPED` by a session that was closed before, `UNAVAILABLE` when the client
 *   is closed; with `requeue: false` the reason of the loss, with `wait` `TIMEOUT`; or what the task throws
 */
export async function run<T>(
  campaign: Campaign,
  task: Task<T>,
  options: RunOptions,
  { session, intent, options: { logger } }: Pick<CampaignContext, 'session' | 'intent' | 'options'>,
): Promise<T | undefined> {
  checkCallOptions(options, ['signal', 'requeue', 'wait']);
  const { signal, requeue = true, wait } = options;
  if (typeof task !== 'function') {
    throw new ElectionError('INVALID_OPTION', `\`task\` must be a function; got ${show(task)}`);
  }
  if (intent.work !== undefined) {
    throw new ElectionError('INVALID_OPTION', 'one `run()` at a time: another is under way on this election');
  }
  const { refusal } = session.lease;
  if (refusal !== undefined) throw refusal;
  if (signal?.aborted) {
    await campaign.stop(abortedBy(signal)); // it may have been started before
    return undefined;
  }
  const work = new TaskRun(task, requeue, logger);
  const stopListening = onAbort(signal, () => void campaign.stop(abortedBy(signal)));
  const giveUp = (reason: ElectionError): void => {
    // a candidate that is leaving was stopped by somebody else
    if (campaign.state.name !== 'leaving') void campaign.stop(reason);
  };
  if (wait !== undefined) work.limit(new WaitLimit(session.clock, wait, giveUp));
  campaign.assign(work);
  campaign.start();
  try {
    return await work.outcome;
  } finally {
    stopListening();
    if (!work.isCancelled) await campaign.stop(); // else the candidate was stopped, and perhaps started again
    // A task that outlives `releaseTimeout` goes on. Until it has ended, no other task may begin.
    if (work.running === undefined) campaign.assign(undefined);
    else void work.running.then(() => campaign.assign(undefined));
  }
}
