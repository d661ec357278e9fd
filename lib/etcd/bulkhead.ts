import type { Clock } from '../common/time.js';
import { ElectionError } from '../errors.js';

/**
 * Requests of one client that may be under way at a time. More would wait inside etcd for longer than their senders do,
 * and would be sent again while etcd still carries out the first. A thousand candidates that joined at once, each with
 * a read of the queue, have kept a cluster busy with answers that nobody waited for any more.
 */
const MOST_INSIDE = 64;
/** Milliseconds that a request waits for its turn. If so many others get no answer, this one would get none either. */
const LONGEST_WAIT = 4_000;

/** Lets a bounded number of requests through at a time, in the order in which they came. */
export class Bulkhead {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param send is told how many ms the request has waited
   * @throws ElectionError `UNAVAILABLE` when the request could not even be sent; and what `send` throws
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
        const others = `${MOST_INSIDE} requests of this client wait for its answer`;
        const message = `etcd did not ${what}: ${others}: trying again`;
        reject(new ElectionError('UNAVAILABLE', message));
      });
      this.#waiting.add(enter);
    });
  }

  /** The place goes to the next request. */
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
