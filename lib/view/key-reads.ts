import { byAge, isCandidateKey, rangeEndOf } from '../queue/keys.js';
import { ClientClosed, type KeyValue, type Op, RequestRefused, readOf, type Store } from '../store/store.js';

/** Reads in one transaction: etcd takes 128 operations (`--max-txn-ops`). */
const AT_ONCE = 100;

/** What a read of several keys has found. */
export interface KeysRead {
  readonly kvs: readonly KeyValue[];
  /** Everything was so at this revision; where it took several requests, at the revision of the first. */
  readonly revision: bigint;
}

/** Reads keys with their values: a hundred in each request, one request after the other. */
export async function readKeys(store: Store, keys: readonly string[]): Promise<KeysRead> {
  return await readAll(store, keys.map(readOf));
}

/** Oldest keys of a queue that are read, where it is not known which key is the first. */
const FIRST = 10;
/** Names of keys in one answer. */
const PAGE = 5_000;

/**
 * Reads the beginnings of queues. Keys of nested elections lie in the same range: where they fill the answer, or where
 * the values of the first keys are too large for one, the names of all keys are read, page by page.
 */
export async function readFirst(store: Store, folders: readonly string[]): Promise<KeysRead> {
  const ops = folders.map((folder): Op => {
    const key = `${folder}/`;
    return { type: 'range', range: { key, end: rangeEndOf(key), order: 'oldest', limit: FIRST } };
  });
  const { kvs, revision } = await readAll(store, ops);
  const found = [...kvs];
  for (const folder of folders) {
    if (kvs.some(({ key }) => isCandidateKey(key, `${folder}/`))) continue;
    found.push(...(await readKeys(store, await firstNames(store, `${folder}/`))).kvs);
  }
  return { kvs: found, revision };
}

/** The oldest keys that begin with `start` and stand in its queue. */
async function firstNames(store: Store, start: string): Promise<string[]> {
  let oldest: KeyValue[] = [];
  for (let key = start; ; ) {
    const range = { key, end: rangeEndOf(start), order: 'key', limit: PAGE, keysOnly: true } as const;
    const { ranges } = await store.txn({ compare: [], success: [{ type: 'range', range }], failure: [] });
    const page = ranges[0]?.kvs ?? [];
    oldest.push(...page.filter((kv) => isCandidateKey(kv.key, start)));
    oldest = oldest.sort(byAge).slice(0, FIRST);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return oldest.map((kv) => kv.key);
    key = `${last.key}\0`;
  }
}

async function readAll(store: Store, ops: readonly Op[]): Promise<KeysRead> {
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
