import { type KeyValue, type Op, type RangeResult, RevisionGone, type Store, type TxnResult } from '../store/store.js';
import type { KeyRange } from './keys.js';

/** Keys in one answer: it is taken apart in one turn of the event loop, and a client of etcd takes 4 MiB by default. */
const PAGE = 2_000;
/** How often a read begins whose revision etcd compacts meanwhile. */
const ATTEMPTS = 3;

/** Reads whole ranges in one transaction. `keysOnly`: without the values, and without the leases. */
export function readRanges(
  store: Store,
  ranges: readonly (KeyRange & { readonly keysOnly?: boolean })[],
): Promise<TxnResult> {
  return store.txn({ compare: [], success: ranges.map(wholeRange), failure: [] });
}

export interface PagedRange {
  readonly kvs: readonly KeyValue[];
  /** The revision that was read: whoever follows the range from here on misses nothing. */
  readonly revision: bigint;
}

export interface Snapshot extends PagedRange {
  /** The small ranges, in the order of their creation. */
  readonly ranges: readonly RangeResult[];
}

/** Reads a range that may be large: {@link readSnapshot} of it alone. */
export function readPaged(store: Store, range: KeyRange): Promise<PagedRange> {
  return readSnapshot(store, [], range);
}

/**
 * Reads small ranges whole, and a large one page by page, in the order of the names: for such a page etcd looks at no
 * other key. All is as it was at the revision of the first answer. When etcd compacts that revision meanwhile, the read
 * begins again.
 *
 * With the values, though few need them: from 3.7 on etcd leaves the leases out of an answer without values.
 *
 * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`
 */
export async function readSnapshot(store: Store, small: readonly KeyRange[], large: KeyRange): Promise<Snapshot> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readPages(store, small, large);
    } catch (err) {
      if (!(err instanceof RevisionGone) || attempt === ATTEMPTS) throw err;
    }
  }
}

async function readPages(store: Store, small: readonly KeyRange[], { key, end }: KeyRange): Promise<Snapshot> {
  const first = await store.txn({
    compare: [],
    success: [...small.map(wholeRange), pageOfRange(key, end)],
    failure: [],
  });
  const { revision } = first;
  const kvs: KeyValue[] = [];
  for (let page = first.ranges[small.length]; ; ) {
    const found = kvsOf(page);
    for (const kv of found) kvs.push(kv);
    const last = found.at(-1);
    if (last === undefined || found.length < PAGE)
      return { kvs, revision, ranges: first.ranges.slice(0, small.length) };
    const next = pageOfRange(`${last.key}\0`, end, revision);
    [page] = (await store.txn({ compare: [], success: [next], failure: [] })).ranges;
  }
}

function wholeRange(range: KeyRange & { readonly keysOnly?: boolean }): Op {
  return { type: 'range', range: { ...range, order: 'oldest', limit: 0 } };
}

/** `revision`: that of the first page; undefined: this is the first. */
function pageOfRange(key: string, end: string, revision?: bigint): Op {
  return { type: 'range', range: { key, end, order: 'key', limit: PAGE, ...(revision !== undefined && { revision }) } };
}

export function kvsOf(range: RangeResult | undefined): readonly KeyValue[] {
  return range?.kvs ?? [];
}
