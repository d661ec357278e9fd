/** Membership that never rests is waited for so many times `settle`. */
const PATIENCE = 5;
/** Milliseconds between two moves for balance at the least, however small `settle` is. */
const SHORTEST = 20;

/**
 * When partitions may be moved for balance: when membership has not changed for `settle`, and `settle` after the last
 * moves. Times are of the clock.
 */
export class Settling {
  readonly #settle: number;
  /** When the present unrest began. */
  #since: number | undefined;
  #dueAt: number | undefined;

  constructor(settle: number) {
    this.#settle = settle;
  }

  /** Undefined: there is nothing to balance. */
  get dueAt(): number | undefined {
    return this.#dueAt;
  }

  isDue(now: number): boolean {
    return this.#dueAt !== undefined && now >= this.#dueAt;
  }

  /** Membership has changed. */
  disturbed(now: number): void {
    this.#since ??= now;
    this.#dueAt = Math.min(now + this.#settle, this.#since + PATIENCE * this.#settle);
  }

  /** Partitions were moved for balance, and more must be. */
  goesOn(now: number): void {
    this.#since = undefined;
    this.#dueAt = now + Math.max(SHORTEST, this.#settle);
  }

  /** All is balanced. */
  settled(): void {
    this.#since = undefined;
    this.#dueAt = undefined;
  }
}
