import { type Candidate, leaderOf, toCandidate } from '../candidate.js';
import { checkCallOptions } from '../checks.js';
import { ElectionError } from '../errors.js';
import type { Campaign } from './campaign.js';
import type { CampaignContext } from './context.js';
import { checkTarget, findTarget, type Target } from './transfer.js';

export interface StepDownOptions {
  /** Who shall lead next: what a candidate announces (of several the first in the queue), or the candidate itself. */
  readonly to?: Target;
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
  const reason = new ElectionError('STEPPED_DOWN', 'the leader has stepped down: queueing again');
  if (to === undefined) {
    await campaign.stepDown(reason);
    return undefined;
  }
  checkTarget(to);
  const { term } = campaign;
  if (term === undefined) throw new ElectionError('NOT_LEADER', 'only a leader can hand over');
  const others = (await queue.all()).filter(({ createRevision }) => createRevision !== term.fencingToken);
  const target = findTarget(others, to);
  if (campaign.term !== term) throw new ElectionError('NOT_LEADER', 'leadership has ended meanwhile: nothing was done');
  await campaign.stepDown(reason, target.lease);
  const leader = leaderOf((await queue.head()).kv);
  return leader && toCandidate(leader);
}
