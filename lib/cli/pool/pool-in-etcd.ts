import type { Etcd3 } from 'etcd3';
import type { Candidate } from '../../candidate.js';
import { leaseOf, PoolKeys } from '../../pool/keys.js';
import { hashOfList } from '../../pool/partition-list.js';
import { Pool } from '../../pool/pool.js';
import type { Member } from '../../pool/queries.js';
import { kvsOf, readRanges } from '../../pool/reads.js';
import { type ControlValue, parseControl, parseList, parseMember } from '../../pool/wire.js';
import type { Store } from '../../store/store.js';
import type { Output } from '../output.js';

/** A pool as etcd has it. */
export interface PoolInEtcd {
  readonly members: readonly Member[];
  /** What the members announce, and what is owned beside that; numbers first, then names. */
  readonly partitions: readonly string[];
  readonly owners: ReadonlyMap<string, Candidate>;
  readonly control: ControlValue;
}

/** A pool that is looked at, and never started. */
export function onlooker(etcd: Etcd3, name: string, out: Output): Pool {
  return new Pool(etcd, name, { partitions: 1, coordinate: false, logger: out.logger });
}

/** Bounds the wait for the first answer of etcd. The other reads have the time that each of them needs. */
type First = <T>(answer: Promise<T>) => Promise<T>;

/** Reads a pool by several linearizable reads: a change between two of them may be in one and not in the other. */
export async function readPool(pool: Pool, first: First = (answer) => answer): Promise<PoolInEtcd> {
  const { store } = pool.session.parts;
  const keys = new PoolKeys(pool.name);
  const [members, owners, { ranges }] = await Promise.all([
    pool.members(),
    pool.owners(),
    first(readRanges(store, [keys.members, keys.control])),
  ]);
  const [memberKeys, control] = ranges;
  const names = new Set(owners.keys());
  const counts: number[] = [];
  const lists = new Set<string>();
  for (const { value } of kvsOf(memberKeys)) {
    const announcement = parseMember(value)?.announcement;
    if (announcement === undefined) continue;
    if ('count' in announcement) counts.push(announcement.count);
    else lists.add(announcement.list);
  }
  const count = Math.max(0, ...counts);
  for (let number = 0; number < count; number++) names.add(`${number}`);
  for (const hash of lists) for (const name of await readList(store, keys, hash)) names.add(name);
  const balance = kvsOf(control).find(({ key }) => key === controlKey(pool.name));
  return { members, partitions: [...names].sort(inOrder), owners, control: parseControl(balance?.value) };
}

/** What the members are called, by one linearizable read. */
export async function readMemberIds(pool: Pool): Promise<Set<string>> {
  const { members } = new PoolKeys(pool.name);
  const { ranges } = await readRanges(pool.session.parts.store, [members]);
  const kvs = kvsOf(ranges[0]).filter((kv) => leaseOf(kv, members) !== undefined);
  return new Set(kvs.flatMap(({ value }) => parseMember(value)?.id ?? []));
}

/** The key that operators write, as a byte string. */
export function controlKey(pool: string): string {
  return `${new PoolKeys(pool).control.key}balance`;
}

async function readList(store: Store, keys: PoolKeys, hash: string): Promise<readonly string[]> {
  const list = keys.list(hash);
  const { ranges } = await readRanges(store, [{ key: list, end: `${list}\0` }]);
  const kv = kvsOf(ranges[0])[0];
  return (kv !== undefined && hashOfList(kv.value) === hash && parseList(kv.value)) || [];
}

const collator = new Intl.Collator('en', { numeric: true });

/** 2 before 10. */
function inOrder(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : 1);
}
