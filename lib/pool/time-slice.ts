import { type Clock, sleep } from '../common/time.js';

/** Milliseconds of work after which others run. */
const SLICE = 8;

/** A slice of time for work that takes long. When it is over, others run, and then the next slice begins. */
export class TimeSlice {
  readonly #clock: Clock;
  #from: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#from = clock.now();
  }

  /** Whether it is time to `pause()`. */
  get isDue(): boolean {
    return this.#clock.now() - this.#from >= SLICE;
  }

  /** Lets others run. */
  async pause(): Promise<void> {
    await sleep(this.#clock, 0);
    this.#from = this.#clock.now();
  }

  /** Calls `fn` for every index below `count`, and pauses when it is time. */
  async each(count: number, fn: (index: number) => void): Promise<void> {
    for (let index = 0; index < count; index++) {
      if (index % EVERY === 0 && this.isDue) await this.pause();
      fn(index);
    }
  }
}

/** Indexes between two looks at the clock. */
const EVERY = 500;
