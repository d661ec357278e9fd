import type { Election, Leadership } from '../../../lib/index.js';
import { microseconds } from '../log/clock.js';
import type { Log } from '../log/log.js';
import type { TermId } from '../log/records.js';

/** The part of an election that a sample looks at. */
export type Sampled = Pick<Election, 'name' | 'isLeader'> & {
  readonly leadership: Pick<Leadership, 'fencingToken'> | undefined;
};

interface Run {
  readonly firstBefore: number;
  readonly firstAfter: number;
  lastBefore: number;
  lastAfter: number;
  samples: number;
  longestGap: number;
}

/**
 * Asks every election of this process `isLeader()`, again and again, and writes down which terms were current, and
 * when.
 *
 * Samples that find the same terms are one record, so that a log grows by 50 lines a second and not by 50,000. An
 * election that does not lead is not written down.
 */
export class Sampler {
  readonly #log: Log;
  readonly #elections: readonly Sampled[];
  readonly #tokens: (bigint | undefined)[];
  /** For each election, the last term that was found over. */
  readonly #over: (bigint | undefined)[];
  #leads = 0;
  #set = 0;
  #run: Run | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Log, elections: readonly Sampled[]) {
    this.#log = log;
    this.#elections = elections;
    this.#tokens = elections.map(() => undefined);
    this.#over = elections.map(() => undefined);
  }

  /** Samples every millisecond, or as often as the event loop allows. */
  start(): void {
    this.#timer = setInterval(() => this.sample(), 1);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#endRun();
    this.#log.flush();
  }

  sample(): void {
    let changed = false;
    const before = microseconds();
    for (const [i, election] of this.#elections.entries()) {
      const token = election.isLeader() ? election.leadership?.fencingToken : undefined;
      if (token === this.#tokens[i]) continue;
      changed = true;
      this.#turn(i, election.name, token);
    }
    const after = microseconds() + 1; // whole microseconds, rounded up
    if (changed) {
      this.#endRun();
      this.#declare();
    }
    if (this.#leads > 0) this.#extend(before, after);
    if (this.#log.flushWhenDue()) this.#endRun();
  }

  #turn(i: number, election: string, token: bigint | undefined): void {
    const previous = this.#tokens[i];
    this.#tokens[i] = token;
    this.#leads += Number(token !== undefined) - Number(previous !== undefined);
    if (previous !== undefined) this.#over[i] = previous;
    if (token !== undefined && token === this.#over[i]) {
      this.#log.add(['V', microseconds(), [election, token.toString()]]);
    }
  }

  #declare(): void {
    if (this.#leads === 0) return;
    const terms: TermId[] = this.#elections.flatMap(({ name }, i) => {
      const token = this.#tokens[i];
      return token === undefined ? [] : [[name, token.toString()] as const];
    });
    this.#log.add(['S', ++this.#set, terms]);
  }

  #extend(before: number, after: number): void {
    const run = this.#run;
    if (run === undefined) {
      const first = { firstBefore: before, firstAfter: after };
      this.#run = { ...first, lastBefore: before, lastAfter: after, samples: 1, longestGap: 0 };
      return;
    }
    run.longestGap = Math.max(run.longestGap, after - run.lastBefore);
    run.lastBefore = before;
    run.lastAfter = after;
    run.samples++;
  }

  #endRun(): void {
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined) return;
    const { firstBefore, firstAfter, lastBefore, lastAfter, samples, longestGap } = run;
    this.#log.add(['R', this.#set, firstBefore, firstAfter, lastBefore, lastAfter, samples, longestGap]);
  }
}
