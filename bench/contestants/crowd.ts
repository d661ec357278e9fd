import type { Etcd3 } from 'etcd3';
import { Election } from '../../lib/index.js';
import { until } from '../../spec/support/wait.js';
import { now } from '../clock.js';
import { FleetTally } from './fleet.js';

/** Many candidates in one election, all in one process. Leases are long, so that refreshes do not disturb. */
export interface Crowd {
  /** Resolves when all are in the queue. */
  join(name: string, count: number): Promise<void>;
  /** The leader leaves. Resolves with the milliseconds until the next candidate leads. */
  change(): Promise<number>;
  close(): Promise<void>;
}

const TTL = 60;
const LONG = 120_000;

export class OurCrowd implements Crowd {
  readonly #client: Etcd3;
  readonly #observe: boolean;
  #candidates: Election[] = [];
  #leader: Election | undefined;
  #onLead: () => void = () => {};

  constructor(client: Etcd3, observe: boolean) {
    this.#client = client;
    this.#observe = observe;
  }

  /** Each candidate has a session of its own, because a session has one candidate in an election. */
  async join(name: string, count: number): Promise<void> {
    this.#candidates = Array.from({ length: count }, (_, i) => {
      const election = new Election(this.#client, name, { value: String(i), ttl: TTL, observe: this.#observe });
      return election.on('elected', () => {
        this.#leader = election;
        this.#onLead();
      });
    });
    for (const candidate of this.#candidates) candidate.start();
    const isIn = ({ state }: Election): boolean => state === 'waiting' || state === 'leading';
    await until(() => this.#candidates.every(isIn), { within: LONG, what: 'all to be queued' });
  }

  async change(): Promise<number> {
    const elected = new Promise<number>((resolve) => {
      this.#onLead = () => resolve(now());
    });
    const start = now();
    const left = this.#leader?.stop();
    const took = (await elected) - start;
    await left;
    return took;
  }

  async close(): Promise<void> {
    await Promise.all(this.#candidates.map((candidate) => candidate.stop()));
    this.#client.close();
  }
}

type Campaign = ReturnType<ReturnType<Etcd3['election']>['campaign']>;

export class PeerCrowd implements Crowd {
  readonly #client: Etcd3;
  #campaigns: Campaign[] = [];
  #leader: Campaign | undefined;
  #onLead: () => void = () => {};

  constructor(client: Etcd3) {
    this.#client = client;
  }

  async join(name: string, count: number): Promise<void> {
    const election = this.#client.election(name, TTL);
    const queued = new FleetTally(count);
    this.#campaigns = Array.from({ length: count }, (_, i) => {
      const campaign = election.campaign(String(i));
      const emitter: NodeJS.EventEmitter = campaign;
      emitter.once('_isWaiting', () => queued.add()); // as etcd3's own specs do
      emitter.on('error', () => {});
      campaign.on('elected', () => {
        if (this.#leader === undefined) queued.add();
        this.#leader = campaign;
        this.#onLead();
      });
      return campaign;
    });
    await queued.reached;
  }

  async change(): Promise<number> {
    const elected = new Promise<number>((resolve) => {
      this.#onLead = () => resolve(now());
    });
    const start = now();
    const left = this.#leader?.resign();
    const took = (await elected) - start;
    await left;
    return took;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#campaigns.map((campaign) => campaign.resign()));
    this.#client.close();
  }
}
