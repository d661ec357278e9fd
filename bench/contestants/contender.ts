import { Etcd3 } from 'etcd3';
import { Election } from '../../lib/index.js';
import { until } from '../../spec/support/wait.js';
import { now } from '../clock.js';
import { clientOf } from '../world.js';

export const TTL = 10;

/** How a leader leaves: for good, or to the end of the queue. */
export type Leaving = 'stop' | 'stepDown';

/** One candidate after another in the same election, in a process of its own. */
export interface Contender {
  /** Joins, if need be; resolves when it leads or waits. */
  queue(): Promise<void>;
  /** When it was elected since it queued; on the clock of {@link now}. */
  elected(): Promise<number>;
  /** Resolves with when that began. */
  leave(how: Leaving): Promise<number>;
}

export class OurContender implements Contender {
  readonly #election: Election;
  #electedAt: Promise<number> | undefined;

  constructor(hosts: readonly string[], name: string) {
    this.#election = new Election(clientOf(hosts), name, { ttl: TTL });
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

  async leave(how: Leaving): Promise<number> {
    const at = now();
    await (how === 'stop' ? this.#election.stop() : this.#election.stepDown());
    return at;
  }
}

export type PeerCampaign = ReturnType<ReturnType<Etcd3['election']>['campaign']>;

/** etcd3's way out of leadership, for good or for a while, is `resign()`, and then another campaign. */
export class PeerContender implements Contender {
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
    await Promise.race([this.#electedAt, queued(campaign)]);
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

/** As etcd3's own specs wait for it: its key is there, and the watch is about to be. */
export function queued(campaign: PeerCampaign): Promise<void> {
  return new Promise((resolve, reject) => {
    const emitter: NodeJS.EventEmitter = campaign;
    emitter.once('_isWaiting', resolve);
    emitter.once('error', reject);
  });
}
