import { SystemClock } from '../../common/time.js';
import type { Election } from '../../election.js';
import type { Leadership } from '../../leadership.js';

/** Share of the TTL, and at the least so many ms, that are kept back for a SIGKILL to take effect. */
const MARGIN = 0.01;
const LEAST_MARGIN = 100;

/**
 * When etcd can end our lease at the earliest. `leadership.expiresIn()` ends before that, at the renew deadline: what lies
 * between is the time that a command has to stop.
 */
export class LeaseEnd {
  readonly #clock = new SystemClock();
  readonly #slack: number;
  #deadline = 0;

  /** `ttl` and `renewDeadline` in seconds, as asked of etcd: what it grants is never less. */
  constructor(election: Election, how: { readonly ttl: number; readonly renewDeadline: number }) {
    const { ttl, renewDeadline } = how;
    this.#slack = 1000 * (ttl - renewDeadline) - Math.max(LEAST_MARGIN, 1000 * ttl * MARGIN);
    election.on('refresh', ({ expiresIn }) => {
      this.#deadline = this.#clock.now() + expiresIn;
    });
  }

  begin(leadership: Leadership): void {
    this.#deadline = this.#clock.now() + leadership.expiresIn();
  }

  /** Milliseconds; none when it is not positive. */
  get left(): number {
    return this.#deadline + this.#slack - this.#clock.now();
  }
}
