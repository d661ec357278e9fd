import type { Etcd3 } from 'etcd3';
import { type Fleet, type Standing, Tally } from './fleet.js';

type Campaign = ReturnType<ReturnType<Etcd3['election']>['campaign']>;

/** Campaigns of etcd3's, each with a lease of its own: it cannot share one. */
export class PeerFleet implements Fleet {
  readonly #client: Etcd3;
  readonly #ttl: number;
  readonly #campaigns: Campaign[] = [];
  #led: Tally | undefined;
  #errors = 0;

  constructor(client: Etcd3, ttl: number) {
    this.#client = client;
    this.#ttl = ttl;
  }

  get errors(): number {
    return this.#errors;
  }

  async ready(): Promise<void> {
    await this.#client.get('ready');
  }

  async launch(names: readonly string[], until: Standing): Promise<void> {
    const led = new Tally(names.length);
    const waiting = new Tally(names.length);
    this.#led = led;
    for (const name of names) {
      const campaign = this.#client.election(name, this.#ttl).campaign('peer');
      const emitter: NodeJS.EventEmitter = campaign;
      emitter.on('elected', () => led.add());
      emitter.on('_isWaiting', () => waiting.add()); // as etcd3's own specs do
      emitter.on('error', () => {
        this.#errors++;
      });
      this.#campaigns.push(campaign);
    }
    await (until === 'leading' ? led : waiting).reached;
  }

  async takeOver(): Promise<void> {
    await this.#led?.reached;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#campaigns.map((campaign) => campaign.resign()));
    this.#client.close();
  }
}
