import type { Picture } from '../../view/picture.js';
import { arrange, type Row, SORTS, type Sort, screenRows } from './rows.js';

/** What the user of the terminal has chosen. */
export interface ScreenState {
  readonly sort: Sort;
  readonly isReversed: boolean;
  readonly filter: string;
  /** What is typed goes into the filter. */
  readonly isFiltering: boolean;
  /** The row that is chosen; undefined: the first. */
  readonly chosen: Pick<Row, 'kind' | 'name'> | undefined;
  /** The election or pool that is open; undefined: the list is shown. */
  readonly open: Pick<Row, 'kind' | 'name'> | undefined;
  /** Lines by which what is open is scrolled. */
  readonly scroll: number;
  readonly isDone: boolean;
}

export const FIRST: ScreenState = {
  sort: 'name',
  isReversed: false,
  filter: '',
  isFiltering: false,
  chosen: undefined,
  open: undefined,
  scroll: 0,
  isDone: false,
};

/** Keys that have names. */
export type Named = 'up' | 'down' | 'pageUp' | 'pageDown' | 'home' | 'end' | 'enter' | 'escape' | 'erase';

/** What was pressed: a key that has a name, or text. */
export type Press = { readonly key: Named } | { readonly text: string };

/** What a press is judged by. */
export interface Shown {
  readonly picture: Picture;
  readonly now: number;
  /** Lines of a page. */
  readonly page: number;
}

export function rowsIn(state: ScreenState, { picture, now }: Pick<Shown, 'picture' | 'now'>): Row[] {
  return arrange(screenRows(picture, now), state.filter, state.sort, state.isReversed);
}

/** Where the chosen row is now. A row that is gone is as good as the first. */
export function chosenIn(rows: readonly Row[], { chosen }: ScreenState): number {
  return Math.max(
    0,
    rows.findIndex(({ kind, name }) => kind === chosen?.kind && name === chosen.name),
  );
}

/** What follows from a press. */
export function press(state: ScreenState, pressed: Press, shown: Shown): ScreenState {
  // What was typed quickly comes together: `/mail` and Enter.
  if ('text' in pressed && [...pressed.text].length > 1) {
    return [...pressed.text].reduce((next, char) => press(next, pressOfChar(char), shown), state);
  }
  if (state.isFiltering) return type(state, pressed);
  if ('text' in pressed) return command(state, pressed.text, shown);
  return state.open === undefined ? moveIn(state, pressed.key, shown) : scroll(state, pressed.key, shown);
}

function pressOfChar(char: string): Press {
  if (char === '\r' || char === '\n') return { key: 'enter' };
  return char === '\u007f' || char === '\b' ? { key: 'erase' } : { text: char };
}

function type(state: ScreenState, pressed: Press): ScreenState {
  if ('text' in pressed) return { ...state, filter: state.filter + printable(pressed.text) };
  if (pressed.key === 'erase') return { ...state, filter: [...state.filter].slice(0, -1).join('') };
  if (pressed.key === 'escape') return { ...state, filter: '', isFiltering: false };
  return { ...state, isFiltering: false };
}

function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '');
}

function command(state: ScreenState, char: string, shown: Shown): ScreenState {
  if (state.isDone) return state;
  if (char === 'q') return { ...state, isDone: true };
  if (char === 'j') return press(state, { key: 'down' }, shown);
  if (char === 'k') return press(state, { key: 'up' }, shown);
  if (char === 'g') return press(state, { key: 'home' }, shown);
  if (char === 'G') return press(state, { key: 'end' }, shown);
  if (state.open !== undefined) return state;
  if (char === '/') return { ...state, isFiltering: true };
  if (char === 'r') return { ...state, isReversed: !state.isReversed };
  const next = char === 's' ? (SORTS.indexOf(state.sort) + 1) % SORTS.length : Number(char) - 1;
  const sort = SORTS[next];
  return sort === undefined ? state : { ...state, sort, isReversed: false };
}

function moveIn(state: ScreenState, key: Named, shown: Shown): ScreenState {
  const rows = rowsIn(state, shown);
  const at = chosenIn(rows, state);
  if (key === 'enter') return rows[at] === undefined ? state : { ...state, open: rows[at], scroll: 0 };
  if (key === 'escape') return { ...state, filter: '' };
  const to = scrolledTo(at, key, shown.page, rows.length - 1);
  const row = rows[to];
  return row === undefined ? state : { ...state, chosen: { kind: row.kind, name: row.name } };
}

function scroll(state: ScreenState, key: Named, { page }: Shown): ScreenState {
  if (key === 'escape' || key === 'erase') return { ...state, open: undefined, scroll: 0 };
  if (key === 'enter') return state;
  return { ...state, scroll: scrolledTo(state.scroll, key, page, Number.MAX_SAFE_INTEGER) };
}

function scrolledTo(at: number, key: Named, page: number, last: number): number {
  const steps: Partial<Record<Named, number>> = { up: -1, down: 1, pageUp: -page, pageDown: page };
  const to = key === 'home' ? 0 : key === 'end' ? last : at + (steps[key] ?? 0);
  return Math.max(0, Math.min(to, last));
}
