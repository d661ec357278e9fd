import type { Candidate } from '../candidate.js';
import { toCandidate } from '../queue/candidates.js';
import { Queue } from '../queue/queue.js';
import { hexOf } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';
import type { PoolContext } from './context.js';
import { leaseOf } from './keys.js';
import { OwnersTable } from './owners-table.js';
import { kvsOf, readPaged, readSnapshot } from './reads.js';
import { MOST_PARTITIONS, parseMember, parsePlan } from './wire.js';

/** A worker of a pool, as etcd had it at the moment of a read. */
export interface Member {
  /** What the worker is called: its option `member`. */
  readonly id: string;
  /** Lower-case hex. */
  readonly leaseId: string;
  readonly weight: number;
  /** How many partitions the worker owns. */
  readonly owned: number;
  /** How many partitions the worker is to own by its plan. */
  readonly planned: number;
  readonly isCoordinator: boolean;
  /** The worker is being stopped, and hands over what it owns. */
  readonly isLeaving: boolean;
}

/** Who owns the partition, by a linearizable read. */
export async function readOwner(context: PoolContext, partition: string): Promise<Candidate | undefined> {
  const { session, keys, log } = context;
  const { kv } = await new Queue(session.parts.store, keys.ownerElection(partition), log).head();
  if (kv === undefined) return undefined;
  const candidate = toCandidate(kv);
  return candidate.blocks ? undefined : candidate;
}

/** Who owns which partition, all at one moment. */
export async function readOwners({ session, keys }: PoolContext): Promise<Map<string, Candidate>> {
  const table = new OwnersTable(keys, { withValues: true });
  table.load((await readPaged(session.parts.store, keys.owners)).kvs);
  return ownersIn(table);
}

export function ownersIn(table: OwnersTable): Map<string, Candidate> {
  const owners = new Map<string, Candidate>();
  for (const partition of table.partitions) {
    const first = table.first(partition);
    if (first !== undefined && !first.blocks) owners.set(partition, toCandidate(first.kv));
  }
  return owners;
}

/** The members at one moment, in the order in which they have joined. */
export async function readMembers({ session, keys }: PoolContext): Promise<Member[]> {
  const small = [keys.members, keys.plans, keys.coordinators];
  const { ranges, kvs } = await readSnapshot(session.parts.store, small, keys.owners);
  const table = new OwnersTable(keys, { withValues: false });
  table.load(kvs);
  const owned = new Map<string, number>();
  for (const partition of table.partitions) {
    const lease = table.first(partition)?.lease ?? '';
    owned.set(lease, (owned.get(lease) ?? 0) + 1);
  }
  const [members, plans, coordinators] = ranges.map(kvsOf);
  const coordinator = coordinators?.[0];
  const planOf = new Map((plans ?? []).map((kv) => [hexOf(kv.lease), kv]));
  return (members ?? []).flatMap((kv) => {
    const leaseId = leaseOf(kv, keys.members);
    const value = parseMember(kv.value);
    if (leaseId === undefined || value === undefined) return [];
    return {
      id: value.id,
      leaseId,
      weight: value.weight,
      owned: owned.get(leaseId) ?? 0,
      planned: plannedIn(planOf.get(leaseId)),
      isCoordinator: coordinator?.lease === kv.lease,
      isLeaving: value.isLeaving,
    };
  });
}

function plannedIn(plan: KeyValue | undefined): number {
  return (plan && parsePlan(plan.value, MOST_PARTITIONS)?.own.length) ?? 0;
}
