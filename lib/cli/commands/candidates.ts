import type { Candidate } from '../../candidate.js';
import { Election } from '../../election.js';
import { describeBlocker } from '../../queue/blockers.js';
import type { CommandContext } from '../command-context.js';
import { EXIT } from '../exit.js';
import { firstAnswer } from '../first-answer.js';
import { type Output, table, visible } from '../output.js';
import { partCalled } from '../pool/pool-parts.js';
import { Requests } from '../requests.js';

/** Prints the queue, and how long each candidate would stay in it if it died now. */
export async function candidates(context: CommandContext, name: string): Promise<number> {
  const { etcd, out } = context;
  const queue = await firstAnswer(new Election(etcd, name, { logger: out.logger }).candidates());
  const requests = new Requests(etcd);
  const entries = await requests.each(queue, async (candidate, i) => ({
    position: i + 1,
    value: candidate.value,
    key: candidate.key,
    token: candidate.fencingToken,
    leaseId: candidate.leaseId,
    ttl: await requests.timeToLive(candidate.leaseId),
    blocks: candidate.blocks,
    isOurs: candidate.isOurs,
  }));
  const rows = entries.map((entry) => [
    String(entry.position),
    visible(entry.value),
    visible(entry.key),
    String(entry.token),
    ttlText(entry),
  ]);
  const text =
    rows.length === 0 ? 'no candidates' : table(['POSITION', 'VALUE', 'KEY', 'TOKEN', 'LEASE TTL LEFT'], rows);
  out.result(text, entries);
  const part = await partCalled(context, name);
  if (part !== undefined) out.warn(part.text);
  // The keys of a pool that are no queue are named after a lease, or block nobody.
  for (const candidate of queue) if (candidate.blocks && part?.isElection !== false) tellBlocked(out, candidate);
  return EXIT.ok;
}

function ttlText({ ttl, blocks, isOurs }: Pick<Candidate, 'blocks' | 'isOurs'> & { ttl: number | null }): string {
  const text = ttl === null ? 'no lease' : `${Math.max(0, ttl)} s`;
  if (blocks) return `${text}: no candidate, blocks the queue`;
  return isOurs ? text : `${text}: of another client`;
}

/** Says which key blocks an election, and how to mend it. */
export function tellBlocked(out: Output, blocker: Candidate): void {
  out.error(visible(describeBlocker(blocker.key, blocker.leaseId)), { code: 'BLOCKED', ...blockerData(blocker) });
}

/** A key that is no candidate's, in JSON. */
export function blockerData({ key, fencingToken, leaseId }: Candidate): object {
  return { key, token: fencingToken, leaseId };
}

/** A leader in JSON, the same in every command. */
export function leaderData(candidate: Candidate | undefined): object | null {
  if (candidate === undefined) return null;
  const { value, key, fencingToken, leaseId } = candidate;
  return { value, key, token: fencingToken, leaseId };
}
