import { EXCUSED, type Overlap, type Removal } from './overlaps.js';

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
  /** The leases that were gone, in hex, and the moment until which each had to last. */
  readonly leases: ReadonlyMap<string, number>;
}

/**
 * Marks the overlaps that etcd has made: the lease of the earlier term was ended by a member that did not lead raft,
 * the overlap began after that and before the lease was due, and it was short, because the old leader hears of the end
 * of its key as it hears of a deletion. No more leases are laid at etcd's door than the member says that it has ended.
 */
export function excuseEarlyEnds(overlaps: readonly Overlap[], earlyEnds: readonly EarlyEnds[]): Overlap[] {
  let found = [...overlaps];
  for (const ends of earlyEnds) {
    const concerned = new Set(found.filter((overlap) => isOf(overlap, ends)));
    const leases = new Set([...concerned].map(({ earlier }) => earlier.lease));
    if (leases.size > ends.count) continue;
    found = found.map((overlap) => (concerned.has(overlap) ? { ...overlap, excuse: 'ended by etcd' } : overlap));
  }
  return found;
}

function isOf({ earlier, from, length, excuse }: Overlap, { at, leases }: EarlyEnds): boolean {
  const due = leases.get(earlier.lease ?? '');
  return excuse === undefined && due !== undefined && from >= at && from < due && length < EXCUSED;
}

/** The early ends as removals of leases. */
export function removalsBy(earlyEnds: readonly EarlyEnds[]): Removal[] {
  return earlyEnds.flatMap(({ at, leases }) =>
    [...leases].map(([id, due]): Removal => ({ before: at, after: due, what: 'lease', id })),
  );
}
