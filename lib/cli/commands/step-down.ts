import { hostname } from 'node:os';
import { isatty } from 'node:tty';
import type { Candidate } from '../../candidate.js';
import { Election } from '../../election.js';
import { environmentOf } from '../../environment.js';
import { ElectionError } from '../../errors.js';
import { Queue } from '../../queue/queue.js';
import { keyFrom } from '../../store/bytes.js';
import type { CommandContext } from '../command-context.js';
import { CliError, EXIT } from '../exit.js';
import { explain } from '../explain.js';
import { firstAnswer } from '../first-answer.js';
import { visible } from '../output.js';
import { partCalled } from '../pool/pool-parts.js';
import { confirm } from '../prompt.js';
import { leaderData } from './candidates.js';

export interface StepDownFlags {
  readonly yes?: true;
  readonly to?: string;
  readonly force?: true;
}

const FORCE =
  '--force deletes its key: then the next candidate leads while the work of this one still runs, ' +
  'and a leader of another client may not notice at all';

/**
 * Asks the leader to step down, and waits for the next one; with `--force`, deletes the leader's key, if it is still
 * the key that was shown.
 */
export async function stepDown(context: CommandContext, name: string, flags: StepDownFlags): Promise<number> {
  const { etcd, out } = context;
  const { yes = false, to, force = false } = flags;
  if (to !== undefined && force) {
    throw new CliError(EXIT.usage, '--force deletes the key and does not ask who leads next: leave --to out');
  }
  if (!yes && !isatty(0)) {
    throw new CliError(EXIT.usage, 'step-down asks first, and there is no terminal to ask on: say --yes');
  }
  const election = new Election(etcd, name, { value: `etcd-leader step-down on ${hostname()}`, logger: out.logger });
  let blocked: ElectionError | undefined;
  election.on('error', (error) => {
    if (error.code === 'BLOCKED') blocked = error;
    else out.warn(`${explain(error, context.endpoints)}: still trying`, { code: error.code });
  });
  const leader = await firstAnswer(election.leader());
  if (leader === undefined) {
    // What is no candidate of this election is never deleted: it may be the only copy of somebody's data.
    const why = blocked === undefined ? '' : `: ${visible(blocked.message)}`;
    throw new CliError(EXIT.nobody, `nobody leads ${visible(name)}${why}`);
  }
  const part = await partCalled(context, name);
  if (part?.isElection === false) throw new CliError(EXIT.usage, `${part.text}; nothing done`);
  if (part !== undefined) out.warn(part.text);
  const who = nameOf(leader);
  if (!force && !leader.isOurs && leader.value !== to) {
    throw new CliError(
      EXIT.unanswered,
      `${who} is a candidate of another client, and cannot be asked: nothing done. ${FORCE}`,
    );
  }
  if (!yes && !(await confirm(`${who} leads ${visible(name)}. Make it step down? [y/N] `))) {
    throw new CliError(EXIT.failed, 'nothing done');
  }
  const code = await (force ? deleteKey(context, election, leader) : askLeader(context, election, leader, to));
  // The leader has made way, but the blocking key stood behind the leader: so nobody leads now.
  if (blocked !== undefined) out.error(visible(blocked.message), { code: blocked.code });
  return code;
}

async function askLeader(
  { out }: CommandContext,
  election: Election,
  leader: Candidate,
  to: string | undefined,
): Promise<number> {
  const who = nameOf(leader);
  // A person may have thought about the question for a while.
  if ((await election.leader())?.fencingToken !== leader.fencingToken) throw new CliError(EXIT.failed, gone(who));
  const startedAt = performance.now();
  const next = await election.ask(to === undefined ? {} : { to }).catch((err: unknown) => {
    throw err instanceof ElectionError ? refusal(err, who, to) : err;
  });
  const took = Math.round(performance.now() - startedAt);
  const data = { election: election.name, steppedDown: leaderData(leader), leader: leaderData(next), took };
  if (next?.fencingToken === leader.fencingToken) {
    out.result(`${who} leads already`, { ...data, steppedDown: null });
    return EXIT.ok;
  }
  const now = next === undefined ? 'nobody leads at the moment' : `${nameOf(next)} leads now`;
  out.result(`${who} has stepped down; ${now}, after ${(took / 1_000).toFixed(2)} s`, data);
  if (to !== undefined && next?.value !== to) {
    const why =
      next === undefined
        ? 'nobody leads'
        : next.isOurs
          ? 'it has left the queue, or could not be handed to'
          : 'a candidate of another client is before it';
    out.warn(`${visible(to)} does not lead: ${why}`, { to });
  }
  return EXIT.ok;
}

function refusal(error: ElectionError, who: string, to: string | undefined): Error {
  switch (error.code) {
    case 'TIMEOUT':
      return new CliError(EXIT.unanswered, `${who} has not answered: nothing done. ${FORCE}`, { cause: error });
    case 'NOT_CANDIDATE':
      return new CliError(EXIT.failed, `nobody in the queue announces ${visible(to ?? '')}: nothing done`);
    case 'NOT_LEADER':
    case 'BLOCKED':
      return new CliError(EXIT.nobody, visible(error.message));
    default:
      return error;
  }
}

async function deleteKey({ etcd, out }: CommandContext, election: Election, leader: Candidate): Promise<number> {
  const { key, fencingToken, leaseId } = leader;
  const queue = new Queue(environmentOf(etcd).store, election.name, () => out.logger);
  const own = { key: keyFrom(key), createRevision: fencingToken, lease: BigInt(`0x${leaseId}`) };
  if (!(await queue.release(own))) throw new CliError(EXIT.failed, gone(nameOf(leader)));
  const next = await election.leader();
  const now = next === undefined ? 'nobody leads at the moment' : `${nameOf(next)} leads now`;
  out.result(`${nameOf(leader)} has to step down; ${now}`, {
    election: election.name,
    steppedDown: leaderData(leader),
    leader: leaderData(next),
  });
  return EXIT.ok;
}

function nameOf({ value, fencingToken }: Candidate): string {
  return `${visible(value)} (token ${fencingToken})`;
}

function gone(who: string): string {
  return `${who} had stopped leading meanwhile: nothing done`;
}
