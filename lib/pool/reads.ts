import type { KeyValue, RangeResult, Store, TxnResult } from '../store/store.js';
import type { KeyRange } from './keys.js';

/** Keys in one answer: it is taken apart in one turn of the event loop, and a client of etcd takes 4 MiB by default. */
const PAGE = 2_000;

/** Reads whole ranges in one transaction. `keysOnly`: without the values, and without the leases. */
export function readRanges(
  store: Store,
  ranges: readonly (KeyRange & { readonly keysOnly?: boolean })[],
): Promise<TxnResult> {
  const success = ranges.map((range) => ({ type: 'range', range: { ...range, order: 'oldest', limit: 0 } }) as const);
  return store.txn({ compare: [], success, failure: [] });
}

export interface PagedRange {
  readonly kvs: readonly KeyValue[];
  /** The revision of the first page: whoever follows the range from here on misses nothing. */
  readonly revision: bigint;
}

/**
 * Reads a range that may be large, page by page, in the order of the names: for such a page etcd looks at no other key.
 * A later page may show a later state. With the values, though few need them: from 3.7 on etcd leaves the leases out of
 * an answer without values.
 */
export async function readPaged(store: Store, { key, end }: KeyRange): Promise<PagedRange> {
  const kvs: KeyValue[] = [];
  let revision: bigint | undefined;
  for (let from = key; ; ) {
    const range = { key: from, end, order: 'key', limit: PAGE } as const;
    const result = await store.txn({ compare: [], success: [{ type: 'range', range }], failure: [] });
    revision ??= result.revision;
    const found = result.ranges[0]?.kvs ?? [];
    for (const kv of found) kvs.push(kv);
    const last = found.at(-1);
    if (last === undefined || found.length < PAGE) return { kvs, revision };
    from = `${last.key}\0`;
  }
}

export function kvsOf(range: RangeResult | undefined): readonly KeyValue[] {
  return range?.kvs ?? [];
}
