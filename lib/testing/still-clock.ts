import { type Clock, soon } from '../common/time.js';

/** ms: so little is waited only to let others go first, or to spread requests, and there are no others. */
const AT_ONCE = 20;

interface Timer {
  readonly at: number;
  readonly fn: () => void;
}

/**
 * A clock that stands still until it is moved, and sets no timer: a unit test with fake timers sees none of ours, and
 * one without is not kept alive. What is due at once runs as soon as the caller awaits something.
 */
export class StillClock implements Clock {
  readonly isStill = true;
  #now = 0;
  #timers: Timer[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), fn };
    this.#timers.push(timer);
    if (ms <= AT_ONCE) soon(() => this.#run(timer));
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves it on by `ms`; what has become due runs, in order, before this returns. */
  move(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at);
    for (const timer of due) this.#run(timer);
  }

  #run(timer: Timer): void {
    if (!this.#timers.includes(timer)) return;
    this.#timers = this.#timers.filter((other) => other !== timer);
    timer.fn();
  }
}

/** What happens takes turns of the microtask queue and nothing else; the longest story takes a tenth of these. */
export async function allTold(): Promise<void> {
  for (let turn = 0; turn < 1_000; turn++) await undefined;
}
