import { setTimeout as sleep } from 'node:timers/promises';
import type { Etcd3 } from 'etcd3';
import type { Fleet, FleetState } from './fleet.js';

/** Milliseconds between two looks at a fleet's state. */
const POLL = 2;

type Campaign = ReturnType<ReturnType<Etcd3['election']>['campaign']>;

/** etcd3's campaigns. Each has a lease of its own, because etcd3's campaigns cannot share one. */
export class PeerFleet implements Fleet {
  readonly #client: Etcd3;
  readonly #ttl: number;
  readonly #campaigns: Campaign[] = [];
  #count = 0;
  #led = 0;
  #waiting = 0;
  #errors = 0;
  #lastError = '';

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

  async launch(names: readonly string[], until: FleetState): Promise<void> {
    this.#count = names.length;
    for (const name of names) {
      const campaign = this.#client.election(name, this.#ttl).campaign('peer');
      const emitter: NodeJS.EventEmitter = campaign;
      emitter.on('elected', () => {
        this.#led++;
      });
      // etcd3's own specs wait for this event.
      emitter.on('_isWaiting', () => {
        this.#waiting++;
      });
      emitter.on('error', (err: Error) => {
        this.#errors++;
        this.#lastError = err.message;
      });
      this.#campaigns.push(campaign);
    }
    await this.#all(() => (until === 'leading' ? this.#led : this.#waiting));
  }

  async takeOver(): Promise<void> {
    await this.#all(() => this.#led);
  }

  /** A campaign that has told an error has ended: it will never lead. */
  async #all(count: () => number): Promise<void> {
    while (count() + this.#errors < this.#count) await sleep(POLL);
    if (this.#errors > 0) throw new Error(`${this.#errors} of ${this.#count} campaigns failed: ${this.#lastError}`);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#campaigns.map((campaign) => campaign.resign()));
    this.#client.close();
  }
}
