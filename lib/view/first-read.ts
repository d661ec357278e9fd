import type { Clock } from '../common/time.js';
import { PoolKeys } from '../pool/keys.js';
import { kvsOf, readRanges } from '../pool/reads.js';
import { TimeSlice } from '../pool/time-slice.js';
import { byAge, folderOf, rangeEndOf } from '../queue/keys.js';
import type { KeyValue, Store } from '../store/store.js';
import { readKeys } from './key-reads.js';
import { type SeenKey, seenBare, seenWhole } from './seen-key.js';
import { type PoolPart, poolPartsOf, SeenPool } from './seen-pool.js';
import { MOST_RECORDED, recordKeyIn } from './seen-records.js';

/** Keys in one answer. */
const PAGE = 5_000;
/** Keys of one folder that are no candidates' and are remembered: the oldest may stand before a candidate. */
const MOST_OTHERS = 10;
/** Keys of a folder that look like a candidate's and are read, when the first key is none. */
const LOOKED_AT = 100;

/** All that a view wants to know of its prefix. */
export interface FirstRead {
  /** Whoever follows the prefix from the next revision on misses nothing; what follows may be known already. */
  readonly revision: bigint;
  /** The epoch of etcd by then: how often its history has begun anew. */
  readonly epoch: number;
  /** The queues by folder. The head of each is known with its value. */
  readonly elections: ReadonlyMap<string, readonly SeenKey[]>;
  /** The pools by name, as a byte string. */
  readonly pools: ReadonlyMap<string, PoolRead>;
  /** What leaders have recorded of their terms, by folder. */
  readonly records: ReadonlyMap<string, readonly KeyValue[]>;
}

export interface Wanted {
  wantsRecordsOf(folder: string, hasCandidates: boolean): boolean;
}

/** etcd has answered the first of the requests. Thousands of elections take hundreds of them. */
type Heard = () => void;

export interface PoolRead {
  /** The keys of `members` and `lists`. */
  readonly notes: readonly { readonly part: PoolPart['part']; readonly kv: KeyValue }[];
  /** Who stands for coordinator or for a partition. */
  readonly standing: readonly { readonly part: PoolPart['part']; readonly key: SeenKey }[];
}

/** What the names of keys tell. */
interface KeyNames extends Pick<FirstRead, 'revision' | 'epoch'> {
  readonly folders: Map<string, Folder>;
  /** The keys that leaders record their terms in, by folder. */
  readonly recordKeys: ReadonlyMap<string, readonly string[]>;
}

/** The keys of one folder that may stand in a queue. */
interface Folder {
  candidates: SeenKey[];
  others: SeenKey[];
}

/**
 * Reads what is under a prefix: the names of the keys, page by page, then the values of heads and of pools' members. A
 * key that belongs to no election and no pool costs no more than its name.
 */
export async function readPrefix(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  prefix: string,
  wanted: Wanted,
  heard: Heard,
): Promise<FirstRead> {
  const { folders, recordKeys, revision, epoch } = await readFolders(store, clock, prefix, heard);
  const pools = await readPools(store, folders);
  const elections = await readElections(store, folders);
  const wantedKeys = [...recordKeys].filter(([folder]) => wanted.wantsRecordsOf(folder, elections.has(folder)));
  const records = await readRecords(
    store,
    wantedKeys.flatMap(([, keys]) => keys),
  );
  return { revision, epoch, elections, pools, records };
}

// ---- names ----

async function readFolders(store: Store, clock: Clock, prefix: string, heard: Heard): Promise<KeyNames> {
  const folders = new Map<string, Folder>();
  const recordKeys = new Map<string, string[]>();
  const slice = new TimeSlice(clock);
  const end = rangeEndOf(prefix);
  let key = prefix === '' ? '\0' : prefix;
  let first: { readonly revision: bigint; readonly epoch: number } | undefined;
  for (;;) {
    const range = { key, end, order: 'key', limit: PAGE, keysOnly: true } as const;
    const {
      ranges,
      revision,
      epoch = 0,
    } = await store.txn({
      compare: [],
      success: [{ type: 'range', range }],
      failure: [],
    });
    if (first === undefined) heard();
    first ??= { revision, epoch };
    const kvs = kvsOf(ranges[0]);
    const tellsLeases = kvs.some(({ lease }) => lease !== 0n);
    await slice.each(kvs.length, (at) => {
      const kv = kvs[at] as KeyValue;
      if (kv.key.includes('!')) sortInRecord(recordKeys, kv.key);
      else sortIn(folders, kv, prefix, tellsLeases);
    });
    const last = kvs.at(-1);
    if (last === undefined || kvs.length < PAGE) break;
    key = `${last.key}\0`;
  }
  // Without a candidate nobody waits for the other keys.
  for (const [name, { candidates }] of folders) if (candidates.length === 0) folders.delete(name);
  return { folders, recordKeys, ...first };
}

function sortIn(folders: Map<string, Folder>, kv: KeyValue, prefix: string, tellsLeases: boolean): void {
  const name = folderOf(kv.key);
  if (name === '' || !name.startsWith(prefix)) return;
  const folder = folders.get(name) ?? { candidates: [], others: [] };
  folders.set(name, folder);
  const key = seenBare(kv, tellsLeases);
  if (key.blocks !== true) folder.candidates.push(key);
  else folder.others = oldestOf([...folder.others, key], MOST_OTHERS);
}

function sortInRecord(recordKeys: Map<string, string[]>, key: string): void {
  const record = recordKeyIn(key);
  if (record === undefined) return;
  const keys = recordKeys.get(record.folder) ?? [];
  recordKeys.set(record.folder, keys);
  // The key of all terms comes before the keys of ends.
  if (keys.length <= MOST_RECORDED) keys.push(key);
}

function oldestOf(keys: readonly SeenKey[], most: number): SeenKey[] {
  return [...keys].sort(byAge).slice(0, most);
}

// ---- pools ----

/** Takes out of the folders what belongs to pools. */
async function readPools(store: Store, folders: Map<string, Folder>): Promise<Map<string, PoolRead>> {
  const pools = new Map<string, { notes: PoolRead['notes'][number][]; standing: PoolRead['standing'][number][] }>();
  const names = [...folders.keys()].flatMap((name) =>
    poolPartsOf(name).flatMap(({ pool, part }) => (part === 'members' ? [pool] : [])),
  );
  for (const name of names) {
    const keys = new PoolKeys(new SeenPool(name).name);
    const list = keys.list('');
    const { ranges } = await readRanges(store, [keys.members, { key: list, end: rangeEndOf(list) }]);
    const [members, lists] = [kvsOf(ranges[0]), kvsOf(ranges[1])];
    if (!members.some((kv) => new SeenPool(name).isMember(kv))) continue;
    const notes = [
      ...members.map((kv) => ({ part: 'members', kv }) as const),
      ...lists.map((kv) => ({ part: 'lists', kv }) as const),
    ];
    pools.set(name, { notes, standing: [] });
  }
  if (pools.size === 0) return pools;
  for (const [folder, { candidates, others }] of folders) {
    const of = poolPartsOf(folder).find(({ pool }) => pools.has(pool));
    if (of === undefined) continue;
    folders.delete(folder);
    const pool = pools.get(of.pool);
    for (const key of [...others, ...candidates]) pool?.standing.push({ part: of.part, key });
  }
  return pools;
}

// ---- elections ----

async function readElections(
  store: Store,
  folders: ReadonlyMap<string, Folder>,
): Promise<ReadonlyMap<string, readonly SeenKey[]>> {
  const elections = new Map<string, SeenKey[]>();
  for (const [name, { candidates, others }] of folders) {
    elections.set(name, [...others, ...candidates].sort(byAge));
  }
  const heads = [...elections.values()].flatMap(([head]) => (head === undefined ? [] : [head.key]));
  mergeInto(elections, (await readKeys(store, heads)).kvs);
  // What looks like a candidate's key may be any application's: `users/77`.
  const doubtful = [...elections].filter(([, keys]) => keys[0]?.blocks === true && !keys.some(leads));
  const looked = doubtful.flatMap(([, keys]) => keys.filter(({ blocks }) => blocks === undefined).slice(0, LOOKED_AT));
  mergeInto(
    elections,
    (
      await readKeys(
        store,
        looked.map(({ key }) => key),
      )
    ).kvs,
  );
  for (const [name] of doubtful) if (!elections.get(name)?.some(leads)) elections.delete(name);
  return elections;
}

// ---- what leaders have recorded ----

async function readRecords(store: Store, keys: readonly string[]): Promise<ReadonlyMap<string, readonly KeyValue[]>> {
  const records = new Map<string, KeyValue[]>();
  for (const kv of (await readKeys(store, keys)).kvs) {
    const folder = recordKeyIn(kv.key)?.folder ?? '';
    records.set(folder, [...(records.get(folder) ?? []), kv]);
  }
  return records;
}

function leads({ blocks }: SeenKey): boolean {
  return blocks === false;
}

/** Puts keys that were read with all that belongs to them in the place of the names that were read before. */
function mergeInto(elections: ReadonlyMap<string, SeenKey[]>, kvs: readonly KeyValue[]): void {
  for (const kv of kvs) {
    const keys = elections.get(folderOf(kv.key));
    const at = keys?.findIndex(({ key }) => key === kv.key) ?? -1;
    if (keys !== undefined && at >= 0) keys[at] = seenWhole(kv);
  }
}
