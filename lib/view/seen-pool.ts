import { leaseOf, PoolKeys } from '../pool/keys.js';
import { hashOfList } from '../pool/partition-list.js';
import { type MemberValue, parseList, parseMember } from '../pool/wire.js';
import { hexOf, textOf } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';
import type { MemberPicture, PartitionPicture, PoolPicture } from './picture.js';
import type { SeenKey } from './seen-key.js';
import { SeenQueue } from './seen-queue.js';

const PARTS = ['members', 'plan', 'control', 'lists', 'coordinator'] as const;
const OWNERS = 'owners';
const NO_PARTS: readonly PoolPart[] = [];

/** The part of a pool that a folder of keys would be, if there is such a pool. */
export interface PoolPart {
  /** The pool's name, as a byte string. */
  readonly pool: string;
  readonly part: (typeof PARTS)[number] | typeof OWNERS;
}

/** What a folder may be a part of. A partition can be called `members`, so there may be two. */
export function poolPartsOf(folder: string): readonly PoolPart[] {
  const slash = folder.lastIndexOf('/');
  if (slash <= 0) return NO_PARTS;
  const above = folder.slice(0, slash);
  const parts: PoolPart[] = [];
  if (above.endsWith(`/${OWNERS}`)) parts.push({ pool: above.slice(0, -OWNERS.length - 1), part: OWNERS });
  const part = PARTS.find((each) => folder.endsWith(each) && folder.length === slash + 1 + each.length);
  if (part !== undefined) parts.push({ pool: above, part });
  return parts;
}

/** Who is in one pool, and who owns which partition. */
export class SeenPool {
  readonly name: string;
  readonly keys: PoolKeys;
  readonly #members = new Map<string, MemberValue>();
  readonly #lists = new Map<string, readonly string[]>();
  readonly #partitions = new Map<string, SeenQueue>();
  readonly #coordinators = new SeenQueue();
  /** What members announce; undefined: to be found out. */
  #announced: ReadonlySet<string> | undefined;
  /** All partitions in the order of their names; undefined: to be found out. */
  #order: readonly string[] | undefined;
  #emptySince: number | undefined;
  #picture: PoolPicture | undefined;

  constructor(pool: string) {
    this.name = textOf(pool);
    this.keys = new PoolKeys(this.name);
  }

  /** When the last worker left, as far as `tidy()` was called; undefined: somebody is there. */
  emptyAt(now: number): number | undefined {
    const isEmpty = this.#members.size === 0 && this.#partitions.size === 0;
    this.#emptySince = isEmpty ? (this.#emptySince ?? now) : undefined;
    return this.#emptySince;
  }

  get picture(): PoolPicture {
    this.#picture ??= this.#draw();
    return this.#picture;
  }

  /** Whether a key under `members` is a worker's. */
  isMember(kv: KeyValue): boolean {
    return leaseOf(kv, this.keys.members) !== undefined && parseMember(kv.value) !== undefined;
  }

  /** A key of `members` or `lists` was read or written. */
  note({ part }: PoolPart, kv: KeyValue): void {
    this.#forgetOrder();
    if (part === 'members') {
      const value = this.isMember(kv) ? parseMember(kv.value) : undefined;
      if (value === undefined) this.#members.delete(nameIn(kv.key));
      else this.#members.set(hexOf(kv.lease), value);
    } else if (part === 'lists') {
      const names = hashOfList(kv.value) === nameIn(kv.key) ? parseList(kv.value) : undefined;
      if (names !== undefined) this.#lists.set(nameIn(kv.key), names);
    }
  }

  /** Somebody stands for coordinator, or for a partition. Returns whether the key is new. */
  stand({ part }: PoolPart, key: SeenKey): boolean {
    const queue = part === 'coordinator' ? this.#coordinators : this.#queueOf(key.key);
    const isNew = queue !== undefined && queue.get(key.key) === undefined;
    queue?.put(key);
    this.#picture = undefined;
    return isNew;
  }

  /** A key is gone. Returns the key, where its lease is known. */
  delete({ part }: PoolPart, key: string, revision: bigint): SeenKey | undefined {
    this.#picture = undefined;
    if (part === 'members' || part === 'lists') this.#forgetOrder();
    if (part === 'members') this.#members.delete(nameIn(key));
    if (part === 'lists') this.#lists.delete(nameIn(key));
    if (part === 'coordinator') return this.#coordinators.delete(key, revision);
    const partition = part === OWNERS ? this.keys.partitionOf(key) : undefined;
    const queue = partition === undefined ? undefined : this.#partitions.get(partition);
    const gone = queue?.delete(key, revision);
    if (partition !== undefined && queue?.size === 0) {
      this.#partitions.delete(partition);
      if (this.#announced?.has(partition) !== true) this.#order = undefined;
    }
    return gone;
  }

  #queueOf(key: string): SeenQueue | undefined {
    const partition = this.keys.partitionOf(key);
    if (partition === undefined) return undefined;
    const known = this.#partitions.get(partition);
    if (known !== undefined) return known;
    const queue = new SeenQueue();
    this.#partitions.set(partition, queue);
    if (this.#announced?.has(partition) !== true) this.#order = undefined;
    return queue;
  }

  #forgetOrder(): void {
    this.#announced = undefined;
    this.#order = undefined;
    this.#picture = undefined;
  }

  #draw(): PoolPicture {
    const owned = new Map<string, number>();
    this.#announced ??= this.#findAnnounced();
    this.#order ??= [...new Set([...this.#announced, ...this.#partitions.keys()])].sort(inOrder);
    const partitions = this.#order.map((name): PartitionPicture => {
      const head = this.#partitions.get(name)?.head;
      if (head === undefined || head.blocks === true) return { name, owner: undefined, fencingToken: undefined };
      const { leaseId, fencingToken } = head.shown;
      owned.set(leaseId, (owned.get(leaseId) ?? 0) + 1);
      return { name, owner: this.#members.get(leaseId)?.id, fencingToken };
    });
    const coordinator = this.#coordinators.head?.shown.leaseId;
    const members = [...this.#members]
      .map(([leaseId, { id }]): MemberPicture => {
        return { id, leaseId, owned: owned.get(leaseId) ?? 0, isCoordinator: leaseId === coordinator };
      })
      .sort((a, b) => inOrder(a.id, b.id) || (a.leaseId < b.leaseId ? -1 : 1));
    return { name: this.name, members, partitions };
  }

  #findAnnounced(): ReadonlySet<string> {
    const names = new Set<string>();
    let count = 0;
    const lists = new Set<string>();
    for (const { announcement } of this.#members.values()) {
      if ('count' in announcement) count = Math.max(count, announcement.count);
      else lists.add(announcement.list);
    }
    for (let number = 0; number < count; number++) names.add(`${number}`);
    for (const hash of lists) for (const name of this.#lists.get(hash) ?? []) names.add(name);
    return names;
  }
}

function nameIn(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

const collator = new Intl.Collator('en', { numeric: true });

/** 2 before 10. */
function inOrder(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a === b ? 0 : 1);
}
