import { PoolKeys } from '../pool/keys.js';
import type { PartitionList } from '../pool/partition-list.js';
import { encodeMember, encodePlan, type MemberValue, parseMember } from '../pool/wire.js';
import type { WatchEvent } from '../store/store.js';
import type { MemoryStore } from '../testing/memory-store.js';

/** The other worker as a member. No worker is granted its lease. */
const OTHER = { id: 'another', lease: 1n, hex: '1' } as const;

/** What the other worker hears of the tested worker. */
export interface MemberHandlers {
  /** The tested worker has become a member. */
  joined(): void;
  /** The tested worker is stopping, and wants to hand over. */
  leaves(): void;
  /** The tested worker is no member any more. */
  gone(): void;
}

/**
 * The other worker in the pool of a test: it coordinates, so it writes the plans that it is told to write; and it
 * stands in the queues of the partitions that the tested worker is to lose.
 */
export class OtherWorker {
  readonly #store: MemoryStore;
  readonly #keys: PoolKeys;
  readonly #on: MemberHandlers;
  #member: bigint | undefined;

  constructor(store: MemoryStore, pool: string, list: PartitionList, on: MemberHandlers) {
    this.#store = store;
    this.#keys = new PoolKeys(pool);
    this.#on = on;
    const { id, lease } = OTHER;
    const value = encodeMember({ id, weight: 1, announcement: list.announcement, isLeaving: false, isUnfit: false });
    this.#put(this.#keys.member(lease), value);
    this.#put(this.#keys.coordinator(lease), Buffer.from(id));
    this.#followMembers();
  }

  /** The tested worker's lease while it is a member. */
  get member(): bigint | undefined {
    return this.#member;
  }

  /** Tells the tested worker what to own, and what to hand over to this one. Nothing happens while it is no member. */
  plan(own: Iterable<number>, given: Iterable<number> = []): void {
    const lease = this.#member;
    if (lease === undefined) return;
    const give = new Map([...given].map((index) => [index, OTHER.hex] as const));
    const value = encodePlan({ by: String(OTHER.lease), own: [...own].sort((a, b) => a - b), give });
    this.#store.replace(undefined, { key: this.#keys.plan(lease), value, lease });
  }

  /** Stands at the end of the partition's queue; deletes the key `instead` in the same revision, if one is given. */
  stand(partition: string, instead?: string): void {
    this.#put(this.#keyIn(partition), Buffer.from(OTHER.id), instead);
  }

  /** Leaves the partition's queue, if it stands there. */
  leave(partition: string): void {
    this.#store.delete(this.#keyIn(partition));
  }

  #keyIn(partition: string): string {
    return this.#keys.owner(partition, OTHER.hex);
  }

  #put(key: string, value: Buffer, instead?: string): void {
    this.#store.replace(instead, { key, value, lease: OTHER.lease });
  }

  #followMembers(): void {
    const { key, end } = this.#keys.members;
    const watch = this.#store.watch({
      created: () => {},
      events: (_id, events) => {
        for (const event of events) this.#onMember(event);
      },
      cancelled: () => {},
      alive: () => {},
      closed: () => {},
    });
    watch.create(1, key, end, 1n);
  }

  #onMember({ kv }: WatchEvent): void {
    if (kv?.lease === OTHER.lease) return;
    const value: MemberValue | undefined = kv && parseMember(kv.value);
    if (kv === undefined || value === undefined) {
      this.#member = undefined;
      this.#on.gone();
    } else if (value.isLeaving) this.#on.leaves();
    else if (this.#member !== kv.lease) {
      this.#member = kv.lease;
      this.#on.joined();
    }
  }
}
