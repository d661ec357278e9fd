import type { VirtualTime } from '../support/virtual-time.js';

/** What happened in one schedule: virtual time, who, and what. Nothing is written unless somebody wants to read it. */
export class Story {
  readonly lines: string[] = [];
  readonly #time: VirtualTime;
  readonly #isWanted: boolean;

  constructor(time: VirtualTime, isWanted: boolean) {
    this.#time = time;
    this.#isWanted = isWanted;
  }

  tell(who: string, what: () => string): void {
    if (this.#isWanted) this.lines.push(`${this.#time.now.toFixed(3).padStart(11)}  ${who.padEnd(8)} ${what()}`);
  }
}
