import type { Disorder, Overlap, Removal } from './overlaps.js';
import type { Tenure } from './tenures.js';

/** Microseconds that a lease may last beyond the moment that etcd has told, because etcd tells whole seconds. */
const ROUNDED = 1_000_000;

/**
 * Leases that etcd has ended before their time, when a member went on that had led raft before its pause: see
 * `spec/chaos/nemesis/resumption.ts`. Times are microseconds.
 */
export interface EarlyEnds {
  /** When the member went on. */
  readonly at: number;
  readonly member: string;
  /** The number of leases that the member has ended, by its own counter. */
  readonly count: number;
  /** The leases that were gone, in hex, and the moment until which each had to last at least. */
  readonly leases: ReadonlyMap<string, number>;
}

/** What was found wrong with leaders. */
export interface LeaderFindings {
  readonly overlaps: readonly Overlap[];
  readonly disorder: readonly Disorder[];
}

/**
 * Marks what etcd has made: the lease of the earlier term was ended by a member that did not lead raft, the overlap
 * began after that and before the lease was due, and was over when the lease would have been. The old leader hears of
 * the end of its key as it hears of a deletion. What keeps it from hearing, another fault or a busy machine, does not
 * keep its deadline from coming. When several leases in a row end, it may even hear late that it has become the first.
 * No more leases are laid at etcd's door than the member says that it has ended.
 */
export function excuseEarlyEnds(found: LeaderFindings, earlyEnds: readonly EarlyEnds[]): LeaderFindings {
  let { overlaps, disorder } = found;
  for (const ends of earlyEnds) {
    const longer = new Set(overlaps.filter((one) => isMadeBy(ends, one.excuse, one.earlier, one.from, one.length)));
    const later = new Set(
      disorder.filter(({ excuse, after }) => {
        const { before: from } = after.first;
        return isMadeBy(ends, excuse, after, from, after.last.before - from);
      }),
    );
    const leases = new Set(
      [...[...longer].map((one) => one.earlier), ...[...later].map((one) => one.after)].map(leaseOf),
    );
    if (leases.size > ends.count) continue;
    overlaps = overlaps.map((one) => (longer.has(one) ? { ...one, excuse: 'ended by etcd' } : one));
    disorder = disorder.map((one) => (later.has(one) ? { ...one, excuse: 'ended by etcd' } : one));
  }
  return { overlaps, disorder };
}

function leaseOf({ lease }: Tenure): string | undefined {
  return lease;
}

function isMadeBy(ends: EarlyEnds, excuse: unknown, { lease = '' }: Tenure, from: number, length: number): boolean {
  const due = ends.leases.get(lease);
  return excuse === undefined && due !== undefined && from >= ends.at && from < due && from + length < due + ROUNDED;
}

/** The early ends as removals of leases. */
export function removalsBy(earlyEnds: readonly EarlyEnds[]): Removal[] {
  return earlyEnds.flatMap(({ at, leases }) =>
    [...leases].map(([id, due]): Removal => ({ before: at, after: due, what: 'lease', id })),
  );
}
