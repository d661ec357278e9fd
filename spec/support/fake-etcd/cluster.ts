import { ElectionError } from '../../../lib/errors.js';
import { type Condition, Endpoint, type Network } from './network.js';
import { StateMachine } from './state-machine.js';

/** Milliseconds that a member waits for a raft leader on behalf of a refresh. */
const REFRESH_TIMEOUT = 7_000;

/** Milliseconds after which a member without a raft leader ends the watch streams that asked for it (`hasleader`). */
const NO_LEADER_TIMEOUT = 5_000;

export class FakeMember {
  readonly id: number;
  readonly endpoint = new Endpoint();
  /** The keys that the member knew when it was cut off from its peers. */
  frozen: ReadonlyMap<string, bigint> | undefined;

  constructor(id: number) {
    this.id = id;
  }
}

/** `isolated`: the member is cut off from the other members, though clients reach it. */
export type MemberCondition = Condition | 'isolated';

/**
 * The members, which of them leads, and what goes on only while a member leads: proposals, refreshes, the expiry of
 * leases.
 */
export class FakeCluster {
  readonly state: StateMachine;
  readonly members: readonly FakeMember[];
  /** Called when a member has been without a raft leader for so long that it ends its watch streams. */
  onLeaderless: ((member: FakeMember) => void) | undefined;
  /** Called when a member is in touch with a raft leader again. */
  onServing: (() => void) | undefined;
  readonly #network: Network;
  readonly #waiting = new Set<() => void>();
  #leader: FakeMember | undefined;
  #quorum = true;
  #cancelElection: (() => void) | undefined;
  #cancelExpiry: (() => void) | undefined;
  /** The tick that `#cancelExpiry` cancels. */
  #armedFor = 0;
  /** One moment at which etcd looks for expired leases. The others follow every `leaseTick`. */
  #tickPhase: number;
  readonly #leaderless = new Map<FakeMember, () => void>();

  constructor(network: Network) {
    this.#network = network;
    this.state = new StateMachine(network.options);
    this.members = Array.from({ length: network.options.members }, (_, index) => new FakeMember(index + 1));
    this.#leader = this.members[0];
    this.#tickPhase = network.now();
    this.state.onLeaseGone = () => this.#retryWaiting();
  }

  get leader(): FakeMember | undefined {
    return this.#leader;
  }

  serves(member: FakeMember): boolean {
    return this.#leader !== undefined && member.frozen === undefined;
  }

  setCondition(member: FakeMember, condition: MemberCondition): void {
    if (condition === 'isolated') {
      const keys = this.state.keys.list('\0', '\0').map((kv) => [kv.key, kv.createRevision] as const);
      member.frozen ??= new Map(keys);
      member.endpoint.condition = 'up';
    } else {
      member.frozen = undefined;
      member.endpoint.condition = condition;
    }
    this.#reconsiderLeader();
    this.#noteLeaderless();
    if (this.serves(member)) this.#resumeServing();
  }

  /** There is a majority; without one, nothing is decided and no lease expires. */
  setQuorum(quorum: boolean): void {
    this.#quorum = quorum;
    this.#reconsiderLeader();
    this.#noteLeaderless();
  }

  changeLeader(): void {
    this.#reconsiderLeader(this.#leader);
    this.#noteLeaderless();
  }

  /** Carries out what needs a majority, or refuses it, or forgets it, or carries it out when a raft leader is back. */
  propose(member: FakeMember, carryOut: () => void, refuse: (error: Error) => void): void {
    if (this.serves(member)) carryOut();
    else if (this.#network.survivesSilence()) this.#whenServing(member, carryOut);
    else if (this.#network.options.silence === 'either' && this.#network.random.chance(0.5)) {
      refuse(new ElectionError('UNAVAILABLE', 'etcdserver: no leader'));
    }
  }

  /** Refreshes a lease. The TTL told is 0 when the lease is gone. The returned function gives the refresh up. */
  refresh(member: FakeMember, id: bigint, done: (ttl: number) => void, failed: (error: Error) => void): () => void {
    const attempt = (): void => {
      const lease = this.state.leases.get(id);
      // The lease has expired and is not revoked yet. etcd waits for the revocation, so that nobody hears of a lease
      // that ends.
      if (!this.serves(member) || (lease !== undefined && lease.expiry < this.#network.now())) return;
      end();
      done(this.state.leases.refresh(id, this.#network.now()));
    };
    const cancelTimeout = this.#network.after(REFRESH_TIMEOUT, () => {
      end();
      failed(new ElectionError('UNAVAILABLE', 'etcdserver: request timed out'));
    });
    const end = (): void => {
      cancelTimeout();
      this.#waiting.delete(attempt);
    };
    this.#waiting.add(attempt);
    attempt();
    return end;
  }

  /** See {@link StateMachine.beginAnew}. All members are down meanwhile. */
  beginAnew(from: 'nothing' | number, cluster: 'same' | 'another'): void {
    this.state.beginAnew(from, this.#network.now(), cluster);
    for (const member of this.members) member.frozen = undefined;
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
  }

  grant(id: bigint, ttl: number): number | undefined {
    const granted = this.state.leases.grant(id, ttl, this.#network.now());
    const expiry = this.state.leases.get(id)?.expiry ?? Infinity;
    if (expiry < this.#armedFor) {
      this.#cancelExpiry?.();
      this.#cancelExpiry = undefined;
    }
    this.#armExpiry(expiry);
    return granted;
  }

  #whenServing(member: FakeMember, fn: () => void): void {
    const attempt = (): void => {
      if (!this.serves(member)) return;
      this.#waiting.delete(attempt);
      fn();
    };
    this.#waiting.add(attempt);
  }

  #retryWaiting(): void {
    for (const attempt of [...this.#waiting]) if (this.#waiting.has(attempt)) attempt();
  }

  /** Members that could lead; none without a majority. */
  #electorate(): readonly FakeMember[] {
    const able = this.members.filter((member) => member.frozen === undefined && member.endpoint.condition !== 'down');
    return this.#quorum && able.length * 2 > this.members.length ? able : [];
  }

  #reconsiderLeader(deposed?: FakeMember): void {
    const able = this.#electorate();
    if (this.#leader !== undefined && this.#leader !== deposed && able.includes(this.#leader)) return;
    if (this.#leader !== undefined) {
      deposed = this.#leader;
      this.#leader = undefined;
      this.#cancelExpiry?.();
      this.#cancelExpiry = undefined;
      this.#network.trace(() => `etcd: member ${deposed?.id} is raft leader no longer`);
    }
    if (able.length === 0) {
      this.#cancelElection?.();
      this.#cancelElection = undefined;
    }
    if (able.length === 0 || this.#cancelElection !== undefined) return;
    this.#cancelElection = this.#network.after(this.#network.draw(this.#network.options.electionTime), () => {
      this.#cancelElection = undefined;
      const candidates = this.#electorate();
      const others = candidates.filter((member) => member !== deposed);
      this.#lead(this.#network.random.pick(others.length > 0 ? others : candidates));
    });
  }

  #lead(member: FakeMember): void {
    this.#leader = member;
    this.#noteLeaderless();
    const now = this.#network.now();
    // The new raft leader's ticker started at some moment of its own.
    this.#tickPhase = now - this.#network.random.between(0, this.#network.options.leaseTick);
    this.state.leases.restart(now, this.#network.options.leaseExtension);
    this.#network.trace(() => `etcd: member ${member.id} is raft leader, leases restart`);
    this.#resumeServing();
  }

  #resumeServing(): void {
    this.#armExpiry();
    this.#retryWaiting();
    this.onServing?.();
  }

  #noteLeaderless(): void {
    for (const member of this.members) {
      const cancel = this.#leaderless.get(member);
      if (this.serves(member)) {
        cancel?.();
        this.#leaderless.delete(member);
      } else if (cancel === undefined) {
        const timer = this.#network.after(NO_LEADER_TIMEOUT, () => this.onLeaderless?.(member));
        this.#leaderless.set(member, timer);
      }
    }
  }

  /**
   * Sets one timer for the first tick at which a lease may be found expired. A refresh leaves the timer alone, and the
   * timer looks again.
   */
  #armExpiry(next = this.state.leases.nextExpiry): void {
    if (this.#cancelExpiry !== undefined || this.#leader === undefined || next === undefined) return;
    const now = this.#network.now();
    const { leaseTick } = this.#network.options;
    const ticks = Math.floor((Math.max(next, now) - this.#tickPhase) / leaseTick) + 1;
    this.#armedFor = this.#tickPhase + ticks * leaseTick;
    this.#cancelExpiry = this.#network.after(this.#armedFor - now, () => {
      this.#cancelExpiry = undefined;
      for (const { id } of this.state.leases.expired(this.#network.now())) {
        this.#network.trace(() => `etcd: lease ${id.toString(16)} expires`);
        this.state.revoke(id);
      }
      this.#armExpiry();
    });
  }
}
