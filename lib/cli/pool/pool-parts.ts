import { ElectionError } from '../../errors.js';
import type { Member } from '../../pool/queries.js';
import { keyFrom, textOf } from '../../store/bytes.js';
import { type PoolPart, poolPartsOf } from '../../view/seen-pool.js';
import type { CommandContext } from '../command-context.js';
import { visible } from '../output.js';
import { onlooker, readMemberIds } from './pool-in-etcd.js';

/** A pool among elections. */
export interface FoundPool {
  /** A byte string. */
  readonly name: string;
  /** In the order in which they have joined. */
  readonly members: readonly Member[];
}

/** A folder of keys that is a part of a pool. */
export interface FoundPart {
  /** What to say of it. */
  readonly text: string;
  /** Somebody is elected there: as coordinator, or as the owner of a partition. */
  readonly isElection: boolean;
}

/** The pools among these folders of keys, by name. A pool is known by a worker's key in its folder `members`. */
export async function findPools({ etcd, out }: CommandContext, folders: Iterable<string>): Promise<FoundPool[]> {
  const found: FoundPool[] = [];
  for (const folder of [...folders].sort()) {
    for (const { pool, part } of poolPartsOf(folder)) {
      if (part !== 'members') continue;
      const members = await onlooker(etcd, textOf(pool), out).members();
      if (members.length > 0) found.push({ name: pool, members });
    }
  }
  return found;
}

/** Whether a folder of keys is a part of one of these pools. */
export function isPartOf(pools: ReadonlySet<string>, folder: string): boolean {
  return poolPartsOf(folder).some(({ pool }) => pools.has(pool));
}

/**
 * Whether what a command calls an election is a part of a pool: in `orders/owners/7` it is elected who owns partition
 * 7 of `orders`, and in `orders/members` nobody is. Undefined: it is none; or this user may not read the pool.
 */
export async function partCalled({ etcd, out }: CommandContext, election: string): Promise<FoundPart | undefined> {
  for (const { pool, part } of poolPartsOf(keyFrom(election))) {
    if ((await idsIn({ etcd, out }, textOf(pool))).size > 0) return describe(visible(textOf(pool)), part, election);
  }
  return undefined;
}

function describe(pool: string, part: PoolPart['part'], election: string): FoundPart {
  const isElection = part === 'owners' || part === 'coordinator';
  const what = isElection ? `a part of the pool ${pool}` : `a part of the pool ${pool}, and no election`;
  return { text: `${visible(election)} is ${what}: see \`etcd-leader pool ${pool}\``, isElection };
}

async function idsIn({ etcd, out }: Pick<CommandContext, 'etcd' | 'out'>, pool: string): Promise<ReadonlySet<string>> {
  try {
    return await readMemberIds(onlooker(etcd, pool, out));
  } catch (err) {
    if (err instanceof ElectionError && err.code === 'PERMISSION_DENIED') return new Set();
    throw err;
  }
}
