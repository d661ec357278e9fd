import { AsyncResource } from 'node:async_hooks';
import { ElectionError } from '../errors.js';
import type { Logger } from '../log.js';

/**
 * Asks the user's health check, and nobody waits for it: a check that hangs must not delay the refresh that is due, nor
 * keep a candidate out of the queue for ever. The latest question counts.
 */
export class HealthCheck {
  readonly #check: () => boolean | Promise<boolean>;
  readonly #log: () => Logger;
  /** The async context in which the election was made: the check runs in it. */
  readonly #context = new AsyncResource('EtcdLeaderHealthCheck');
  #isGood = true;
  /** The question whose answer counts. */
  #asked: { isOverdue: boolean } | undefined;

  constructor(check: () => boolean | Promise<boolean>, log: () => Logger) {
    this.#check = check;
    this.#log = log;
  }

  /** Whether the last answer was good; true before the first answer. */
  get isGood(): boolean {
    return this.#isGood;
  }

  /**
   * Asks, and calls `changed` when the answer differs from the one before. If the question before has no answer yet,
   * that counts as a bad answer. That question gets one more turn, and then another question is asked.
   */
  ask(changed: (isGood: boolean) => void): void {
    if (this.#asked !== undefined && !this.#asked.isOverdue) {
      this.#asked.isOverdue = true;
      this.#decide(false, changed);
      return;
    }
    const question = { isOverdue: false };
    this.#asked = question;
    void this.#answer().then((isGood) => {
      if (this.#asked !== question) return; // another question was asked meanwhile
      this.#asked = undefined;
      this.#decide(isGood, changed);
    });
  }

  async #answer(): Promise<boolean> {
    try {
      return (await this.#context.runInAsyncScope(this.#check)) === true;
    } catch (err) {
      this.#log().warn({ err }, 'the health check failed');
      return false;
    }
  }

  #decide(isGood: boolean, changed: (isGood: boolean) => void): void {
    if (isGood === this.#isGood) return;
    this.#isGood = isGood;
    changed(isGood);
  }
}

/** Why a leader steps down when its check gives a bad answer. */
export function unhealthy(): ElectionError {
  return new ElectionError('UNHEALTHY', 'the health check failed: out of the queue until it succeeds');
}
