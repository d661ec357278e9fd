import { Election } from '../../election.js';
import type { RecordedTerm } from '../../queue/recorded-terms.js';
import type { CommandContext } from '../command-context.js';
import { EXIT } from '../exit.js';
import { firstAnswer } from '../first-answer.js';
import { table, visible } from '../output.js';
import { readPastLeaders } from '../past-leaders.js';

/** One line of what is printed. Times are milliseconds since 1970; null: not known. */
interface Line {
  readonly value: string;
  readonly token: bigint;
  readonly leaseId: string;
  readonly from: number | null;
  readonly until: number | null;
  /** False: the term ended at that time or before. */
  readonly isExact: boolean;
  /** Milliseconds from the end of the term before to the beginning of this one. */
  readonly gap: number | null;
  /** The key of the term before was deleted, so its leader was told after the next one was elected. */
  readonly isToldLate: boolean;
  readonly why: string | null;
  readonly leads: boolean;
}

const HEAD = ['LEADER', 'TOKEN', 'FROM', 'UNTIL', 'FOR', 'GAP BEFORE', 'ENDED'];

const UNRECORDED =
  'no leader has recorded its terms: this is the order of leaders by etcd’s revisions, which have no times. With ' +
  '`history` (run --history 100) leaders record their terms';

/**
 * Prints who led an election, oldest first: as the leaders have recorded it, or else as etcd's revisions since the last
 * compaction show it.
 */
export async function history(context: CommandContext, name: string): Promise<number> {
  const { etcd, out } = context;
  const election = new Election(etcd, name, { logger: out.logger });
  const [terms, leader] = await firstAnswer(Promise.all([election.history(), election.leader()]));
  if (terms.length > 0) {
    const lines = terms.map((term, at) => lineOf(term, terms[at - 1], leader?.fencingToken));
    print(context, name, lines, { recorded: true, since: null });
    out.info('recorded by the leaders themselves, each by its own wall clock');
    return EXIT.ok;
  }
  const past = await readPastLeaders(context, name);
  const unknown = { from: null, until: null, isExact: false, gap: null, isToldLate: false, why: null };
  const lines = past.leaders.map(({ value, fencingToken, leaseId }) => {
    return { value, token: fencingToken, leaseId, ...unknown, leads: fencingToken === leader?.fencingToken };
  });
  print(context, name, lines, { recorded: false, since: past.since });
  out.info(`${UNRECORDED}; etcd knows its revisions from ${past.since} on`, { since: past.since });
  return EXIT.ok;
}

function lineOf(term: RecordedTerm, before: RecordedTerm | undefined, leader: bigint | undefined): Line {
  const { value, fencingToken, leaseId, from, until, why } = term;
  const isKnown = before?.until !== undefined && before.why !== undefined;
  return {
    value,
    token: fencingToken,
    leaseId,
    from,
    until: until ?? null,
    isExact: why !== undefined,
    gap: isKnown ? from - (before.until ?? 0) : null,
    isToldLate: before?.why === 'KEY_DELETED' || before?.why === 'LEASE_LOST',
    why: why ?? null,
    leads: fencingToken === leader && until === undefined,
  };
}

function print(
  { out }: CommandContext,
  election: string,
  lines: readonly Line[],
  { recorded, since }: { readonly recorded: boolean; readonly since: bigint | null },
): void {
  const rows = lines.map((line) => [
    visible(line.value),
    String(line.token),
    line.from === null ? '?' : timeOf(line.from),
    untilText(line),
    forText(line),
    gapText(line),
    line.why ?? (line.leads ? '' : 'not recorded'),
  ]);
  const terms = lines.map(({ from, until, isExact, gap, isToldLate: _, why, leads, ...line }) => ({
    ...line,
    from: from === null ? null : timeOf(from),
    until: until === null ? null : timeOf(until),
    isExact,
    gap,
    why,
    leads,
  }));
  out.result(rows.length === 0 ? 'no terms' : table(HEAD, rows), { election, recorded, since, terms });
}

function untilText({ until, isExact, leads }: Line): string {
  if (leads) return 'leads';
  if (until === null) return '?';
  return isExact ? timeOf(until) : `<= ${timeOf(until)}`;
}

function forText({ from, until, isExact, leads }: Line): string {
  if (from === null) return '?';
  if (leads) return lengthOf(Math.max(0, Date.now() - from));
  if (until === null) return '?';
  return isExact ? lengthOf(until - from) : `<= ${lengthOf(until - from)}`;
}

/** Clocks of two hosts differ: by them a term can begin before the one before it has ended. */
function gapText({ gap, isToldLate }: Line): string {
  if (gap === null) return '?';
  return gap < 0 ? `${lengthOf(gap)}: ${isToldLate ? 'both led' : 'clocks differ'}` : lengthOf(gap);
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** Two units at the most: `0.25 s`, `12.3 s`, `4 min 5 s`, `3 h 20 min`, `2 d 4 h`. */
function lengthOf(ms: number): string {
  if (ms < 0) return `-${lengthOf(-ms)}`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600), Math.floor(seconds / 86_400)];
  if (hours === 0) return `${minutes} min ${seconds % 60} s`;
  return days === 0 ? `${hours} h ${minutes % 60} min` : `${days} d ${hours % 24} h`;
}
