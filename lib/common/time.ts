import { onAbort } from './abort.js';

/**
 * Time as the library sees it. Everything that measures or waits is given a clock, so that a simulation can give every
 * candidate a clock of its own, with its own rate and pauses.
 */
export interface Clock {
  /** Milliseconds; only differences mean anything. Never goes back, and goes on while the machine sleeps. */
  now(): number;

  /** Calls `fn` once, `ms` from now or later (24.8 days at the most); the function returned cancels that. */
  after(ms: number, fn: () => void): () => void;
}

/** Milliseconds: the margin of the lease covers a smaller wall-clock step. `Date.now()` counts whole milliseconds. */
const WALL_CLOCK_STEP = 20;

/** Milliseconds: Node takes a longer time-out for 1 ms. A caller that waits longer is called early, and waits again. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * The system's clock: `performance.now()`, moved on by every forward step of the wall clock against it.
 *
 * Linux stops the monotonic clock while the machine is suspended, but etcd goes on: a laptop or a virtual machine that
 * sleeps for a minute must find its lease a minute older. A forward step of the wall clock without a sleep ends a
 * leadership too early, which is safe. A step back changes nothing.
 */
export class SystemClock implements Clock {
  #skew = Date.now() - performance.now();
  #slept = 0;

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

  after(ms: number, fn: () => void): () => void {
    const timer = setTimeout(fn, Math.min(Math.max(0, Math.ceil(ms)), LONGEST_TIMER));
    return () => clearTimeout(timer);
  }
}

/** Resolves to true after `ms`, or to false as soon as `signal` aborts. Leaves no timer and no listener behind. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve(false);
      return;
    }
    const cancel = clock.after(ms, () => {
      stopListening();
      resolve(true);
    });
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
