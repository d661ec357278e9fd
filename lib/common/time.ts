import { onAbort } from './abort.js';

/**
 * Time as the library sees it. Everything that measures or waits is given a clock, so that a simulation can give every
 * candidate a clock of its own, with its own rate and pauses.
 */
export interface Clock {
  /** The clock moves only when a test moves it, so no deadline passes by itself. */
  readonly isStill?: boolean;

  /** Milliseconds; only differences mean anything. Never goes back, and goes on while the machine sleeps. */
  now(): number;

  /**
   * Calls `fn` once, `ms` from now or later (24.8 days at the most); the function returned cancels that. With `unref`
   * the process may exit before.
   */
  after(ms: number, fn: () => void, options?: { readonly unref?: boolean }): () => void;
}

/**
 * Milliseconds by which the two clocks may differ before the wall clock counts. The margin of the lease covers a
 * smaller step. `Date.now()` counts whole milliseconds.
 */
export const WALL_CLOCK_STEP = 20;

/** Milliseconds between two looks at the wall clock: a timer may be so late after the machine has slept. */
const LOOK_EVERY = 250;

/** Milliseconds: Node takes a longer time-out for 1 ms. A caller that waits longer is called early, and waits again. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** A timer that is longer than the time between two looks at the wall clock. */
interface LongTimer {
  /** When the timer is due, on the clock. */
  readonly dueAt: number;
  readonly fire: () => void;
  readonly unref: boolean;
  timeout: NodeJS.Timeout;
}

/**
 * The system's clock: `performance.now()`, moved on by every forward step of the wall clock against it.
 *
 * Linux stops the monotonic clock while the machine is suspended, but etcd goes on: a laptop or a virtual machine that
 * sleeps for a minute must find its lease a minute older. A forward step of the wall clock without a sleep ends a
 * leadership too early, which is safe. A step back changes nothing.
 *
 * Node's timers sleep with the monotonic clock. So while there are long timers, the clock looks every 250 ms whether
 * the machine has slept, and then sets the long timers anew. One look serves all timers of the process.
 */
export class SystemClock implements Clock {
  #skew = Date.now() - performance.now();
  #slept = 0;
  readonly #long = new Set<LongTimer>();
  #look: NodeJS.Timeout | undefined;
  /** `#slept`, as the long timers know it. */
  #known = 0;

  now(): number {
    const monotonic = performance.now();
    const skew = Date.now() - monotonic;
    const step = skew - this.#skew;
    if (Math.abs(step) >= WALL_CLOCK_STEP) {
      this.#skew = skew;
      if (step > 0) this.#slept += step;
    }
    return monotonic + this.#slept;
  }

  after(ms: number, fn: () => void, { unref = false } = {}): () => void {
    if (ms > LOOK_EVERY) return this.#afterLong(ms, fn, unref);
    const timeout = set(ms, fn, unref);
    return () => clearTimeout(timeout);
  }

  #afterLong(ms: number, fn: () => void, unref: boolean): () => void {
    const fire = (): void => {
      this.#forget(timer);
      fn();
    };
    const timer: LongTimer = { dueAt: this.now() + ms, fire, unref, timeout: set(ms, fire, unref) };
    if (this.#look === undefined) this.#lookLater();
    this.#long.add(timer);
    return () => {
      clearTimeout(timer.timeout);
      this.#forget(timer);
    };
  }

  #forget(timer: LongTimer): void {
    this.#long.delete(timer);
    if (this.#long.size > 0) return;
    clearTimeout(this.#look);
    this.#look = undefined;
  }

  #lookLater(): void {
    this.#known = this.#slept;
    this.#look = set(LOOK_EVERY, () => this.#lookNow(), true);
  }

  #lookNow(): void {
    const now = this.now();
    const hasSlept = this.#slept !== this.#known;
    this.#lookLater();
    if (!hasSlept) return;
    for (const timer of [...this.#long].sort((a, b) => a.dueAt - b.dueAt)) {
      clearTimeout(timer.timeout);
      timer.timeout = set(timer.dueAt - now, timer.fire, timer.unref);
    }
  }
}

function set(ms: number, fn: () => void, unref: boolean): NodeJS.Timeout {
  const timeout = setTimeout(fn, Math.min(Math.max(0, Math.ceil(ms)), LONGEST_TIMER));
  return unref ? timeout.unref() : timeout;
}

/**
 * Resolves to true after `ms`, or to false as soon as `signal` aborts. Leaves no timer and no listener behind. With
 * `unref` the process may exit before.
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal, { unref = false } = {}): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve(false);
      return;
    }
    const cancel = clock.after(
      ms,
      () => {
        stopListening();
        resolve(true);
      },
      { unref },
    );
    const stopListening = onAbort(signal, () => {
      cancel();
      resolve(false);
    });
  });
}

/** Resolves to whether `promise` is fulfilled within `ms`; rejects if it is rejected by then. Leaves no timer. */
export function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(false));
    promise.then(() => resolve(true), reject).finally(cancel);
  });
}

/** Runs `fn` as a microtask. Not by `queueMicrotask`, because under fake timers that does not run by itself. */
export function soon(fn: () => void): void {
  void Promise.resolve().then(fn);
}
