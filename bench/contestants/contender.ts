import { Etcd3 } from 'etcd3';
import { Election } from '../../lib/index.js';
import { until } from '../../spec/support/wait.js';
import { now } from '../clock.js';
import { clientOfCluster } from '../world.js';

export const TTL = 10;

/** How a leader leaves: for good, or to the end of the queue. */
export type WayToLeave = 'stop' | 'stepDown';

/** A candidate in a process of its own, which joins the same election again and again. */
export interface BenchCandidate {
  /** Joins, unless it has joined. Resolves when it leads or waits. */
  queue(): Promise<void>;
  /** Resolves with the moment at which it was elected after its last join, on the clock of {@link now}. */
  elected(): Promise<number>;
  /** Leaves. Resolves with the moment at which leaving began. */
  leave(how: WayToLeave): Promise<number>;
}

export class OurContender implements BenchCandidate {
  readonly #election: Election;
  #electedAt: Promise<number> | undefined;

  constructor(hosts: readonly string[], name: string) {
    this.#election = new Election(clientOfCluster(hosts), name, { ttl: TTL });
  }

  async queue(): Promise<void> {
    const election = this.#election;
    if (election.isLeader()) return;
    this.#electedAt = new Promise((resolve) => election.once('elected', () => resolve(now())));
    election.start();
    const isIn = (): boolean => election.state === 'waiting' || election.state === 'leading';
    await until(isIn, { what: 'our candidate to be queued' });
  }

  async elected(): Promise<number> {
    return (await this.#electedAt) ?? Number.NaN;
  }

  async leave(how: WayToLeave): Promise<number> {
    const at = now();
    await (how === 'stop' ? this.#election.stop() : this.#election.stepDown());
    return at;
  }
}

export type PeerCampaign = ReturnType<ReturnType<Etcd3['election']>['campaign']>;

/** etcd3 leaves leadership by `resign()`, for good or for a while; for a while a new campaign follows. */
export class PeerContender implements BenchCandidate {
  readonly #client: Etcd3;
  readonly #name: string;
  #campaign: PeerCampaign | undefined;
  #electedAt: Promise<number> | undefined;

  constructor(hosts: readonly string[], name: string) {
    this.#client = new Etcd3({ hosts: [...hosts] });
    this.#name = name;
  }

  async queue(): Promise<void> {
    if (this.#campaign !== undefined) return;
    const campaign = this.#client.election(this.#name, TTL).campaign('peer');
    this.#campaign = campaign;
    this.#electedAt = campaign.wait().then(() => now());
    await Promise.race([this.#electedAt, peerQueued(campaign)]);
  }

  async elected(): Promise<number> {
    return (await this.#electedAt) ?? Number.NaN;
  }

  async leave(): Promise<number> {
    const at = now();
    await this.#campaign?.resign();
    this.#campaign = undefined;
    return at;
  }
}

/** Waits as etcd3's own specs do: the key is there, and the watch is about to be created. */
export function peerQueued(campaign: PeerCampaign): Promise<void> {
  return new Promise((resolve, reject) => {
    const emitter: NodeJS.EventEmitter = campaign;
    emitter.once('_isWaiting', resolve);
    emitter.once('error', reject);
  });
}
