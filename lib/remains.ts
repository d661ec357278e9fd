import { Backoff } from './backoff.js';
import { type Clock, sleep } from './time.js';

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;

/**
 * Keys that their candidates have left, or may have left, on a lease that lives on: of a session with other elections, or of a
 * candidate that returns. As long as the lease is refreshed such a key would stand in the queue with nobody behind it,
 * and a candidate that came back would lead a second term with the token of the first; so it is given back until
 * etcd has confirmed that, and until then nobody joins that queue on this lease.
 */
export class Remains {
  readonly #clock: Clock;
  /** By election. */
  readonly #pending = new Map<string, Promise<void>>();
  #scope = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when nothing is left in this election, or the lease is no longer ours; undefined: there is nothing. */
  of(election: string): Promise<void> | undefined {
    return this.#pending.get(election);
  }

  /** Settles as the first attempt does; those that follow are nobody's to wait for but `of()`. */
  giveBack(election: string, leave: () => Promise<void>): Promise<void> {
    const first = leave();
    const before = this.#pending.get(election);
    const done = Promise.all([before, this.#insist(first, leave, this.#scope.signal)]).then(() => {
      if (this.#pending.get(election) === done) this.#pending.delete(election);
    });
    this.#pending.set(election, done);
    return first;
  }

  /** The lease is given up: its keys end with it. */
  forget(): void {
    this.#scope.abort();
    this.#scope = new AbortController();
    this.#pending.clear();
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
