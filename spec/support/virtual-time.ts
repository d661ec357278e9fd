import { EventQueue } from './event-queue.js';
import { type ClockOptions, VirtualClock } from './virtual-clock.js';

/** Events at one instant that show that the code under test waits for a time that never comes. */
const EVENTS_AT_ONE_INSTANT = 100_000;

// Taken before any spec fakes it.
const { setImmediate: nextTurn } = globalThis;

/** Lets every microtask, `nextTick` and chain of promises that is ready run to its end, however deep it is. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    nextTurn(resolve);
  });
}

/**
 * One timeline, in milliseconds from 0, that goes on only when it is told to. Each event runs alone: whatever it has
 * set in motion comes to rest before the next event. The same events in the same order give the same run.
 */
export class VirtualTime {
  /** Called after every event, when all has come to rest: the place for invariants. */
  onStep: (() => void) | undefined;
  readonly #queue = new EventQueue();
  #now = 0;
  #steps = 0;
  #atThisInstant = 0;

  get now(): number {
    return this.#now;
  }

  /** The number of events so far. */
  get steps(): number {
    return this.#steps;
  }

  /** A clock on this timeline for one process. */
  clock(options?: ClockOptions): VirtualClock {
    return new VirtualClock(this, options);
  }

  /** Runs `fn` once at the instant `at`, or now if that has passed; the function returned cancels it. */
  at(at: number, fn: () => void): () => void {
    const event = this.#queue.add(Math.max(at, this.#now), fn);
    return () => {
      event.run = undefined;
    };
  }

  /** When the next event is due; undefined when there is none. */
  get nextAt(): number | undefined {
    return this.#queue.peek()?.at;
  }

  /** Runs the next event and lets it come to rest. Returns false when there is no event. */
  async step(): Promise<boolean> {
    const event = this.#queue.take();
    if (event?.run === undefined) return false;
    this.#atThisInstant = event.at === this.#now ? this.#atThisInstant + 1 : 0;
    if (this.#atThisInstant > EVENTS_AT_ONE_INSTANT) throw new Error(`time stands still at ${this.#now} ms`);
    this.#now = event.at;
    this.#steps += 1;
    const { run } = event;
    event.run = undefined;
    run();
    await settle();
    this.onStep?.();
    return true;
  }

  /** Runs all that is due up to and including the instant `at`, and stops there. */
  async runUntil(at: number): Promise<void> {
    await settle();
    for (let next = this.nextAt; next !== undefined && next <= at; next = this.nextAt) await this.step();
    if (at > this.#now) {
      this.#now = at;
      this.onStep?.();
    }
  }

  advance(ms: number): Promise<void> {
    return this.runUntil(this.#now + ms);
  }

  /** Runs events until `condition` holds, for `ms` at the most. Resolves with whether the condition holds. */
  async until(condition: () => boolean, ms: number): Promise<boolean> {
    const end = this.#now + ms;
    await settle();
    while (!condition()) {
      const next = this.nextAt;
      if (next === undefined || next > end) {
        await this.runUntil(end);
        return condition();
      }
      await this.step();
    }
    return true;
  }
}
