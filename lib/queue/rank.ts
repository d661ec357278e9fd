import type { KeyValue, Op, Store } from '../store/store.js';
import { rankKeyOf } from './control-keys.js';
import type { OwnKey } from './place.js';

/** The lowest and the highest priority. */
export const LOWEST = -1_000;
export const HIGHEST = 1_000;

/**
 * What the keys under `<election>!rank/` say. A key that does not name its lease, or says no priority, says nothing.
 */
export function ranksIn(name: string, kvs: readonly KeyValue[]): Map<bigint, number> {
  const ranks = new Map<bigint, number>();
  for (const { key, value, lease } of kvs) {
    const text = value.toString('latin1');
    if (lease === 0n || key !== rankKeyOf(name, lease) || !/^-?\d{1,4}$/.test(text)) continue;
    const rank = Number(text);
    if (rank >= LOWEST && rank <= HIGHEST) ranks.set(lease, rank);
  }
  return ranks;
}

/**
 * Our key `<election>!rank/<lease>`: what it is to say, and what etcd is known to have. It is written and deleted
 * together with our key in the queue, so that neither is there without the other.
 */
export class RankKey {
  readonly #name: string;
  /** The priority that we want; 0 has no key. */
  rank: number;
  /** The lease on which etcd may have our rank, and what it says there; undefined: nobody knows. */
  #written: { readonly lease: bigint; readonly rank: number | undefined } | undefined;
  /** etcd has taken a priority of ours at some time. */
  #hasWritten = false;

  constructor(name: string, rank: number) {
    this.#name = name;
    this.rank = rank;
  }

  /** The lease on which etcd may have a priority of ours. */
  get lease(): bigint | undefined {
    return this.#written?.lease;
  }

  /** Whether etcd has on this lease what we want. */
  isRightOn(lease: bigint): boolean {
    return this.rank === (this.lease === lease ? this.#written?.rank : 0);
  }

  /** What makes etcd say `rank` on this lease. From now on nobody knows what etcd has, until `wrote()` is called. */
  writing(lease: bigint, rank: number): Op[] {
    const key = rankKeyOf(this.#name, lease);
    if (rank === 0 && this.lease !== lease) return [];
    this.#written = { lease, rank: undefined };
    return rank === 0 ? [{ type: 'delete', key }] : [{ type: 'put', key, value: Buffer.from(String(rank)), lease }];
  }

  /**
   * What deletes our rank with our key, also where etcd is known to have none: when etcd's history begins anew, both
   * come back, and a key that is released again takes its rank along.
   */
  deleting(lease: bigint): Op[] {
    const isThere = this.lease === lease;
    if (isThere) this.forget();
    return isThere || this.#hasWritten ? [{ type: 'delete', key: rankKeyOf(this.#name, lease) }] : [];
  }

  /** The priority is to be written again, because the present leader may not have heard of it. */
  forget(): void {
    if (this.#written !== undefined) this.#written = { ...this.#written, rank: undefined };
  }

  /** etcd has carried out what `writing()` made. */
  wrote(lease: bigint, rank: number): void {
    if (rank !== 0) this.#hasWritten = true;
    if (this.lease === lease) this.#written = rank === 0 ? undefined : { lease, rank };
  }

  /** Makes etcd say the priority that we want, unless our key is gone from the queue. */
  async write(store: Store, { key, createRevision, lease }: OwnKey): Promise<void> {
    const { rank } = this;
    const success = this.writing(lease, rank);
    if (success.length === 0) return;
    const { succeeded } = await store.txn({ compare: [{ key, createRevision }], success, failure: [] });
    if (succeeded) this.wrote(lease, rank);
  }

  /**
   * Deletes the rank that may be left on the lease without `key`, our key in the queue: somebody else may have deleted
   * that key alone, as a leader does that makes way for another; or has written a key of that name, which hangs on
   * another lease or on none, and has this `createRevision`. While our key is there, its release deletes both.
   */
  async drop(store: Store, key: string, lease: bigint, createRevision = 0n): Promise<void> {
    const success = this.deleting(lease);
    if (success.length === 0) return;
    const { succeeded } = await store.txn({ compare: [{ key, createRevision }], success, failure: [] });
    if (succeeded) this.wrote(lease, 0);
  }
}
