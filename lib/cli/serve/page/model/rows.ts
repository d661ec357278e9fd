import type { ElectionJson } from '../../../../view/json.js';

export const COLUMNS = ['name', 'leader', 'token', 'since', 'queue'] as const;
export type Column = (typeof COLUMNS)[number];

export interface RowOrder {
  readonly by: Column;
  readonly isDescending: boolean;
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** Names in their order: job-2 before job-10. */
export function inOrder(names: readonly string[]): string[] {
  return [...names].sort(compareText);
}

/**
 * The elections whose name or leader contains the text, in this order. `elections` come in the order of their names;
 * those that the order does not tell apart stay in that order.
 */
export function electionRows(elections: readonly ElectionJson[], filter: string, order: RowOrder): ElectionJson[] {
  const wanted = filter.trim().toLowerCase();
  const rows = elections.filter((election) => wanted === '' || fits(election, wanted));
  const { by, isDescending } = order;
  if (by === 'name') return isDescending ? rows.reverse() : rows;
  const sign = isDescending ? -1 : 1;
  return rows.sort((a, b) => sign * compare(a, b, by));
}

function fits({ name, leader }: ElectionJson, wanted: string): boolean {
  return name.toLowerCase().includes(wanted) || (leader?.value.toLowerCase().includes(wanted) ?? false);
}

/** An election without a leader comes first, because people look for trouble. */
function compare(a: ElectionJson, b: ElectionJson, by: Exclude<Column, 'name'>): number {
  switch (by) {
    case 'leader':
      return compareText(a.leader?.value ?? '', b.leader?.value ?? '');
    case 'token':
      return compareDecimal(a.leader?.fencingToken ?? '', b.leader?.fencingToken ?? '');
    case 'since':
      return (a.leader?.since.at ?? -1) - (b.leader?.since.at ?? -1);
    case 'queue':
      return a.queue.length - b.queue.length;
    default:
      return unreachable(by);
  }
}

function compareText(a: string, b: string): number {
  return collator.compare(a, b);
}

/** Tokens have up to 19 digits: the longer is the greater. */
function compareDecimal(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : Number(a > b));
}

function unreachable(column: never): never {
  throw new Error(`no column is called ${String(column)}`);
}
