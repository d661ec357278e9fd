import { leaseIn, prefixOf, rangeEndOf } from '../queue/keys.js';
import { hexOf, keyFrom, textOf } from '../store/bytes.js';
import type { KeyValue } from '../store/store.js';

/** Names of partitions that stand in a key unchanged: most do. */
const PLAIN = /^[\w.:-]+$/;

/** All keys that begin with the same words. */
export interface KeyRange {
  readonly key: string;
  readonly end: string;
}

/** The keys of one pool in etcd. Where a key ends with a lease, it hangs on that lease. */
export class PoolKeys {
  readonly members: KeyRange;
  readonly plans: KeyRange;
  readonly control: KeyRange;
  readonly owners: KeyRange;
  readonly lists: KeyRange;
  readonly coordinators: KeyRange;
  readonly #pool: string;

  constructor(pool: string) {
    this.#pool = pool;
    this.members = rangeOf(this.memberElection);
    this.plans = rangeOf(`${pool}/plan`);
    this.control = rangeOf(`${pool}/control`);
    this.owners = rangeOf(`${pool}/owners`);
    this.lists = rangeOf(`${pool}/lists`);
    this.coordinators = rangeOf(this.coordinatorElection);
  }

  /** The members' keys have the form of candidates' keys, and can be released as such. */
  get memberElection(): string {
    return `${this.#pool}/members`;
  }

  get coordinatorElection(): string {
    return `${this.#pool}/coordinator`;
  }

  /** The election whose leader owns the partition. */
  ownerElection(partition: string): string {
    return `${this.#pool}/owners/${encodePartition(partition)}`;
  }

  member(lease: bigint): string {
    return `${this.members.key}${hexOf(lease)}`;
  }

  coordinator(lease: bigint): string {
    return `${this.coordinators.key}${hexOf(lease)}`;
  }

  plan(lease: bigint): string {
    return `${this.plans.key}${hexOf(lease)}`;
  }

  /** The key that a worker stands with for a partition. */
  owner(partition: string, lease: string): string {
    return keyFrom(`${this.ownerElection(partition)}/${lease}`);
  }

  list(hash: string): string {
    return `${this.lists.key}${hash}`;
  }

  /** The partition that a key under `owners` stands for; undefined when the key is none of ours. */
  partitionOf(key: string): string | undefined {
    const from = this.owners.key.length;
    const slash = key.indexOf('/', from);
    if (slash <= from || slash === key.length - 1 || key.includes('/', slash + 1) || key.includes('!', from)) {
      return undefined;
    }
    const segment = key.slice(from, slash);
    return PLAIN.test(segment) ? segment : decodePartition(textOf(segment));
  }
}

/** The lease that a key of a worker is named after, and hangs on; undefined when the key is no worker's. */
export function leaseOf(kv: Pick<KeyValue, 'key' | 'lease'>, range: KeyRange): string | undefined {
  const hex = leaseIn(kv.key);
  const isOurs = kv.lease !== 0n && kv.key === `${range.key}${hex}` && hexOf(kv.lease) === hex;
  return isOurs ? hex : undefined;
}

/** A partition's name as one segment of a key. */
export function encodePartition(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('/', '%2F');
}

function decodePartition(segment: string): string {
  return segment.replaceAll(/%2f/gi, '/').replaceAll('%25', '%');
}

function rangeOf(folder: string): KeyRange {
  const key = prefixOf(folder);
  return { key, end: rangeEndOf(key) };
}
