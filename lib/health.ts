import type { Logger } from './log.js';

/**
 * Asks the user's health check, one question at a time and without anybody waiting for it: a check that hangs must not
 * delay the refresh that is due.
 */
export class Health {
  readonly #check: () => boolean | Promise<boolean>;
  readonly #log: () => Logger;
  #isGood = true;
  #isAsking = false;

  constructor(check: () => boolean | Promise<boolean>, log: () => Logger) {
    this.#check = check;
    this.#log = log;
  }

  /** By the last answer. */
  get isGood(): boolean {
    return this.#isGood;
  }

  /** Asks, and tells when the answer differs from the one before. No answer to the question before is a bad one. */
  ask(changed: (isGood: boolean) => void): void {
    if (this.#isAsking) {
      this.#decide(false, changed);
      return;
    }
    this.#isAsking = true;
    void this.#answer().then((isGood) => {
      this.#isAsking = false;
      this.#decide(isGood, changed);
    });
  }

  async #answer(): Promise<boolean> {
    try {
      return (await this.#check()) === true;
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
