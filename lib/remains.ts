import { Backoff } from './backoff.js';
import { type Clock, sleep } from './time.js';

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;

/**
 * Keys that their candidates have left, or may have left, on a lease that lives on: of a session with other elections, or of a
 * candidate that returns. As long as the lease is refreshed such a key would stand in the queue with nobody behind it; so
 * it is given back until etcd has confirmed that.
 */
export class Remains {
  readonly #clock: Clock;
  /** By election: who joins meanwhile would be taken for what is left. */
  readonly #blocking = new Map<string, Promise<void>>();
  #scope = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when nobody can be taken for what is left of this election any more; undefined: nobody can now. */
  blocking(election: string): Promise<void> | undefined {
    return this.#blocking.get(election);
  }

  /** A key that we know, and that cannot be taken for another. Settles as the first attempt does. */
  giveBack(leave: () => Promise<void>): Promise<void> {
    const first = leave();
    void this.#insist(first, leave, this.#scope.signal);
    return first;
  }

  /** Whatever key there is on the lease in this election. Settles as the first attempt does. */
  withdraw(election: string, withdraw: () => Promise<void>): Promise<void> {
    const first = withdraw();
    const done = this.#insist(first, withdraw, this.#scope.signal).then(() => {
      if (this.#blocking.get(election) === done) this.#blocking.delete(election);
    });
    this.#blocking.set(election, done);
    return first;
  }

  /** The lease is given up: its keys end with it. */
  forget(): void {
    this.#scope.abort();
    this.#scope = new AbortController();
    this.#blocking.clear();
  }

  /** Never rejects. */
  async #insist(first: Promise<void>, leave: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
    for (let attempt = first; ; attempt = leave()) {
      try {
        await attempt;
        return;
      } catch {
        if (!(await sleep(this.#clock, backoff.next(), signal))) return;
      }
    }
  }
}
