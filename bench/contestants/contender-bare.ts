import type { Etcd3 } from 'etcd3';
import { now } from '../clock.js';
import { clientOfCluster } from '../world.js';
import { type BareKey, bareKey, closeWatch, guardedDelete, joinTxn, next, watchKey } from './bare.js';
import type { BenchCandidate } from './contender.js';

/** The floor of a handover: a guarded deletion, and the watch's event. */
export class BareContender implements BenchCandidate {
  readonly #client: Etcd3;
  readonly #prefix: string;
  #own: BareKey | undefined;
  #createRevision = '0';
  #electedAt: Promise<number> | undefined;

  constructor(hosts: readonly string[], name: string) {
    this.#client = clientOfCluster(hosts);
    this.#prefix = `${name}/`;
  }

  async queue(): Promise<void> {
    if (this.#own !== undefined) return;
    const own = bareKey(this.#prefix);
    this.#own = own;
    const { header, responses } = await this.#client.kv.txn(joinTxn([own], true));
    this.#createRevision = header.revision;
    const before = responses[1]?.response_range?.kvs[1]?.key.toString();
    if (before === undefined) this.#electedAt = Promise.resolve(now());
    else await this.#wait(before, header.revision);
  }

  async elected(): Promise<number> {
    return (await this.#electedAt) ?? Number.NaN;
  }

  async leave(): Promise<number> {
    const at = now();
    if (this.#own !== undefined) await this.#client.kv.txn(guardedDelete(this.#own, this.#createRevision));
    this.#own = undefined;
    return at;
  }

  async #wait(before: string, revision: string): Promise<void> {
    let heard = (): void => {};
    const event = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const stream = await watchKey(this.#client, before, next(revision), () => heard());
    this.#electedAt = event.then(() => {
      const at = now();
      closeWatch(stream);
      return at;
    });
  }
}
