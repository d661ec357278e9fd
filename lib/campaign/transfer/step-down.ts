import type { Candidate } from '../../candidate.js';
import { checkCallOptions } from '../../checks.js';
import { ElectionError } from '../../errors.js';
import { toLeader } from '../../queue/candidates.js';
import type { Campaign } from '../campaign.js';
import type { CampaignContext } from '../context.js';
import { checkTarget, findTarget, type TransferTarget } from './target.js';

export interface StepDownOptions {
  /** Who shall lead next: what a candidate announces (of several the first in the queue), or the candidate itself. */
  readonly to?: TransferTarget;
}

/**
 * The leader steps down; with `to`, it hands over to that candidate. Then resolves with the candidate that leads when
 * the old leader is back in the queue; undefined: nobody does.
 *
 * @throws ElectionError `INVALID_OPTION`, `NOT_LEADER`, `NOT_CANDIDATE`; `UNAVAILABLE` and `PERMISSION_DENIED` by a
 *   read before the leader steps down, or by the read that says who leads afterwards
 */
export async function stepDown(
  campaign: Campaign,
  { queue }: Pick<CampaignContext, 'queue'>,
  options: StepDownOptions,
): Promise<Candidate | undefined> {
  checkCallOptions(options, ['to']);
  const { to } = options;
  if (to === undefined) {
    await queueAgain(campaign);
    return undefined;
  }
  checkTarget(to);
  const { term } = campaign;
  if (term === undefined) throw new ElectionError('NOT_LEADER', 'only a leader can hand over');
  const others = (await queue.all()).filter(({ createRevision }) => createRevision !== term.fencingToken);
  const target = findTarget(others, to);
  if (campaign.term !== term) throw new ElectionError('NOT_LEADER', 'leadership has ended meanwhile: nothing was done');
  await queueAgain(campaign, target.lease);
  return toLeader((await queue.head()).kv);
}

/**
 * Resolves when the leader is back in the queue, or its first attempt to be so has failed. `to`: the lease of the
 * candidate that shall lead next.
 */
async function queueAgain(campaign: Campaign, to?: bigint): Promise<void> {
  const reason = new ElectionError('STEPPED_DOWN', 'the leader has stepped down: queueing again');
  const leaving = campaign.makeWay(reason, to);
  if (leaving === undefined) throw new ElectionError('NOT_LEADER', 'only a leader can step down');
  await leaving.done;
  const { state } = campaign;
  if (state.name === 'joining') await state.attempt;
}
