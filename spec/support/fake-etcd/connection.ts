import type { Clock } from '../../../lib/common/time.js';
import type { KeepAliveHandlers, LeaseGrant, Store, Txn, TxnResult, WatchHandlers } from '../../../lib/store/store.js';
import { call } from './calls.js';
import type { FakeCluster, FakeMember } from './cluster.js';
import { countedAs, noRequests, type RequestCounts } from './counts.js';
import { describeFault, describeRequest } from './describe.js';
import { type MessageFault, MessageFaults, type Request } from './faults.js';
import { FakeKeepAlive } from './keep-alive.js';
import { type Condition, Endpoint, type Network, Path } from './network.js';
import { FakeStreams } from './open-streams.js';
import { compareAll, isLocal, isReadOnly } from './state-machine.js';
import { MemberPicker } from './steering.js';
import { type Recipient, spoil } from './transport.js';
import type { WatchHub } from './watch-hub.js';
import { FakeWatchStream } from './watch-stream.js';

/** A clock that may be the process too: `VirtualClock` can be paused and killed. */
export type ProcessClock = Clock & Partial<Recipient>;

export interface ConnectionOptions {
  readonly name: string;
  readonly clock: ProcessClock;
  readonly network: Network;
  readonly cluster: FakeCluster;
  readonly hub: WatchHub;
  /** The faults of every process. */
  readonly faults: MessageFaults;
  /** The requests of every process. */
  readonly requests: RequestCounts;
}

type CallRequest = Extract<Request, { kind: 'grant' | 'revoke' | 'txn' }>;

/** etcd as one process sees it. */
export class Connection implements Store {
  readonly name: string;
  /** Faults of this process only. They come before the faults of all. */
  readonly faults = new MessageFaults();
  /** Requests that this process sent. */
  readonly requests: RequestCounts = noRequests();
  /** Milliseconds that are added to the latency of everything, each way. */
  lag = 0;
  readonly #options: ConnectionOptions;
  readonly #process: Recipient;
  readonly #endpoint = new Endpoint();
  readonly #steering: MemberPicker;
  readonly #calls = new Map<Promise<unknown>, string>();
  readonly #streams: FakeStreams;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.name = options.name;
    const { clock, cluster, network } = options;
    this.#steering = new MemberPicker(cluster, network, clock);
    this.#process = {
      receive: (fn) => (clock.receive === undefined ? fn() : clock.receive(fn)),
      get dead() {
        return clock.dead === true;
      },
    };
    this.#streams = new FakeStreams({
      name: this.name,
      network,
      endpoint: this.#endpoint,
      process: this.#process,
      steering: this.#steering,
      lag: () => this.lag,
    });
  }

  /** The network between this process and all members. */
  get network(): Condition {
    return this.#endpoint.condition;
  }

  set network(condition: Condition) {
    this.#options.network.trace(() => `${this.name}: network ${condition}`);
    this.#endpoint.condition = condition;
  }

  /** What this process has not finished: calls without an answer, open streams, watches on them. */
  get open(): readonly string[] {
    if (this.#process.dead) return [];
    return [...this.#calls.values(), ...this.#streams.described];
  }

  /** Ends every stream (of one kind) with an error. */
  breakStreams(kind?: 'keepAlive' | 'watch', error: Error = new Error('stream broken')): void {
    for (const transport of this.#streams.of(kind)) transport.break(error);
  }

  /** Keeps every stream (of one kind) open, and lets it say nothing more, for ever. */
  silenceStreams(kind?: 'keepAlive' | 'watch'): void {
    for (const transport of this.#streams.of(kind)) transport.silence();
  }

  grant(id: bigint, ttl: number): Promise<LeaseGrant> {
    const { cluster } = this.#options;
    return this.#call({ kind: 'grant', id, ttl }, () => {
      const granted = cluster.grant(id, ttl);
      // etcd refuses to grant a lease that exists, and a refusal has no header.
      return granted === undefined ? { ttl: undefined } : { ttl: granted, header: cluster.state.header };
    });
  }

  revoke(id: bigint): Promise<void> {
    const { state } = this.#options.cluster;
    return this.#call({ kind: 'revoke', id }, () => {
      state.revoke(id);
    });
  }

  txn(txn: Txn): Promise<TxnResult> {
    const { state } = this.#options.cluster;
    return this.#call({ kind: 'txn', txn }, (member, fault) => {
      if (typeof fault === 'object' && 'staleBy' in fault && isReadOnly(txn)) return state.stale(txn, fault.staleBy);
      const known = member.frozen;
      if (known === undefined || !isLocal(txn)) return state.txn(txn);
      const succeeded = compareAll(txn.compare, (key, end = `${key}\0`) =>
        [...known].flatMap(([other, age]) => (other >= key && other < end ? [age] : [])),
      );
      return { succeeded, revision: state.keys.revision, ranges: [] };
    });
  }

  keepAlive(id: bigint, on: KeepAliveHandlers): FakeKeepAlive {
    this.#count('keepAliveStream');
    const transport = this.#streams.open({
      kind: 'keepAlive',
      describe: () => [`keepAlive ${id.toString(16)}`],
      onBroken: (error) => on.closed(error),
      stream: () => stream,
    });
    const stream: FakeKeepAlive = new FakeKeepAlive({
      id,
      cluster: this.#options.cluster,
      transport,
      onReply: (ttl, header) => on.reply(ttl, header),
      fault: () => {
        this.#count('keepAlive');
        return this.#fault({ kind: 'keepAlive', what: 'refresh', id });
      },
      onOverdue: () => this.#streams.overdue(transport),
      onClose: () => this.#streams.remove(transport),
    });
    spoil(transport, this.#fault({ kind: 'keepAlive', what: 'open', id }));
    return stream;
  }

  watch(on: WatchHandlers): FakeWatchStream {
    this.#count('watchStream');
    const transport = this.#streams.open({
      kind: 'watch',
      describe: () => ['watch stream', ...stream.watches.map((key) => `watch ${key}`)],
      onBroken: (error) => on.closed(error),
      stream: () => stream,
    });
    const stream: FakeWatchStream = new FakeWatchStream({
      hub: this.#options.hub,
      transport,
      on,
      fault: (request) => {
        const counted = countedAs(request);
        if (counted !== undefined) this.#count(counted);
        return this.#fault(request);
      },
      onOverdue: () => this.#streams.overdue(transport),
      onClose: () => this.#streams.remove(transport),
    });
    spoil(transport, this.#fault({ kind: 'watch', what: 'open' }));
    return stream;
  }

  /** Lets the server end the watches that begin at `key`, without a word about compaction. */
  cancelWatches(key: string, error: Error = new Error('etcdserver: watch cancelled')): void {
    for (const stream of this.#streams.all) {
      if (stream instanceof FakeWatchStream) stream.cancelByServer(key, error);
    }
  }

  #call<T>(request: CallRequest, carryOut: (member: FakeMember, fault: MessageFault) => T): Promise<T> {
    const { network, cluster, clock } = this.#options;
    const member = this.#steering.pick();
    const fault = this.#fault(request);
    this.#count(request.kind);
    network.trace(() => `${this.name}: ${describeRequest(request)} by member ${member.id}${describeFault(fault)}`);
    const result = call(
      {
        network,
        cluster,
        member,
        path: new Path(this.#endpoint, member.endpoint),
        process: this.#process,
        clock,
        lag: this.lag,
        fault,
        local: request.kind === 'txn' && isLocal(request.txn),
        onUnanswered: () => this.#steering.avoid(member),
      },
      () => carryOut(member, fault),
    );
    const settled = (): void => {
      this.#calls.delete(result);
    };
    this.#calls.set(result, request.kind);
    result.then(settled, settled);
    return result;
  }

  #fault(request: Request): MessageFault {
    const own = this.faults.take(request);
    return own === 'ok' ? this.#options.faults.take(request) : own;
  }

  #count(kind: keyof RequestCounts): void {
    this.requests[kind] += 1;
    this.#options.requests[kind] += 1;
  }
}
