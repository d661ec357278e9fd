import type { Etcd3 } from 'etcd3';
import { type BareKey, type BareWatch, bareKey, closeWatch, grant, joinTxn, next } from './bare.js';
import { type Fleet, type FleetState, FleetTally } from './fleet.js';

/** Joins in one transaction, and transactions under way, because lib/store/batching-store.ts batches so. */
const JOINS = 40;
const IN_FLIGHT = 8;

interface Waiting {
  readonly key: BareKey;
  readonly revision: string;
  readonly before: string;
}

/** The bare operations: joins in batches, and watches, on one lease and one stream, without any state. */
export class BareFleet implements Fleet {
  readonly errors = 0;
  readonly #client: Etcd3;
  #lease = '';
  #waiting: Waiting[] = [];
  #stream: BareWatch | undefined;
  #led = new FleetTally(0);

  constructor(client: Etcd3) {
    this.#client = client;
  }

  async ready(): Promise<void> {
    this.#lease = await grant(this.#client);
  }

  async launch(names: readonly string[], until: FleetState): Promise<void> {
    const keys = names.map((name) => bareKey(`${name}/`, this.#lease));
    const batches = keys.flatMap((_, i) => (i % JOINS === 0 ? [keys.slice(i, i + JOINS)] : []));
    const join = async (): Promise<void> => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) await this.#join(batch);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, join));
    if (until === 'waiting') await this.#watch();
  }

  async takeOver(): Promise<void> {
    await this.#led.reached;
  }

  async close(): Promise<void> {
    if (this.#stream !== undefined) closeWatch(this.#stream);
    await this.#client.leaseClient.leaseRevoke({ ID: this.#lease });
    this.#client.close();
  }

  async #join(batch: readonly BareKey[]): Promise<void> {
    const { header, responses, succeeded } = await this.#client.kv.txn(joinTxn(batch, false));
    if (!succeeded) throw new Error('a key was there');
    const ranges = responses.flatMap(({ response_range: range }) => (range ? [range] : []));
    for (const [i, key] of batch.entries()) {
      const before = ranges[i]?.kvs[1]?.key.toString();
      if (before !== undefined) this.#waiting.push({ key, before, revision: header.revision });
    }
  }

  async #watch(): Promise<void> {
    const stream = await this.#client.watchClient.watch();
    this.#stream = stream;
    this.#led = new FleetTally(this.#waiting.length);
    const created = new FleetTally(this.#waiting.length);
    stream.on('data', ({ created: isNew, events }) => {
      if (isNew) created.add();
      if (events.length > 0) this.#led.add();
    });
    for (const [i, { before, revision }] of this.#waiting.entries()) {
      const request = { key: Buffer.from(before), start_revision: next(revision), watch_id: String(i + 1) };
      stream.write({ create_request: request });
    }
    await created.reached;
  }
}
