import { onAbort } from '../common/abort.js';
import type { Clock } from '../common/time.js';
import type { AcquireOptions } from './options.js';

/** How the wait for a turn has ended: with the function that passes the turn on, or without a turn. */
export type Turn = (() => void) | 'aborted' | 'closed' | 'too late';

/** Tells that nobody gets a turn any more. Returns what takes that back. */
type WhenClosing = (listener: () => void) => () => void;

/**
 * Callers that ask for the same name take turns, first come, first served. A name costs nothing while nobody uses it.
 */
export class Turns {
  readonly #clock: Clock;
  /** By name, while somebody has the turn: the callers that wait for it, in order. */
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isTaken(name: string): boolean {
    return this.#waiting.has(name);
  }

  /** The turn is the caller's at once when nobody has it. */
  take(name: string, { signal, wait }: AcquireOptions, whenClosing: WhenClosing): Promise<Turn> {
    const pass = (): void => this.#pass(name);
    if (signal?.aborted) return Promise.resolve('aborted');
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) {
      this.#waiting.set(name, new Set());
      return Promise.resolve(pass);
    }
    return new Promise((resolve) => {
      const end = (turn: Turn): void => {
        waiting.delete(begin);
        stopListening();
        forget();
        cancelTimer?.();
        resolve(turn);
      };
      const begin = (): void => end(pass);
      waiting.add(begin);
      const stopListening = onAbort(signal, () => end('aborted'));
      const forget = whenClosing(() => end('closed'));
      const cancelTimer = wait === undefined ? undefined : this.#clock.after(wait, () => end('too late'));
    });
  }

  #pass(name: string): void {
    const [next] = this.#waiting.get(name) ?? [];
    if (next === undefined) this.#waiting.delete(name);
    else next();
  }
}
