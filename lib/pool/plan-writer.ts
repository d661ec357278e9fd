import { ElectionError } from '../errors.js';
import type { Leadership } from '../leadership.js';
import { keyFrom } from '../store/bytes.js';
import type { Compare, Op, Store } from '../store/store.js';
import type { PoolKeys } from './keys.js';
import type { SeenMember, SeenPlan } from './overview.js';
import { encodePlan, type PlanValue } from './wire.js';

/** A plan that is to be written. */
export interface NewPlan {
  readonly member: SeenMember;
  readonly plan: PlanValue;
}

/** Plans in a transaction: etcd allows 128 compares, and as many operations (`--max-txn-ops`). */
const MOST_PLANS = 100;
/** Bytes of plans in a transaction: etcd allows 1.5 MiB in a request (`--max-request-bytes`). */
const MOST_BYTES = 512 * 1024;

/** The coordinator was deposed, or a member has gone meanwhile: what it knows is out of date. */
export class OutOfDate extends Error {}

/**
 * Writes plans, each on the lease of its worker: so a plan ends with its worker. Every transaction compares the
 * coordinator's own key. So a coordinator that was deposed writes nothing. The transaction also compares the members'
 * keys. So nothing is written for a worker that has gone.
 */
export class PlanWriter {
  readonly #store: Store;
  readonly #keys: PoolKeys;
  readonly #leadership: Leadership;

  constructor(store: Store, keys: PoolKeys, leadership: Leadership) {
    this.#store = store;
    this.#keys = keys;
    this.#leadership = leadership;
  }

  /**
   * Tells of each plan that etcd has. Whoever is to give something is told first: it follows its successor from the
   * revision of its plan on.
   *
   * @throws OutOfDate when the coordinator must read again; ElectionError (both reject)
   */
  async write(plans: readonly NewPlan[], written: (member: SeenMember, plan: SeenPlan) => void): Promise<void> {
    const isGiver = ({ plan }: NewPlan): number => Number(plan.give.size > 0);
    const inOrder = [...plans].sort((a, b) => isGiver(b) - isGiver(a));
    const encoded = inOrder.map(({ member, plan }) => ({ member, bytes: encodePlan(plan) }));
    while (encoded.length > 0) {
      const part = encoded.splice(0, lengthOfPart(encoded));
      const revision = await this.#commit(part);
      for (const { member, bytes } of part) written(member, { bytes, modRevision: revision });
    }
  }

  async #commit(part: readonly { readonly member: SeenMember; readonly bytes: Buffer }[]): Promise<bigint> {
    const { key, fencingToken } = this.#leadership;
    const compare: Compare[] = [
      { key: keyFrom(key), createRevision: fencingToken },
      ...part.map(({ member }) => ({ key: this.#keys.member(member.lease), createRevision: member.createRevision })),
    ];
    const success: Op[] = part.map(({ member, bytes }) => ({
      type: 'put',
      key: this.#keys.plan(member.lease),
      value: bytes,
      lease: member.lease,
    }));
    const { succeeded, revision } = await this.#put(compare, success);
    if (!succeeded) throw new OutOfDate();
    return revision;
  }

  async #put(compare: readonly Compare[], success: readonly Op[]): Promise<{ succeeded: boolean; revision: bigint }> {
    try {
      return await this.#store.txn({ compare, success, failure: [] });
    } catch (err) {
      // The lease of a member has ended, and its key is about to go.
      if (err instanceof ElectionError && err.code === 'LEASE_LOST') throw new OutOfDate();
      throw err;
    }
  }
}

function lengthOfPart(encoded: readonly { readonly bytes: Buffer }[]): number {
  let bytes = 0;
  const end = encoded.findIndex((entry, at) => {
    bytes += entry.bytes.length;
    return at > 0 && (at === MOST_PLANS || bytes > MOST_BYTES);
  });
  return end < 0 ? encoded.length : end;
}
