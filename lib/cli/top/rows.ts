import type { ElectionPicture, Moment, Picture, PoolPicture, TermPicture } from '../../view/picture.js';
import { span } from './text.js';

const HOUR = 3_600_000;

/** A line of the list: an election or a pool. */
export interface Row {
  readonly kind: 'election' | 'pool';
  readonly name: string;
  readonly leader: string;
  /** Nobody leads, or somebody should look at it. */
  readonly isBad: boolean;
  readonly token: bigint | undefined;
  /** Milliseconds for which it has been so; the viewer may have begun later. */
  readonly age: number | undefined;
  readonly isAgeExact: boolean;
  readonly queue: number;
  /** Changes of leader in the last hour, as far as they were seen. */
  readonly changes: number;
  /** Why the last term ended, and when. */
  readonly last: string;
}

export function screenRows({ elections, pools }: Picture, now: number): Row[] {
  return [...elections.map((one) => electionRow(one, now)), ...pools.map(poolRow)];
}

function electionRow({ name, leader, blockedBy, queue, terms }: ElectionPicture, now: number): Row {
  const ended = terms.findLast((term) => term.ended !== undefined);
  const since = leader?.since ?? terms.at(-1)?.until;
  return {
    kind: 'election',
    name,
    leader: blockedBy === undefined ? (leader?.value ?? 'nobody') : `nobody: blocked by ${blockedBy}`,
    isBad: leader === undefined,
    token: leader?.fencingToken,
    age: since && now - since.at,
    isAgeExact: since?.isExact === true,
    queue: queue.length,
    changes: terms.filter((term, at) => isChange(term, at) && now - (term.from?.at ?? 0) <= HOUR).length,
    last: ended === undefined ? '' : endText(ended, now),
  };
}

/** The first term that a viewer sees is no change, unless the viewer has seen it begin after another one's end. */
function isChange({ from }: TermPicture, at: number): boolean {
  return from !== undefined && (at > 0 || from.isExact);
}

function endText({ ended, until }: TermPicture, now: number): string {
  const when = until === undefined ? '' : ` ${span(now - until.at)} ago`;
  return `${ended === 'unknown' ? 'key gone' : (ended ?? '')}${when}`;
}

function poolRow({ name, members, partitions }: PoolPicture): Row {
  const unowned = partitions.filter(({ fencingToken }) => fencingToken === undefined).length;
  const workers = `${members.length} ${members.length === 1 ? 'worker' : 'workers'}`;
  return {
    kind: 'pool',
    name,
    leader: `pool: ${workers}, ${partitions.length} partitions${unowned > 0 ? `, ${unowned} owned by nobody` : ''}`,
    isBad: unowned > 0 || members.length === 0,
    token: undefined,
    age: undefined,
    isAgeExact: false,
    queue: members.length,
    changes: 0,
    last: '',
  };
}

/** What the rows can be sorted by, in the order of the columns. */
export const SORTS = ['name', 'leader', 'token', 'since', 'queue', 'changes'] as const;
export type Sort = (typeof SORTS)[number];

/** Text goes up, numbers go down: what is greatest is looked for. */
const ORDERS: Readonly<Record<Sort, (a: Row, b: Row) => number>> = {
  name: () => 0,
  leader: (a, b) => compare(a.leader, b.leader),
  token: (a, b) => compare(b.token ?? -1n, a.token ?? -1n),
  // The youngest first: what has changed last is looked for.
  since: (a, b) => compare(a.age ?? Number.POSITIVE_INFINITY, b.age ?? Number.POSITIVE_INFINITY),
  queue: (a, b) => compare(b.queue, a.queue),
  changes: (a, b) => compare(b.changes, a.changes),
};

/** Rows that match the filter, in order. Equal ones are in the order of their names. */
export function arrange(rows: readonly Row[], filter: string, sort: Sort, isReversed: boolean): Row[] {
  const wanted = filter.toLowerCase();
  const kept = rows.filter(({ name, leader }) => `${name}\0${leader}`.toLowerCase().includes(wanted));
  const sign = isReversed ? -1 : 1;
  return kept.sort((a, b) => sign * (ORDERS[sort](a, b) || compare(a.name, b.name)) || compare(a.kind, b.kind));
}

function compare<T extends string | number | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `4m 05s`, or `>4m 05s` where it has been so for longer than the viewer knows. */
export function ageText(row: Pick<Row, 'age' | 'isAgeExact'>): string {
  return row.age === undefined ? '' : `${row.isAgeExact ? '' : '>'}${span(row.age)}`;
}

/** The time of day, with the date where it was another day; `≤`: at that time or before. */
export function momentText(moment: Moment | undefined, now: number): string {
  if (moment === undefined) return '';
  const [date, time] = new Date(moment.at).toISOString().slice(0, 19).split('T') as [string, string];
  const isToday = new Date(now).toISOString().startsWith(date);
  return `${moment.isExact ? '' : '≤'}${isToday ? '' : `${date} `}${time}`;
}
