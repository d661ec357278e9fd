import type { Etcd3 } from 'etcd3';
import { now } from '../clock.js';
import { type BareWatch, bareKey, closeWatch, grant, joinTxn, next } from './bare.js';
import type { Crowd } from './crowd.js';
import { FleetTally } from './fleet.js';

interface Place {
  readonly prefix: string;
  readonly key: string;
  readonly lease: string;
  readonly revision: string;
}

/** Grants, joins and watches as they come. A change of leader is the end of a lease, and an event. */
export class BareCrowd implements Crowd {
  readonly #client: Etcd3;
  #queue: Place[] = [];
  #stream: BareWatch | undefined;
  #onEvent: (watchId: number) => void = () => {};

  constructor(client: Etcd3) {
    this.#client = client;
  }

  async join(name: string, count: number): Promise<void> {
    const places = await Promise.all(Array.from({ length: count }, () => this.#join(`${name}/`)));
    this.#queue = places.sort((a, b) => Number(BigInt(a.revision) - BigInt(b.revision)));
    const stream = await this.#client.watchClient.watch();
    this.#stream = stream;
    const created = new FleetTally(count - 1);
    stream.on('data', (response) => {
      if (response.created) created.add();
      if (response.events.length > 0) this.#onEvent(Number(response.watch_id));
    });
    // The n-th candidate watches the key before its own.
    for (const [i, { revision }] of this.#queue.entries()) {
      const before = this.#queue[i - 1];
      if (before === undefined) continue;
      const request = { key: Buffer.from(before.key), start_revision: next(revision), watch_id: String(i) };
      stream.write({ create_request: request });
    }
    await created.reached;
  }

  async change(): Promise<number> {
    const leader = this.#queue.shift();
    if (leader === undefined || this.#queue.length === 0) throw new Error('nobody is left');
    const event = new Promise<number>((resolve) => {
      this.#onEvent = resolve;
    });
    const start = now();
    const left = this.#client.leaseClient.leaseRevoke({ ID: leader.lease });
    const watchId = await event;
    const took = now() - start;
    this.#stream?.write({ cancel_request: { watch_id: String(watchId) } });
    await left;
    return took;
  }

  async close(): Promise<void> {
    if (this.#stream !== undefined) closeWatch(this.#stream);
    await Promise.all(this.#queue.map(({ lease }) => this.#client.leaseClient.leaseRevoke({ ID: lease })));
    this.#client.close();
  }

  async #join(prefix: string): Promise<Place> {
    const lease = await grant(this.#client);
    const key = bareKey(prefix, lease);
    const { header } = await this.#client.kv.txn(joinTxn([key], false));
    return { ...key, revision: header.revision };
  }
}
