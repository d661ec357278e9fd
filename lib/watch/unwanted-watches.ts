import type { Clock } from '../common/time.js';

/**
 * Milliseconds between two rounds in which etcd is told which watches nobody wants any more, and how many it is told in
 * a round. Nobody waits for that, and when ten thousand candidates are elected at once it would delay the last of them.
 */
const EVERY = 5;
const MOST_AT_ONCE = 8;

/** The watches of a stream that etcd has, and nobody wants any more: they are cancelled in small groups. */
export class UnwantedWatches {
  readonly #clock: Clock;
  readonly #cancel: (id: number) => void;
  #ids: number[] = [];
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, cancel: (id: number) => void) {
    this.#clock = clock;
    this.#cancel = cancel;
  }

  /** The watch is cancelled in a later round. `begin()` makes the rounds begin. */
  add(id: number): void {
    this.#ids.push(id);
  }

  /** Goes on until all are cancelled. */
  begin(): void {
    if (this.#ids.length > 0) this.#cancelTimer ??= this.#clock.after(EVERY, () => this.#cancelSome());
  }

  /** The stream is about to be closed: most likely the watches end with it. */
  pause(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** The stream has ended, and its watches with it. */
  clear(): void {
    this.pause();
    this.#ids = [];
  }

  #cancelSome(): void {
    this.#cancelTimer = undefined;
    for (const id of this.#ids.splice(0, MOST_AT_ONCE)) this.#cancel(id);
    this.begin();
  }
}
