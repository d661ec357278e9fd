import { endOf } from '../queue/keys.js';
import { ClientClosed, type KeyValue, type Op, RequestRefused, readOf, type Store } from '../store/store.js';

/** Reads in one transaction: etcd takes 128 operations. */
const AT_ONCE = 100;

/** What a read of several keys has found. */
export interface Read {
  readonly kvs: readonly KeyValue[];
  /** Everything was so at this revision; where it took several requests, at the revision of the first. */
  readonly revision: bigint;
}

/** Reads keys with their values: a hundred in each request, one request after the other. */
export async function readKeys(store: Store, keys: readonly string[]): Promise<Read> {
  return await readAll(store, keys.map(readOf));
}

/** Oldest keys of a queue that are read, where it is not known which key is the first. */
const FIRST = 10;

/** Reads the beginnings of queues. Keys of nested elections lie in the same range, and come too. */
export async function readFirst(store: Store, folders: readonly string[]): Promise<Read> {
  const ops = folders.map((folder): Op => {
    const key = `${folder}/`;
    return { type: 'range', range: { key, end: endOf(key), order: 'oldest', limit: FIRST } };
  });
  return await readAll(store, ops);
}

async function readAll(store: Store, ops: readonly Op[]): Promise<Read> {
  const kvs: KeyValue[] = [];
  let first: bigint | undefined;
  for (let from = 0; from < ops.length; from += AT_ONCE) {
    const { found, revision } = await readSome(store, ops.slice(from, from + AT_ONCE));
    kvs.push(...found);
    first ??= revision;
  }
  return { kvs, revision: first ?? 0n };
}

/** Large values do not fit into one answer. Then each is read by itself, and one that is too large is left out. */
async function readSome(
  store: Store,
  ops: readonly Op[],
): Promise<{ readonly found: readonly KeyValue[]; readonly revision: bigint }> {
  try {
    const { ranges, revision } = await store.txn({ compare: [], success: ops, failure: [] });
    return { found: ranges.flatMap(({ kvs }) => kvs), revision };
  } catch (err) {
    if (!(err instanceof RequestRefused) || err instanceof ClientClosed) throw err;
    if (ops.length <= 1) return { found: [], revision: 0n };
    const found: KeyValue[] = [];
    let first: bigint | undefined;
    for (const op of ops) {
      const one = await readSome(store, [op]);
      found.push(...one.found);
      first ??= one.revision;
    }
    return { found, revision: first ?? 0n };
  }
}
