import { now } from '../clock.js';
import { clientOf } from '../world.js';
import { closeWatch, watchKey } from './bare.js';

/**
 * Sees when a key is deleted: follows it on every member, since they do not hear of it at the same moment. The first to
 * know is as near as one comes, from outside, to when it happened.
 */
export class Witness {
  readonly #closers: (() => void)[] = [];
  /** On the clock of {@link now}. */
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
    const client = clientOf([host]);
    const stream = await watchKey(client, key, '0', () => this.#seen(now()));
    this.#closers.push(() => {
      closeWatch(stream);
      client.close();
    });
  }
}
