import { now } from '../clock.js';
import { clientOfCluster } from '../world.js';
import { closeWatch, watchKey } from './bare.js';

/**
 * Sees when a key is deleted. It follows the key on every member, because members do not hear of a deletion at the same
 * moment. The first member to tell is as near to the deletion as one comes from outside.
 */
export class Witness {
  readonly #closers: (() => void)[] = [];
  /** The moment of the deletion, on the clock of {@link now}. */
  readonly deletedAt: Promise<number>;
  #seen: (at: number) => void = () => {};

  private constructor() {
    this.deletedAt = new Promise((resolve) => {
      this.#seen = resolve;
    });
  }

  static async of(hosts: readonly string[], key: string): Promise<Witness> {
    const witness = new Witness();
    await Promise.all(hosts.map((host) => witness.#follow(host, key)));
    return witness;
  }

  close(): void {
    for (const close of this.#closers) close();
  }

  async #follow(host: string, key: string): Promise<void> {
    const client = clientOfCluster([host]);
    const stream = await watchKey(client, key, '0', () => this.#seen(now()));
    this.#closers.push(() => {
      closeWatch(stream);
      client.close();
    });
  }
}
