import { insist } from '../common/insist.js';
import type { OwnKey } from '../queue/place.js';
import { Queue } from '../queue/queue.js';
import { ClientClosed, type Compare, type Op, readOf, type TxnResult } from '../store/store.js';
import type { PoolContext } from './context.js';
import { bytesOfList } from './partition-list.js';

/** The keys of this worker in etcd: what writes them, reads them and deletes them. */
export class MemberKeys {
  readonly #context: PoolContext;
  readonly #members: Queue;
  readonly #coordinators: Queue;
  /** The create revision of the list that this worker announces, as far as it knows. */
  #list: bigint | undefined;

  constructor(context: PoolContext) {
    const { session, keys, log } = context;
    this.#context = context;
    this.#members = new Queue(session.parts.store, keys.memberElection, log);
    this.#coordinators = new Queue(session.parts.store, keys.coordinatorElection, log);
  }

  get #parts(): PoolContext['session']['parts'] {
    return this.#context.session.parts;
  }

  /** Resolves when nothing is in the way of a join; undefined: nothing is. */
  get obstacle(): Promise<void> | undefined {
    const { memberElection, coordinatorElection } = this.#context.keys;
    const { keys } = this.#parts;
    return keys.obstacle(memberElection) ?? keys.obstacle(coordinatorElection);
  }

  /**
   * Writes the keys of this worker, and reads its member key and its plan. A list that it announces is in etcd then:
   * a coordinator deletes lists that nobody announces, and may have done so in the meantime.
   *
   * @throws ElectionError (rejects) `LEASE_LOST`, `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async join(lease: bigint, value: Buffer): Promise<TxnResult> {
    const { keys, options } = this.#context;
    this.#parts.keys.claim(keys.memberElection);
    this.#parts.keys.claim(keys.coordinatorElection);
    const member: Op = { type: 'put', key: keys.member(lease), value, lease };
    const coordinator: Op = { type: 'put', key: keys.coordinator(lease), value: Buffer.from(options.member), lease };
    const written = options.coordinate ? [member, coordinator] : [member];
    const success = [...written, ...this.#reads(lease)];
    for (;;) {
      const compare = await this.#writeList();
      const result = await this.#parts.store.txn({ compare, success, failure: [] });
      if (result.succeeded) return result;
      this.#list = undefined;
    }
  }

  /** Reads the member key and the plan. */
  read(lease: bigint): Promise<TxnResult> {
    return this.#parts.store.txn({ compare: [], success: this.#reads(lease), failure: [] });
  }

  /** Changes what the member key says. Resolves to the revision; undefined: the key is gone. */
  update(own: OwnKey, value: Buffer): Promise<bigint | undefined> {
    return this.#members.proclaim(own, value);
  }

  /** Deletes the keys on a lease that lives on. `own` is undefined when a join may have left them. Never rejects. */
  async withdraw(lease: bigint, own: OwnKey | undefined): Promise<void> {
    const withdrawn = this.#withdraw(lease, own);
    // A join meanwhile would lose its plan.
    if (this.#parts.lease.holds(lease)) this.#parts.keys.blockUntil(this.#context.keys.memberElection, withdrawn);
    await withdrawn;
  }

  async #withdraw(lease: bigint, own: OwnKey | undefined): Promise<void> {
    const { keys, options, log } = this.#context;
    const failed = (err: unknown): void => log().debug({ err }, 'keys of a worker not deleted yet: trying again');
    const release = (queue: Queue, election: string, key: OwnKey | undefined): Promise<boolean> =>
      this.#parts.keys.release(queue, { election, lease, own: key, isLast: true, failed });
    const released = [release(this.#members, keys.memberElection, own)];
    // The key of a candidate that runs is deleted by itself.
    if (options.coordinate && own === undefined) {
      released.push(release(this.#coordinators, keys.coordinatorElection, undefined));
    }
    await Promise.all(released);
    if (!this.#parts.lease.holds(lease)) return;
    // No plan is written any more: its writer compares the member's key.
    await insist(this.#parts.clock, () => this.#deletePlan(lease), {
      failed: (err) => {
        failed(err);
        return this.#parts.lease.holds(lease) && !(err instanceof ClientClosed);
      },
    });
  }

  async #deletePlan(lease: bigint): Promise<void> {
    const key = this.#context.keys.plan(lease);
    await this.#parts.store.txn({ compare: [], success: [{ type: 'delete', key }], failure: [] });
  }

  /** The names of the partitions lie in etcd once, for whoever coordinates. Resolves to what says that they do. */
  async #writeList(): Promise<Compare[]> {
    const { list } = this.#context.options;
    if (!('list' in list.announcement)) return [];
    const key = this.#context.keys.list(list.announcement.list);
    if (this.#list === undefined) {
      const { succeeded, revision, ranges } = await this.#parts.store.txn({
        compare: [{ key, createRevision: 0n }],
        success: [{ type: 'put', key, value: bytesOfList(list.names), lease: 0n }],
        failure: [{ type: 'range', range: { key, order: 'oldest', limit: 1, keysOnly: true } }],
      });
      this.#list = succeeded ? revision : (ranges[0]?.kvs[0]?.createRevision ?? revision);
    }
    return [{ key, createRevision: this.#list }];
  }

  #reads(lease: bigint): Op[] {
    const { keys } = this.#context;
    return [keys.member(lease), keys.plan(lease)].map(readOf);
  }
}
