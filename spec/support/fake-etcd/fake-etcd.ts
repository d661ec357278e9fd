import { Random } from '../random.js';
import { Cluster, type MemberCondition } from './cluster.js';
import { Connection, type ProcessClock } from './connection.js';
import { noRequests, type RequestCounts } from './counts.js';
import { type Fault, Faults, type Request, type RequestKind } from './faults.js';
import type { StoredKey } from './key-space.js';
import type { Lease } from './leases.js';
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
  /** For all processes; those of a connection come before them. */
  readonly faults = new Faults();
  /** Sent by all processes. */
  readonly requests: RequestCounts = noRequests();
  readonly connections: Connection[] = [];
  readonly #network: Network;
  readonly #cluster: Cluster;
  readonly #hub: WatchHub;
  readonly #clock: ProcessClock;

  constructor(options: FakeEtcdOptions = {}) {
    const resolved = resolveOptions(options);
    this.#clock = resolved.clock;
    this.#network = new Network(resolved, new Random(resolved.seed));
    this.#cluster = new Cluster(this.#network);
    this.#hub = new WatchHub(this.#network, this.#cluster);
  }

  /** For a process; with a clock of its own, which may be the process itself (`VirtualClock`). */
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

  /** What befalls the next request of this kind, by whomever. */
  next(kind: RequestKind, fault: Fault, matches?: (request: Request) => boolean): void {
    this.faults.next(kind, fault, matches);
  }

  /** `listener` is told after every write: of one, however many requests are carried out in the same step. */
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

  /** Those that begin with `prefix`, in the order of keys. */
  keys(prefix = ''): readonly StoredKey[] {
    const keys = this.#cluster.state.keys.list(prefix === '' ? '\0' : prefix, '\0');
    return keys.filter(({ key }) => key.startsWith(prefix));
  }

  /** The one of {@link keys} that was created first. */
  oldest(prefix = ''): StoredKey | undefined {
    return this.keys(prefix).reduce<StoredKey | undefined>(
      (oldest, kv) => (oldest === undefined || kv.createRevision < oldest.createRevision ? kv : oldest),
      undefined,
    );
  }

  leases(): readonly Lease[] {
    return this.#cluster.state.leases.all();
  }

  /** By an operator, not by a candidate: at once, whatever the network is like. */
  put(key: string, value: string | Buffer, lease = 0n): void {
    this.#network.trace(() => `operator: put ${key}`);
    this.#cluster.state.write((writer) => writer.put(key, Buffer.from(value), lease));
  }

  /** By an operator. */
  delete(...keys: readonly string[]): void {
    this.#network.trace(() => `operator: delete ${keys.join(', ')}`);
    this.#cluster.state.write((writer) => {
      for (const key of keys) writer.delete(key);
    });
  }

  /** By an operator. */
  revoke(lease: bigint): void {
    this.#network.trace(() => `operator: revoke ${lease.toString(16)}`);
    this.#cluster.state.revoke(lease);
  }

  /** Forgets the history up to this revision, up to now by default. Nothing happens when that is compacted already. */
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
        return member.frozen === undefined ? member.gate.condition : 'isolated';
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

  /** Nothing is served for `electionTime`; then another member leads, and every lease starts again in full. */
  changeLeader(): void {
    this.#cluster.changeLeader();
  }

  /** Until {@link restoreQuorum}, the members that are up decide nothing; no lease expires. */
  loseQuorum(): void {
    this.#cluster.setQuorum(false);
  }

  restoreQuorum(): void {
    this.#cluster.setQuorum(true);
  }

  /** All members go down, and come back after `ms` with all they knew. */
  restart(ms: number): void {
    this.#network.trace(() => 'etcd: restarts');
    for (const member of this.#cluster.members) this.#cluster.setCondition(member, 'down');
    this.#network.after(ms, () => {
      for (const member of this.#cluster.members) this.#cluster.setCondition(member, 'up');
    });
  }

  /** Members, network and majority are well again, and no fault is left; what has happened has happened. */
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

  /** Stops the world: no timer is left, nothing is answered any more. */
  close(): void {
    this.#network.close();
  }
}

export interface ConnectOptions {
  readonly clock?: ProcessClock;
  readonly name?: string;
}
