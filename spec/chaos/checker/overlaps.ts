import type { Tenure } from './tenures.js';

/** Two terms of one election that were current at one and the same time. */
export interface Overlap {
  readonly election: string;
  readonly earlier: Tenure;
  readonly later: Tenure;
  /** Microseconds. */
  readonly from: number;
  readonly length: number;
  /**
   * The key or lease of the earlier term had just been removed by hand, and the overlap was short; or etcd had ended
   * the lease before its time. Undefined: neither is proven.
   */
  readonly excuse: 'removed by hand' | 'ended by etcd' | undefined;
}

/** A greater token that led before a smaller token. */
export interface Disorder {
  readonly election: string;
  readonly before: Tenure;
  readonly after: Tenure;
  /** etcd had ended the lease of the smaller token before its time. Undefined: that is not proven. */
  readonly excuse: 'ended by etcd' | undefined;
}

export interface Removal {
  readonly before: number;
  readonly after: number;
  readonly what: 'key' | 'lease';
  readonly id: string;
}

/** Microseconds that an overlap after a removal by hand may last, because the old leader cannot hear of it at once. */
const EXCUSED = 250_000;
/** Microseconds after a removal by hand within which the excused overlap must begin. */
const SOON = 5_000_000;

/**
 * Finds the terms that surely overlapped.
 *
 * A term that is over stays over (`Sampler` reports a term that does not). So a term was current from the first sample
 * that found it current until the last. Two terms A and B are said to overlap only when somebody could have noticed: A
 * was found current, later B was, and still later A. The instants are only known to lie within calls. So A is counted
 * from the *end* of its first call to the *beginning* of its last call. If the two stretches have an instant in common,
 * there was such a sequence, whatever the instants within the calls were. A process that was stopped by SIGSTOP and
 * does not ask any more makes no overlap. A process that wakes up and still finds itself the leader does.
 */
export function findOverlaps(tenures: readonly Tenure[], removals: readonly Removal[]): Overlap[] {
  const sorted = [...tenures].sort((a, b) => a.first.before - b.first.before);
  const found: Overlap[] = [];
  let open: Tenure[] = [];
  for (const tenure of sorted) {
    open = open.filter((other) => other.last.before > tenure.first.before);
    for (const other of open) {
      const overlap = overlapOf(other, tenure);
      if (overlap === undefined) continue;
      const [earlier, later] = other.token <= tenure.token ? [other, tenure] : [tenure, other];
      const { from, to } = overlap;
      const short = to - from < EXCUSED;
      const isByHand = short && removals.some((removal) => concerns(removal, earlier) && isSoon(removal, from));
      const excuse = isByHand ? 'removed by hand' : undefined;
      found.push({ election: tenure.election, earlier, later, from, length: to - from, excuse });
    }
    open.push(tenure);
  }
  return found;
}

function overlapOf(a: Tenure, b: Tenure): { readonly from: number; readonly to: number } | undefined {
  if (isPoint(a)) return within(a, b);
  if (isPoint(b)) return within(b, a);
  const from = Math.max(a.first.after, b.first.after);
  const to = Math.min(a.last.before, b.last.before);
  return from < to ? { from, to } : undefined;
}

/** The term was found current only once. */
function isPoint({ first, last }: Tenure): boolean {
  return first.before === last.before;
}

/**
 * The instant of a single sample lies somewhere in its call. So the whole call must lie in the other term's stretch.
 */
function within({ first }: Tenure, other: Tenure): { readonly from: number; readonly to: number } | undefined {
  const { before: from, after: to } = first;
  return from > other.first.after && to < other.last.before ? { from, to } : undefined;
}

function concerns({ what, id }: Removal, { election, token, lease }: Tenure): boolean {
  return what === 'lease' ? id === lease : id === `${election}#${token}`;
}

function isSoon({ before, after }: Removal, from: number): boolean {
  return from >= before && from <= after + SOON;
}

/** Finds tokens that do not grow from leader to leader, also where no two terms were current at a time. */
export function findDisorder(tenures: readonly Tenure[]): Disorder[] {
  const sorted = [...tenures].sort((a, b) => a.first.before - b.first.before);
  let greatest: Tenure | undefined;
  const found: Disorder[] = [];
  for (const tenure of sorted) {
    if (greatest !== undefined && tenure.token <= greatest.token && tenure.first.before > greatest.first.after) {
      found.push({ election: tenure.election, before: greatest, after: tenure, excuse: undefined });
    }
    if (greatest === undefined || tenure.token > greatest.token) greatest = tenure;
  }
  return found;
}
