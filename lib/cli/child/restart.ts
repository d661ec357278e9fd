import { Backoff } from '../../common/backoff.js';
import { type Exit, exitCodeOf } from '../exit.js';

/** Milliseconds, at the least, before a command that failed is run again; the pause doubles up to the longest. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;
/** Milliseconds after which a failure counts as the first again, because the command has worked for long. */
const FAST = 10_000;
/** Milliseconds from one start of the command to the next at the least, because a command may end in no time. */
const LEAST = 1_000;

/**
 * How long to stay out of the queue before the command is run again. A command that fails on this host may succeed on
 * another, which leads meanwhile.
 */
export class Restart {
  readonly #backoff = new Backoff(2 * FIRST_PAUSE, LONGEST_PAUSE);

  /** Milliseconds to pause after the command ended with `exit`, `ran` ms after its start. */
  pauseAfter(exit: Exit, ran: number): number {
    if (exitCodeOf(exit) !== 0 && ran < FAST) return this.#backoff.next();
    this.#backoff.reset();
    return Math.max(0, LEAST - ran);
  }
}
