import { Backoff } from '../../common/backoff.js';
import { codeOf, type Exit } from '../exit.js';

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;
/** ms: what fails after a longer time than this has worked before. */
const FAST = 10_000;
/** ms: a command that does its work in no time is not run more often than once in so long. */
const LEAST = 1_000;

/**
 * How long to stay out of the queue before the command is run again. A command that fails on this host may do well on
 * another, which leads meanwhile.
 */
export class Restart {
  readonly #backoff = new Backoff(2 * FIRST_PAUSE, LONGEST_PAUSE);

  /** ms; `ran`: how long it ran, in ms. */
  pauseAfter(exit: Exit, ran: number): number {
    if (codeOf(exit) !== 0 && ran < FAST) return this.#backoff.next();
    this.#backoff.reset();
    return Math.max(0, LEAST - ran);
  }
}
