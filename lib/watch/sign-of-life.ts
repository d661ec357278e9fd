import type { Clock } from '../common/time.js';

export interface SignOfLifeOptions {
  /** Milliseconds of quiet after which the stream is asked. */
  readonly quiet: number;
  /** Milliseconds that the answer may take. */
  readonly patience: number;
  /** Asks the stream for a sign of life. */
  readonly ask: () => void;
  /** The stream gave no sign of life in time. */
  readonly silent: () => void;
}

/** Finds out whether a stream that tells nothing is quiet or dead. */
export class SignOfLife {
  readonly #clock: Clock;
  readonly #options: SignOfLifeOptions;
  #lastAlive = 0;
  #cancelTimer: () => void = () => {};

  constructor(clock: Clock, options: SignOfLifeOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** The stream was opened, or is needed again: it is asked soon. */
  begin(): void {
    this.#listen(this.#options.patience);
  }

  /** The stream has told something. */
  seen(): void {
    this.#lastAlive = this.#clock.now();
  }

  end(): void {
    this.#cancelTimer();
  }

  /** Waits `ms` for quiet to become suspicious. */
  #listen(ms: number): void {
    this.#cancelTimer();
    const since = this.#clock.now();
    this.#cancelTimer = this.#clock.after(ms, () => {
      if (this.#lastAlive > since) return this.#listen(this.#options.quiet);
      this.#options.ask();
      this.#expect(this.#clock.now());
    });
  }

  #expect(askedAt: number): void {
    const { quiet, patience, silent } = this.#options;
    this.#cancelTimer = this.#clock.after(patience, () => {
      if (this.#lastAlive >= askedAt) return this.#listen(quiet);
      // When we were late ourselves (a blocked event loop, a stopped process), the answer may lie in the socket.
      if (this.#clock.now() - askedAt > 2 * patience) return this.#expect(this.#clock.now());
      silent();
    });
  }
}
