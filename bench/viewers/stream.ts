import { type ClientRequest, get } from 'node:http';
import { until } from '../../spec/support/wait.js';
import { VIEWER_PATIENCE } from './program.js';

/** Milliseconds of silence after which everything has been told: a sign of life comes every 5 s. */
const QUIET = 1_500;

/** A client of `/api/events` that only counts. */
export class CountingStream {
  bytes = 0;
  #lastAt = 0;
  readonly #request: ClientRequest;

  constructor(url: string) {
    this.#request = get(url, { agent: false }, (response) => {
      response.on('data', (chunk: Buffer) => {
        this.bytes += chunk.length;
        if (chunk.length > 100) this.#lastAt = performance.now();
      });
      response.on('error', () => {});
    });
    this.#request.on('error', () => {});
  }

  /** When the last event came, once nothing has come for a while. */
  async quiet(since: number): Promise<number> {
    const isQuiet = (): boolean => this.#lastAt >= since && performance.now() - this.#lastAt >= QUIET;
    await until(isQuiet, { within: VIEWER_PATIENCE, what: 'an event to be told, and then none' });
    return this.#lastAt;
  }

  close(): void {
    this.#request.destroy();
  }
}

/** Asks one address again and again; gives the longest time that an answer has taken, in milliseconds. */
export class Prober {
  longest = 0;
  #isOver = false;
  readonly #done: Promise<void>;

  constructor(url: string) {
    this.#done = this.#run(url);
  }

  async end(): Promise<number> {
    this.#isOver = true;
    await this.#done;
    return this.longest;
  }

  async #run(url: string): Promise<void> {
    while (!this.#isOver) {
      const asked = performance.now();
      await new Promise<void>((resolve, reject) => {
        const options = { agent: false, signal: AbortSignal.timeout(VIEWER_PATIENCE) };
        get(url, options, (response) => response.resume().on('end', resolve).on('error', reject)).on('error', reject);
      });
      this.longest = Math.max(this.longest, performance.now() - asked);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
