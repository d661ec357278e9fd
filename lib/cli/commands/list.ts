import type { Candidate } from '../../candidate.js';
import { environmentOf } from '../../environment.js';
import { toCandidate } from '../../queue/candidates.js';
import { electionOf } from '../../queue/keys.js';
import { Queue } from '../../queue/queue.js';
import { keyFrom, keyOf, textOf } from '../../store/bytes.js';
import type { CommandContext } from '../command-context.js';
import { EXIT } from '../exit.js';
import { firstAnswer } from '../first-answer.js';
import { table, visible } from '../output.js';
import { type FoundPool, findPools, isPartOf } from '../pool/pool-parts.js';
import { Requests } from '../requests.js';
import { blockerData, leaderData, tellBlocked } from './candidates.js';

/** An election, and the oldest key of its queue; undefined: the candidates have left meanwhile. */
interface ListedElection {
  readonly election: string;
  readonly head: Candidate | undefined;
  readonly candidates: number;
}

/**
 * Prints elections and their leaders, then pools and their coordinators. An election is known by its keys alone: a key
 * `<name>/<lease id>` that hangs on the very lease that it names. No other kind of key looks like that by accident. Who
 * leads is read as `candidates` reads it.
 */
export async function list(context: CommandContext, prefix: string): Promise<number> {
  const { etcd, out } = context;
  const { store } = environmentOf(etcd);
  const requests = new Requests(etcd);
  const counts = await countCandidates(requests, prefix);
  const pools = await findPools(context, counts.keys());
  const names = new Set(pools.map(({ name }) => name));
  const elections = [...counts].filter(([name]) => !isPartOf(names, name));
  const found = await requests.each(elections, async ([name, candidates]): Promise<ListedElection> => {
    const election = textOf(name);
    const { kv } = await new Queue(store, election, () => out.logger).head();
    return { election, head: kv && toCandidate(kv), candidates };
  });
  const rows = found.map(({ election, head, candidates }) => [
    visible(election),
    leaderText(head),
    head === undefined || head.blocks ? '' : String(head.fencingToken),
    String(candidates),
  ]);
  const data = found.map(({ election, head, candidates }) => ({
    election,
    leader: leaderData(head?.blocks ? undefined : head),
    candidates,
    blockedBy: head?.blocks ? blockerData(head) : null,
  }));
  const tables = [
    rows.length > 0 || pools.length === 0 ? electionTable(rows) : '',
    pools.length > 0 ? poolTable(pools) : '',
  ];
  out.result(tables.filter((text) => text !== '').join('\n\n'), [...data, ...pools.map(poolData)]);
  for (const { head } of found) if (head?.blocks) tellBlocked(out, head);
  return EXIT.ok;
}

function electionTable(rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? 'no elections' : table(['ELECTION', 'LEADER', 'TOKEN', 'CANDIDATES'], rows);
}

function poolTable(pools: readonly FoundPool[]): string {
  const rows = pools.map(({ name, members }) => {
    const coordinator = members.find(({ isCoordinator }) => isCoordinator);
    return [visible(textOf(name)), visible(coordinator?.id ?? 'nobody'), String(members.length)];
  });
  return table(['POOL', 'COORDINATOR', 'WORKERS'], rows);
}

function poolData({ name, members }: FoundPool): object {
  const { id, leaseId } = members.find(({ isCoordinator }) => isCoordinator) ?? {};
  return { pool: textOf(name), coordinator: id === undefined ? null : { id, leaseId }, workers: members.length };
}

function leaderText(head: Candidate | undefined): string {
  if (head === undefined) return 'nobody';
  return head.blocks ? `nobody: blocked by ${visible(head.key)}` : visible(head.value);
}

/** How many candidates each election has, in the order of the keys; the names of elections are byte strings. */
async function countCandidates(requests: Requests, prefix: string): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const pages = requests.keys(Buffer.from(prefix));
  for (let page = await firstAnswer(pages.next()); !page.done; page = await pages.next()) {
    for (const { key, lease } of page.value) {
      const name = electionOf({ key: keyOf(key), lease: BigInt(lease) });
      // The prefix may reach into the last segment of a key: then the election's own name is shorter than the prefix.
      if (name?.startsWith(keyFrom(prefix))) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}
