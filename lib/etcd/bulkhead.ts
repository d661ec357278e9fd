import type { Clock } from '../common/time.js';
import { ElectionError } from '../errors.js';

/**
 * Requests of one client that are on their way at a time. More would wait inside etcd, beyond the patience of their senders, and be
 * sent again while the first are still carried out: a thousand candidates that join at once, each with a read of the queue, have
 * kept a cluster busy with answers that nobody waited for any more.
 */
const MOST_INSIDE = 64;
/** ms that a request waits for its turn. When so many others get no answer, it would get none. */
const LONGEST_WAIT = 4_000;

/** Lets so many requests through, in the order in which they came. */
export class Bulkhead {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param send is told how many ms the request has waited
   * @throws ElectionError `UNAVAILABLE` when it could not even be sent; and what `send` throws
   */
  async pass<T>(what: string, send: (waited: number) => Promise<T>): Promise<T> {
    const startedAt = this.#clock.now();
    if (this.#inside < MOST_INSIDE) this.#inside++;
    else await this.#turn(what);
    try {
      return await send(this.#clock.now() - startedAt);
    } finally {
      this.#leave();
    }
  }

  #turn(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        cancel();
        resolve();
      };
      const cancel = this.#clock.after(LONGEST_WAIT, () => {
        this.#waiting.delete(enter);
        const message = `etcd did not ${what}: ${MOST_INSIDE} requests of this client wait for its answer: trying again`;
        reject(new ElectionError('UNAVAILABLE', message));
      });
      this.#waiting.add(enter);
    });
  }

  /** The place goes to the next. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#inside--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
