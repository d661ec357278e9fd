import type { Candidate } from '../../candidate.js';
import { Election } from '../../election.js';
import type { ElectionError } from '../../errors.js';
import type { CommandContext } from '../command-context.js';
import { EXIT } from '../exit.js';
import { explain } from '../explain.js';
import { OutageNotices } from '../outage-notices.js';
import { visible } from '../output.js';
import { partCalled } from '../pool/pool-parts.js';
import { leaderData } from './candidates.js';

/** Milliseconds between two reads, because a watch is silent both when nothing changes and when it is cut off. */
const ASK_EVERY = 5_000;

/** Prints a line for each change of leader, until a signal ends the program. */
export async function observe(context: CommandContext, name: string): Promise<number> {
  const { etcd, endpoints, out } = context;
  const election = new Election(etcd, name, { logger: out.logger });
  const outage = new OutageNotices(out, endpoints);
  election.on('error', (error) => {
    if (error.code === 'BLOCKED') out.error(explain(error, endpoints), { code: error.code });
    else outage.begin(error);
  });
  askNowAndThen(election, outage);
  let isFirst = true;
  for await (const leader of election.observe()) {
    outage.end();
    if (isFirst) void warnOfPool(context, name);
    isFirst = false;
    const time = new Date().toISOString();
    out.result(`${time}  ${describe(leader)}`, { time, election: name, leader: leaderData(leader) });
  }
  return EXIT.ok;
}

async function warnOfPool(context: CommandContext, name: string): Promise<void> {
  const part = await partCalled(context, name).catch(() => undefined); // an outage is told by the observation
  if (part !== undefined) context.out.warn(part.text);
}

function describe(leader: Candidate | undefined): string {
  if (leader === undefined) return 'nobody leads';
  return `${visible(leader.value)} leads  token ${leader.fencingToken}  key ${visible(leader.key)}`;
}

function askNowAndThen(election: Election, outage: OutageNotices): void {
  setTimeout(() => {
    election
      .leader()
      .then(
        () => outage.end(),
        (error: ElectionError) => outage.begin(error),
      )
      .finally(() => askNowAndThen(election, outage));
  }, ASK_EVERY);
}
