import type { Etcd3, Lease } from 'etcd3';
import { historyKeyOf } from '../../lib/queue/control-keys.js';
import { bytesOfTerms, type RecordedTerm } from '../../lib/queue/recorded-terms.js';
import { bytesOf } from '../../lib/store/bytes.js';

/** Elections that are written to etcd as two processes with the option `history` would have written them. */
export interface SeededElections {
  readonly elections: number;
  /** Terms that the history of each election holds; 0: none is recorded. */
  readonly terms: number;
}

/** Puts in one transaction: etcd allows 128 operations, and 1.5 MiB. */
const BATCH = 50;
/** Milliseconds between two leaders in the histories: three or four terms are of the last day. */
const TERM = 7 * 3_600_000;
/** Seconds. Nobody refreshes the leases. */
const TTL = 3_600;

/** The keys of many elections, without the processes. */
export class WrittenElections {
  readonly #client: Etcd3;
  readonly #prefix: string;
  readonly #viewed: SeededElections;
  readonly #leases: Lease[] = [];

  constructor(client: Etcd3, prefix: string, viewed: SeededElections) {
    this.#client = client;
    this.#prefix = prefix;
    this.#viewed = viewed;
  }

  /** Two candidates for each, and the history. */
  async write(): Promise<void> {
    if (this.#viewed.terms > 0) await this.writeHistories();
    for (const value of ['web-1:4711', 'web-2:4712']) {
      const lease = this.#client.lease(TTL, { autoKeepAlive: false });
      const id = BigInt(await lease.grant()).toString(16);
      this.#leases.push(lease);
      await this.#each((name) => lease.put(`${name}/${id}`).value(value));
    }
  }

  /** The first candidates leave together, and the next leaders record that. */
  async change(): Promise<void> {
    await this.#leases.shift()?.revoke();
    if (this.#viewed.terms > 0) await this.writeHistories();
  }

  async writeHistories(): Promise<void> {
    const value = bytesOfTerms(this.#history(), this.#viewed.terms);
    await this.#each((name) => this.#client.put(bytesOf(historyKeyOf(name))).value(value));
  }

  async close(): Promise<void> {
    await Promise.all(this.#leases.map((lease) => lease.revoke().catch(() => {})));
    await this.#client.delete().prefix(this.#prefix);
  }

  #history(): RecordedTerm[] {
    const { terms } = this.#viewed;
    const begun = Date.now() - terms * TERM;
    return Array.from({ length: terms }, (_, at) => ({
      fencingToken: BigInt(at + 2),
      value: `web-${1 + (at % 2)}:4711`,
      leaseId: '694d9a1b2c3d4e5f',
      from: begun + at * TERM,
      until: begun + (at + 1) * TERM - 12,
      why: 'STOPPED',
    }));
  }

  async #each(put: (name: string) => ReturnType<Etcd3['put']>): Promise<void> {
    for (let at = 0; at < this.#viewed.elections; at += BATCH) {
      const length = Math.min(BATCH, this.#viewed.elections - at);
      const puts = Array.from({ length }, (_, n) => put(`${this.#prefix}job-${at + n}`));
      const { succeeded } = await this.#client
        .if('none', 'Version', '==', 0)
        .then(...puts)
        .commit();
      if (!succeeded) throw new Error('a batch of elections was not written');
    }
  }
}
