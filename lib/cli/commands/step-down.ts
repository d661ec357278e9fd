import { isatty } from 'node:tty';
import { Election } from '../../election.js';
import { environmentOf } from '../../environment.js';
import type { ElectionError } from '../../errors.js';
import { Queue } from '../../queue/queue.js';
import { keyFrom } from '../../store/bytes.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../exit.js';
import { firstAnswer } from '../outage.js';
import { visible } from '../output.js';
import { confirm } from '../prompt.js';
import { leaderData } from './candidates.js';

/**
 * Deletes the leader's key, if it is still the key that was shown. The leader notices, stops leading and goes to the
 * end of the queue. The leader's work may go on for a moment while the next candidate already leads.
 */
export async function stepDown(
  { etcd, out }: Context,
  name: string,
  { yes = false }: { readonly yes?: boolean },
): Promise<number> {
  if (!yes && !isatty(0)) {
    throw new CliError(EXIT.usage, 'step-down asks first, and there is no terminal to ask on: say --yes');
  }
  const election = new Election(etcd, name, { logger: out.logger });
  let blocked: ElectionError | undefined;
  election.on('error', (error) => {
    blocked = error;
  });
  const leader = await firstAnswer(election.leader());
  if (leader === undefined) {
    // What is no candidate of this election is never deleted: it may be the only copy of somebody's data.
    const why = blocked === undefined ? '' : `: ${visible(blocked.message)}`;
    throw new CliError(EXIT.nobody, `nobody leads ${visible(name)}${why}`);
  }
  const who = `${visible(leader.value)} (token ${leader.fencingToken})`;
  if (!yes && !(await confirm(`${who} leads ${visible(name)}. Make it step down? [y/N] `))) {
    throw new CliError(EXIT.failed, 'nothing done');
  }

  const { key, fencingToken, leaseId } = leader;
  const queue = new Queue(environmentOf(etcd).store, name, () => out.logger);
  const own = { key: keyFrom(key), createRevision: fencingToken, lease: BigInt(`0x${leaseId}`) };
  if (!(await queue.release(own)))
    throw new CliError(EXIT.failed, `${who} had stopped leading meanwhile: nothing done`);
  const next = await election.leader();
  const now =
    next === undefined ? 'nobody leads at the moment' : `${visible(next.value)} (token ${next.fencingToken}) leads now`;
  out.result(`${who} has to step down; ${now}`, {
    election: name,
    steppedDown: leaderData(leader),
    leader: leaderData(next),
  });
  return EXIT.ok;
}
