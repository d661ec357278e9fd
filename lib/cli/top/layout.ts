import type { ElectionPicture, Picture, PoolPicture } from '../../view/picture.js';
import { visible } from '../output.js';
import { ageText, momentText, type Row, type Sort } from './rows.js';
import { chosenIn, rowsIn, type ScreenState } from './screen-state.js';
import { cell, columnsOf, crop, span, tailCell } from './text.js';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export type Look = 'title' | 'head' | 'chosen' | 'bad' | 'dim' | 'plain';

/** A line of the screen, as wide as the screen at the most. */
export interface ScreenLine {
  readonly text: string;
  readonly look: Look;
}

/** What the screen shows beside the state. */
export interface Scene {
  readonly picture: Picture;
  /** False: etcd has not answered yet, so nobody knows what there is. */
  readonly isRead: boolean;
  readonly prefix: string;
  readonly now: number;
  /** What is wrong with etcd; undefined: it answers. */
  readonly outage: string | undefined;
}

interface ScreenColumn {
  readonly head: string;
  readonly sort: Sort | undefined;
  /** Undefined: what is left is shared. */
  readonly width: number | undefined;
  text(row: Row): string;
}

const COLUMNS: readonly ScreenColumn[] = [
  { head: 'NAME', sort: 'name', width: undefined, text: ({ name }) => name },
  { head: 'LEADER', sort: 'leader', width: undefined, text: ({ leader }) => leader },
  { head: 'TOKEN', sort: 'token', width: 10, text: ({ token }) => token?.toString() ?? '' },
  { head: 'SINCE', sort: 'since', width: 9, text: ageText },
  { head: 'QUEUE', sort: 'queue', width: 6, text: ({ queue }) => `${queue}` },
  { head: 'CHG/H', sort: 'changes', width: 6, text: ({ kind, changes }) => (kind === 'pool' ? '' : `${changes}`) },
  { head: 'LAST CHANGE', sort: undefined, width: 24, text: ({ last }) => last },
];

/** Columns that a narrow screen does without, in this order. */
const LEFT_OUT = ['LAST CHANGE', 'TOKEN', 'QUEUE', 'CHG/H', 'SINCE', 'LEADER'];
/** Columns of the screen that names and leaders have at least. */
const LEAST_SHARED = 24;

/** Lines of a page of the list: the title, the heads and the last line are no part of it. */
export function pageSizeOf({ rows }: Size): number {
  return Math.max(1, rows - 3);
}

/** The whole screen: `rows` lines, the last one at the bottom. */
export function linesOf(state: ScreenState, scene: Scene, size: Size): ScreenLine[] {
  const body = state.open === undefined ? listOf(state, scene, size) : openOf(state, scene, size);
  const room = Math.max(0, size.rows - 2);
  const filling = Array.from({ length: Math.max(0, room - body.length) }, () => plain(''));
  const all = [titleOf(state, scene), ...body.slice(0, room), ...filling, footOf(state, scene, size)];
  return all.slice(0, Math.max(1, size.rows)).map(({ text, look }) => ({ text: crop(text, size.columns), look }));
}

function titleOf({ filter, isFiltering, open }: ScreenState, { picture, isRead, prefix }: Scene): ScreenLine {
  const of = prefix === '' ? '' : ` ${fitted(prefix)}`;
  const { elections, pools } = picture;
  const counts = `${elections.length} elections${pools.length > 0 ? `, ${pools.length} pools` : ''}`;
  const filtered = filter === '' && !isFiltering ? '' : `  filter: ${fitted(filter)}${isFiltering ? '_' : ''}`;
  const what = open === undefined ? `${isRead ? counts : 'nothing is known yet'}${filtered}` : fitted(open.name);
  return { text: `etcd-leader top${of}  ${what}`, look: 'title' };
}

function footOf({ open, isFiltering }: ScreenState, { outage }: Scene, { columns }: Size): ScreenLine {
  if (outage !== undefined) return { text: cell(outage, columns).trimEnd(), look: 'bad' };
  const keys = isFiltering
    ? 'Enter: done  Esc: all'
    : open === undefined
      ? 'q: quit  Enter: open  /: filter  s, 1-6: sort  r: reverse'
      : 'Esc: back  arrows: scroll  q: quit';
  return { text: keys, look: 'dim' };
}

// ---- the list ----

function listOf(state: ScreenState, scene: Scene, size: Size): ScreenLine[] {
  const rows = rowsIn(state, scene);
  const chosen = chosenIn(rows, state);
  const page = pageSizeOf(size);
  const from = Math.max(0, Math.min(chosen - Math.floor(page / 2), rows.length - page));
  const columns = fitting(size.columns);
  const shown = rows.slice(from, from + page);
  const widths = widthsOf(columns, shown, size);
  const line = (text: (column: ScreenColumn) => string): string =>
    columns.map((column, at) => (column.sort === 'name' ? tailCell : cell)(text(column), widths[at] ?? 0)).join(' ');
  const mark = state.isReversed ? '▲' : '▼';
  const head = line((column) => `${column.head}${column.sort === state.sort ? mark : ''}`);
  const body = shown.map((row, at): ScreenLine => {
    const look = from + at === chosen ? 'chosen' : row.isBad ? 'bad' : 'plain';
    return { text: line((column) => column.text(row)), look };
  });
  const text = scene.isRead ? (state.filter === '' ? 'no elections' : 'nothing matches the filter') : '';
  return [{ text: head, look: 'head' }, ...(rows.length === 0 ? [{ text, look: 'dim' } as const] : body)];
}

/** The columns that there is room for. */
function fitting(columns: number): readonly ScreenColumn[] {
  let kept = COLUMNS;
  for (const head of LEFT_OUT) {
    if (widthLeft(kept, columns) >= LEAST_SHARED) break;
    if (head !== 'LEADER' || columns < LEAST_SHARED / 2) kept = kept.filter((column) => column.head !== head);
  }
  return kept;
}

function widthLeft(kept: readonly ScreenColumn[], columns: number): number {
  return columns - (kept.length - 1) - kept.reduce((sum, { width = 0 }) => sum + width, 0);
}

/** Names and leaders share what is left: the column that needs less than half leaves the rest to the other. */
function widthsOf(columns: readonly ScreenColumn[], rows: readonly Row[], size: Size): readonly number[] {
  const left = widthLeft(columns, size.columns);
  const sharing = columns.filter(({ width }) => width === undefined);
  const half = Math.floor(left / sharing.length);
  const needed = Math.max(6, ...rows.map(({ name }) => columnsOf(name)));
  const leaders = Math.max(8, ...rows.map(({ leader }) => columnsOf(leader)));
  const names = sharing.length === 1 ? left : Math.min(needed, Math.max(half, left - leaders));
  return columns.map(({ width, sort }) => width ?? (sort === 'name' ? names : left - names));
}

// ---- what is open ----

function openOf({ open, scroll }: ScreenState, { picture, now }: Scene, size: Size): ScreenLine[] {
  const isIt = ({ name }: { readonly name: string }): boolean => name === open?.name;
  const [election, pool] = [picture.elections.find(isIt), picture.pools.find(isIt)];
  const all =
    open?.kind === 'pool' ? pool && poolLines(pool, size.columns) : election && electionLines(election, size, now);
  if (all === undefined) return [{ text: 'it is gone', look: 'dim' }];
  const room = Math.max(1, size.rows - 2);
  return all.slice(Math.min(scroll, Math.max(0, all.length - room)));
}

function electionLines(
  { queue, terms, leader, blockedBy }: ElectionPicture,
  { columns }: Size,
  now: number,
): ScreenLine[] {
  const value = Math.max(8, columns - 52);
  const blocked = blockedBy === undefined ? [] : [bad(`blocked by ${fitted(blockedBy)}: nobody behind it can lead`)];
  const queued = queue.map(({ leaseId, fencingToken, value: said }, at): ScreenLine => {
    const leads = at === 0 && leader !== undefined ? '  leads' : '';
    return plain(`${cell(`${fencingToken}`, 10)} ${cell(leaseId, 16)} ${cell(said ?? '', value)}${leads}`);
  });
  const past = terms.toReversed().map(({ fencingToken, value: said, from, until, ended, why }): ScreenLine => {
    const lasted = from === undefined ? '' : span((until?.at ?? now) - from.at);
    const end = ended === undefined ? 'leads' : ended === 'unknown' ? (why ?? 'key gone') : ended;
    const times = `${cell(momentText(from, now), 20)} ${cell(lasted, 8)} ${cell(end, 11)}`;
    return plain(`${cell(`${fencingToken}`, 10)} ${times} ${crop(fitted(said), value)}`);
  });
  return [
    ...blocked,
    head(`QUEUE (${queue.length})`),
    head(`${cell('TOKEN', 10)} ${cell('LEASE', 16)} VALUE`),
    ...queued,
    plain(''),
    head('TERMS, the last one first, times in UTC'),
    head(`${cell('TOKEN', 10)} ${cell('FROM', 20)} ${cell('LASTED', 8)} ${cell('ENDED', 11)} VALUE`),
    ...past,
  ];
}

function poolLines({ members, partitions }: PoolPicture, columns: number): ScreenLine[] {
  const wide = Math.max(8, Math.min(40, columns - 30));
  return [
    head(`MEMBERS (${members.length})`),
    head(`${cell('MEMBER', wide)} ${cell('OWNED', 6)} LEASE`),
    ...members.map(({ id, owned, leaseId, isCoordinator }) => {
      return plain(`${cell(id, wide)} ${cell(`${owned}`, 6)} ${leaseId}${isCoordinator ? '  coordinator' : ''}`);
    }),
    plain(''),
    head(`PARTITIONS (${partitions.length})`),
    head(`${cell('PARTITION', wide)} ${cell('TOKEN', 10)} OWNER`),
    ...partitions.map(({ name, owner, fencingToken }): ScreenLine => {
      const by = owner ?? (fencingToken === undefined ? 'nobody' : 'not a member');
      const text = `${cell(name, wide)} ${cell(fencingToken?.toString() ?? '', 10)} ${fitted(by)}`;
      return fencingToken === undefined ? bad(text) : plain(text);
    }),
  ];
}

const fitted = (text: string): string => crop(visible(text), 1_000);
const plain = (text: string): ScreenLine => ({ text, look: 'plain' });
const head = (text: string): ScreenLine => ({ text, look: 'head' });
const bad = (text: string): ScreenLine => ({ text, look: 'bad' });
