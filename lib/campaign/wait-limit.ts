import { type Clock, soon } from '../common/time.js';
import { ElectionError } from '../errors.js';

/**
 * How long a `run()` waits for its first term. When the time is over, it gives up as soon as there is an answer: the
 * candidate stands behind another one, or its attempt to join has failed. So a wait of 0 ms leaves the first attempt
 * its time, and a candidate that is alone is elected.
 */
export class WaitLimit {
  readonly #ms: number;
  readonly #giveUp: (reason: ElectionError) => void;
  readonly #cancel: () => void;
  #isOver = false;
  #hasAnswer = false;
  /** The failure that is the latest answer; undefined: the candidate stands in the queue, and can lead in its turn. */
  #failure: ElectionError | undefined;
  #isClosed = false;

  constructor(clock: Clock, ms: number, giveUp: (reason: ElectionError) => void) {
    this.#ms = ms;
    this.#giveUp = giveUp;
    this.#isOver = ms === 0;
    this.#cancel = ms === 0 ? () => {} : clock.after(ms, () => this.#timeIsOver());
  }

  /**
   * The candidate stands in the queue and does not lead; or, with `failure`, an attempt to join has failed, or a key
   * that is no candidate's keeps it from leading.
   */
  notElected(failure?: ElectionError): void {
    this.#hasAnswer = true;
    this.#failure = failure;
    if (this.#isOver) this.#end();
  }

  /** The task begins, or `run()` ends. */
  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #timeIsOver(): void {
    this.#isOver = true;
    if (this.#hasAnswer) this.#end();
  }

  /** Gives up in the next turn, because nobody calls the campaign while it tells something. */
  #end(): void {
    soon(() => {
      if (this.#isClosed) return;
      this.close();
      this.#giveUp(this.#reason());
    });
  }

  #reason(): ElectionError {
    const why = this.#failure === undefined ? 'another candidate is before this one' : this.#failure.message;
    const message = `not elected within ${this.#ms} ms: ${why}`;
    return new ElectionError('TIMEOUT', message, this.#failure && { cause: this.#failure });
  }
}
