import { Random } from '../random.js';
import { FakeCluster, type MemberCondition } from './cluster.js';
import { Connection, type ProcessClock } from './connection.js';
import { noRequests, type RequestCounts } from './counts.js';
import { type MessageFault, MessageFaults, type Request, type RequestKind } from './faults.js';
import type { StoredKey } from './key-space.js';
import type { FakeLease } from './leases.js';
import { Network } from './network.js';
import { type FakeEtcdOptions, resolveOptions } from './options.js';
import { WatchHub } from './watch-hub.js';

/**
 * etcd in memory: its rules (revisions, transactions, leases, watches, compaction), its members and its network, and
 * whatever can go wrong with them. Every process has a {@link Connection} of its own, which is a `Store`.
 *
 * @example
 * ```ts
 * const etcd = new FakeEtcd({ clock });
 * const store = etcd.connect();
 * etcd.faults.keepAlive = 'hang';             // until 'ok'
 * etcd.next('txn', 'lose reply');             // once
 * etcd.member(2).condition = 'silent';
 * ```
 */
export class FakeEtcd {
  /** Faults of all processes. The faults of a connection come before them. */
  readonly faults = new MessageFaults();
  /** Requests that all processes sent. */
  readonly requests: RequestCounts = noRequests();
  readonly connections: Connection[] = [];
  readonly #network: Network;
  readonly #cluster: FakeCluster;
  readonly #hub: WatchHub;
  readonly #clock: ProcessClock;

  constructor(options: FakeEtcdOptions = {}) {
    const resolved = resolveOptions(options);
    this.#clock = resolved.clock;
    this.#network = new Network(resolved, new Random(resolved.seed));
    this.#cluster = new FakeCluster(this.#network);
    this.#hub = new WatchHub(this.#network, this.#cluster);
  }

  /** Connects a process. Its clock may be its own, and may be the process itself (`VirtualClock`). */
  connect({ clock = this.#clock, name = `process ${this.connections.length + 1}` }: ConnectOptions = {}): Connection {
    const { faults, requests } = this;
    const connection = new Connection({
      name,
      clock,
      network: this.#network,
      cluster: this.#cluster,
      hub: this.#hub,
      faults,
      requests,
    });
    this.connections.push(connection);
    return connection;
  }

  /** Sets the fault of the next request of this kind, whoever sends it. */
  next(kind: RequestKind, fault: MessageFault, matches?: (request: Request) => boolean): void {
    this.faults.next(kind, fault, matches);
  }

  /** Calls `listener` after every write. Requests that are carried out in one step are still one call each. */
  onWrite(listener: () => void): void {
    this.#cluster.state.onChange(listener);
  }

  get revision(): bigint {
    return this.#cluster.state.keys.revision;
  }

  /** The last revision that was compacted; -1n before the first. */
  get compacted(): bigint {
    return this.#cluster.state.keys.compacted;
  }

  get(key: string): StoredKey | undefined {
    return this.#cluster.state.keys.get(key);
  }

  /** The keys that begin with `prefix`, in the order of keys. */
  keys(prefix = ''): readonly StoredKey[] {
    const keys = this.#cluster.state.keys.list(prefix === '' ? '\0' : prefix, '\0');
    return keys.filter(({ key }) => key.startsWith(prefix));
  }

  /** The key of {@link keys} that was created first. */
  oldest(prefix = ''): StoredKey | undefined {
    return this.keys(prefix).reduce<StoredKey | undefined>(
      (oldest, kv) => (oldest === undefined || kv.createRevision < oldest.createRevision ? kv : oldest),
      undefined,
    );
  }

  leases(): readonly FakeLease[] {
    return this.#cluster.state.leases.all();
  }

  /** Grants as an operator does. */
  grant(lease: bigint, ttl: number): void {
    this.#network.trace(() => `operator: grant ${lease.toString(16)}`);
    this.#cluster.grant(lease, ttl);
  }

  /** Writes as an operator does and not a candidate: at once, whatever the network is like. */
  put(key: string, value: string | Buffer, lease = 0n): void {
    this.#network.trace(() => `operator: put ${key}`);
    this.#cluster.state.write((writer) => writer.put(key, Buffer.from(value), lease));
  }

  /** Deletes as an operator does. */
  delete(...keys: readonly string[]): void {
    this.#network.trace(() => `operator: delete ${keys.join(', ')}`);
    this.#cluster.state.write((writer) => {
      for (const key of keys) writer.delete(key);
    });
  }

  /** Revokes as an operator does. */
  revoke(lease: bigint): void {
    this.#network.trace(() => `operator: revoke ${lease.toString(16)}`);
    this.#cluster.state.revoke(lease);
  }

  /** Revokes as an operator does, and refreshes of the lease succeed all the same: a known fault of old releases. */
  revokeUnnoticed(lease: bigint): void {
    this.#network.trace(() => `operator: revoke ${lease.toString(16)}, and refreshes do not notice`);
    this.#cluster.state.leases.haunt(lease);
    this.#cluster.state.revoke(lease);
  }

  /** Compacts the history up to this revision, by default up to now. Nothing happens when it is compacted already. */
  compact(revision = this.revision): void {
    if (revision <= this.compacted) return;
    this.#network.trace(() => `operator: compact ${revision}`);
    this.#cluster.state.keys.compact(revision, this.#network.options.losesCompactedDeletion);
  }

  /** 1 to the number of members. */
  member(id: number): { condition: MemberCondition } {
    const member = this.#cluster.members[id - 1];
    if (member === undefined) throw new Error(`there is no member ${id}`);
    const cluster = this.#cluster;
    const trace = (condition: MemberCondition): void => this.#network.trace(() => `etcd: member ${id} ${condition}`);
    return {
      get condition() {
        return member.frozen === undefined ? member.endpoint.condition : 'isolated';
      },
      set condition(condition) {
        trace(condition);
        cluster.setCondition(member, condition);
      },
    };
  }

  /** The number of the raft leader; undefined while there is none. */
  get leader(): number | undefined {
    return this.#cluster.leader?.id;
  }

  /** Serves nothing for `electionTime`. Then another member leads, and every lease starts again in full. */
  changeLeader(): void {
    this.#cluster.changeLeader();
  }

  /** Until {@link restoreQuorum}, the members that are up decide nothing, and no lease expires. */
  loseQuorum(): void {
    this.#cluster.setQuorum(false);
  }

  restoreQuorum(): void {
    this.#cluster.setQuorum(true);
  }

  /** Takes all members down. They come back after `ms` with all they knew. */
  restart(ms: number): void {
    this.#network.trace(() => 'etcd: restarts');
    for (const member of this.#cluster.members) this.#cluster.setCondition(member, 'down');
    this.#network.after(ms, () => {
      for (const member of this.#cluster.members) this.#cluster.setCondition(member, 'up');
    });
  }

  /**
   * Takes all members down, and back after `ms` with other data: with none, or with those of so many revisions ago.
   * Nobody is told, and `onWrite` is not called. A snapshot is restored into another cluster, unless its members get
   * the names, the addresses and the token of before: then `cluster` is the same.
   */
  beginAnew(
    from: 'nothing' | number,
    ms: number,
    cluster: 'same' | 'another' = from === 'nothing' ? 'same' : 'another',
  ): void {
    this.restart(ms);
    this.#cluster.beginAnew(from, cluster);
    this.#network.trace(() => `etcd: begins anew at revision ${this.revision}`);
  }

  /**
   * Restores a snapshot of `changes` revisions ago, with greater revisions. Takes all members down, and they come back
   * after `ms`.
   */
  restoreSnapshot({ changes, ms, bump = 1_000n }: { changes: number; ms: number; bump?: bigint }): void {
    this.#network.trace(() => `operator: restore a snapshot of ${changes} revisions ago`);
    this.#cluster.state.restore(changes, bump);
    this.restart(ms);
  }

  /** Heals members, network and majority, and removes every fault. What has happened stays so. */
  heal(): void {
    this.#network.trace(() => 'etcd: all is well');
    this.#cluster.setQuorum(true);
    for (const member of this.#cluster.members) this.#cluster.setCondition(member, 'up');
    for (const connection of this.connections) {
      connection.network = 'up';
      connection.lag = 0;
      connection.faults.clear();
    }
    this.faults.clear();
  }

  /** Stops the world: no timer is left, and nothing is answered any more. */
  close(): void {
    this.#network.close();
  }
}

export interface ConnectOptions {
  readonly clock?: ProcessClock;
  readonly name?: string;
}
