/** The promises, each with the letter it has in docs/testing.md. */
export type Check =
  | 'a: one leader'
  | 'a: fencing'
  | 'b: tokens grow'
  | 'c: pairs'
  | 'd: no phantom'
  | 'e: order'
  | 'f: somebody leads'
  | 'f: observers'
  | 'f: calm'
  | 'g: nothing left'
  | 'g: bounded'
  | 'h: work first'
  | 'i: no surprises';

/** A promise was broken, at an instant of a schedule. */
export class Violation extends Error {
  readonly check: Check;

  constructor(check: Check, message: string) {
    super(`(${check}) ${message}`);
    this.name = 'Violation';
    this.check = check;
  }
}
