import type { Candidate } from '../../candidate.js';
import { Election } from '../../election.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit.js';
import { firstAnswer } from '../outage.js';
import { table, visible } from '../output.js';
import { Reads } from '../reads.js';

/** Prints the queue, and how long each candidate would stay in it if it died now. */
export async function candidates({ etcd, out }: Context, name: string): Promise<number> {
  const queue = await firstAnswer(new Election(etcd, name, { logger: out.logger }).candidates());
  const reads = new Reads(etcd);
  const entries = await reads.each(queue, async (candidate, i) => ({
    position: i + 1,
    value: candidate.value,
    key: candidate.key,
    token: candidate.fencingToken,
    leaseId: candidate.leaseId,
    ttl: await reads.timeToLive(candidate.leaseId),
  }));
  const rows = entries.map((entry) => [
    String(entry.position),
    visible(entry.value),
    visible(entry.key),
    String(entry.token),
    ttlText(entry.ttl),
  ]);
  const text =
    rows.length === 0 ? 'no candidates' : table(['POSITION', 'VALUE', 'KEY', 'TOKEN', 'LEASE TTL LEFT'], rows);
  out.result(text, entries);
  return EXIT.ok;
}

function ttlText(ttl: number | null): string {
  return ttl === null ? 'no lease' : `${Math.max(0, ttl)} s`;
}

/** A leader in JSON, the same in every command. */
export function leaderData(candidate: Candidate | undefined): object | null {
  if (candidate === undefined) return null;
  const { value, key, fencingToken, leaseId } = candidate;
  return { value, key, token: fencingToken, leaseId };
}
