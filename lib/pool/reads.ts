import type { KeyValue, RangeResult, Store, TxnResult } from '../store/store.js';
import type { KeyRange } from './keys.js';

/** Keys in one answer: a client of etcd takes 4 MiB by default. */
const PAGE = 10_000;

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
 * Reads a range that may be large, page by page, the newest keys first. A later page may show a later state. With the
 * values, though few need them: from 3.7 on etcd leaves the leases out of an answer without values.
 */
export async function readPaged(store: Store, range: KeyRange): Promise<PagedRange> {
  const kvs = new Map<string, KeyValue>();
  let revision: bigint | undefined;
  let before: bigint | undefined;
  for (;;) {
    const query = { ...range, order: 'newest', limit: PAGE } as const;
    const page = before === undefined ? query : { ...query, maxCreateRevision: before };
    const result = await store.txn({ compare: [], success: [{ type: 'range', range: page }], failure: [] });
    revision ??= result.revision;
    const known = kvs.size;
    const found = result.ranges[0]?.kvs ?? [];
    for (const kv of found) kvs.set(kv.key, kv);
    before = found.at(-1)?.createRevision;
    // Keys of one transaction have one create revision, so pages overlap.
    if (found.length < PAGE || kvs.size === known) return { kvs: [...kvs.values()], revision };
  }
}

export function kvsOf(range: RangeResult | undefined): readonly KeyValue[] {
  return range?.kvs ?? [];
}
