import { isCrash } from '../support/crash.js';

/** The promises, each with the letter it has in docs/testing.md. */
export const CHECKS = [
  'a: one leader',
  'a: fencing',
  'b: tokens grow',
  'c: pairs',
  'd: no phantom',
  'e: order',
  'f: somebody leads',
  'f: observers',
  'f: calm',
  'g: nothing left',
  'g: bounded',
  'h: work first',
  'i: no surprises',
  'j: history',
] as const;

export type Check = (typeof CHECKS)[number];

/** A promise was broken, at an instant of a schedule. */
export class Violation extends Error {
  readonly check: Check;

  /** `cause`: what was thrown, if something was. */
  constructor(check: Check, message: string, cause?: unknown) {
    super(`(${check}) ${message}`, { cause });
    this.name = 'Violation';
    this.check = check;
  }

  /** Code could not run. This is a surprise, but it does not show what a mistake in that code would have done. */
  get isCrash(): boolean {
    return isCrash(this.cause);
  }
}
