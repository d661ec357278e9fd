import type { Etcd3 } from 'etcd3';
import { now } from '../clock.js';
import { type BareKey, type BareWatch, bareKey, closeWatch, grant, guardedDelete, joinTxn, next } from './bare.js';
import { FleetTally } from './fleet.js';

/** Requests in one transaction, and transactions under way, because lib/store/batching-store.ts batches so. */
const AT_ONCE = 40;
const IN_FLIGHT = 8;

interface Held {
  readonly key: BareKey;
  readonly revision: string;
  /** The key before ours in the queue, if there was one. */
  readonly before: string | undefined;
}

/** The bare requests of a worker: joins in batches, watches on one stream, guarded deletions in batches. */
export class BarePool {
  readonly #client: Etcd3;
  #lease = '';
  readonly #held = new Map<string, Held>();
  #stream: BareWatch | undefined;
  #watches = 0;
  #created = new FleetTally(0);
  #led = new FleetTally(0);

  constructor(client: Etcd3) {
    this.#client = client;
  }

  async ready(): Promise<void> {
    this.#lease = await grant(this.#client);
    this.#stream = await this.#client.watchClient.watch();
    this.#stream.on('data', ({ created, events }) => {
      if (created) this.#created.add();
      this.#led.add(events.length);
    });
  }

  /** Puts a key into each queue. Resolves to when the last answer has come. */
  async hold(names: readonly string[]): Promise<number> {
    await this.#inBatches(names, (batch) => this.#join(batch));
    return now();
  }

  /** Joins behind others, and follows their keys. Resolves when all watches are there. */
  async queue(names: readonly string[]): Promise<number> {
    await this.hold(names);
    const waiting = names.flatMap((name) => this.#held.get(name) ?? []);
    this.#created = new FleetTally(waiting.length);
    this.#led = new FleetTally(waiting.length);
    for (const { before, revision } of waiting) {
      const request = {
        key: Buffer.from(before ?? ''),
        start_revision: next(revision),
        watch_id: `${++this.#watches}`,
      };
      this.#stream?.write({ create_request: request });
    }
    await this.#created.reached;
    return now();
  }

  /** Resolves to when the last of the keys before ours was gone. */
  async led(): Promise<number> {
    await this.#led.reached;
    return now();
  }

  /** Deletes our keys. */
  async release(names: readonly string[]): Promise<number> {
    await this.#inBatches(names, async (batch) => {
      const held = batch.flatMap((name) => this.#held.get(name) ?? []);
      const parts = held.map(({ key, revision }) => guardedDelete(key, revision));
      const compare = parts.flatMap((part) => part.compare ?? []);
      const success = parts.flatMap((part) => part.success ?? []);
      await this.#client.kv.txn({ compare, success, failure: [] });
      for (const name of batch) this.#held.delete(name);
    });
    return now();
  }

  async close(): Promise<void> {
    if (this.#stream !== undefined) closeWatch(this.#stream);
    await this.#client.leaseClient.leaseRevoke({ ID: this.#lease });
    this.#client.close();
  }

  async #inBatches(names: readonly string[], send: (batch: readonly string[]) => Promise<void>): Promise<void> {
    const batches = names.flatMap((_, at) => (at % AT_ONCE === 0 ? [names.slice(at, at + AT_ONCE)] : []));
    const work = async (): Promise<void> => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) await send(batch);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  }

  async #join(batch: readonly string[]): Promise<void> {
    const keys = batch.map((name) => bareKey(`${name}/`, this.#lease));
    const { header, responses, succeeded } = await this.#client.kv.txn(joinTxn(keys, false));
    if (!succeeded) throw new Error('a key was there');
    const ranges = responses.flatMap(({ response_range: range }) => (range ? [range] : []));
    for (const [at, key] of keys.entries()) {
      const before = ranges[at]?.kvs[1]?.key.toString();
      this.#held.set(batch[at] ?? '', { key, before, revision: header.revision });
    }
  }
}
