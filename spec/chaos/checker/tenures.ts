import type { LogRecord, TermId } from '../log/records.js';
import { groupBy } from './group.js';

/** What the samples of one process say about one term: the term was current at an instant of `first`, and of `last`. */
export interface Tenure {
  readonly process: string;
  readonly election: string;
  readonly token: bigint;
  first: Span;
  last: Span;
  /** The lease in hex, if `elected` was told. */
  lease: string | undefined;
}

/**
 * A call that began after `before` and ended by `after`, in microseconds. What it looked at was so at an instant in
 * between.
 */
export interface Span {
  readonly before: number;
  readonly after: number;
}

/**
 * A stretch of time, in microseconds, in which samples found a term current, without a pause longer than {@link HELD}.
 */
export interface Stretch {
  readonly process: string;
  from: number;
  to: number;
}

/**
 * Microseconds between two samples of a term for which it is still taken for led, because an event loop may be late.
 */
export const HELD = 250_000;

/**
 * Gathers the samples: for each term when it was first and last current, and for each election when it was led. What is
 * kept grows with the number of terms, not with the number of samples.
 */
export class Tenures {
  readonly #terms = new Map<string, Tenure>();
  readonly #stretches = new Map<string, Stretch[]>();
  #sets = new Map<number, readonly TermId[]>();
  #process = '';
  samples = 0;

  /** The records that follow were written by this process. */
  open(process: string): void {
    this.#process = process;
    this.#sets = new Map();
  }

  add(record: LogRecord): void {
    if (record[0] === 'S') {
      this.#sets = new Map([[record[1], record[2]]]); // samples refer only to the last set
    } else if (record[0] === 'R') {
      const [, set, firstBefore, firstAfter, lastBefore, lastAfter, samples, gap] = record;
      const terms = this.#sets.get(set);
      if (terms === undefined) throw new Error(`samples of a set that was not declared: ${record.join(' ')}`);
      this.samples += samples;
      const first = { before: firstBefore, after: firstAfter };
      const last = { before: lastBefore, after: lastAfter };
      for (const term of terms) {
        this.#extend(term, first, last);
        this.#lead(term[0], first, last, gap);
      }
    } else if (record[0] === 'E' && record[3] === 'elected') {
      const tenure = this.#terms.get(this.#key([record[2], record[4]]));
      if (tenure !== undefined) tenure.lease = record[5];
      else this.#leases.set(this.#key([record[2], record[4]]), record[5]);
    }
  }

  /** The tenures of each election. */
  tenures(): Map<string, Tenure[]> {
    return groupBy(this.#terms.values(), ({ election }) => election);
  }

  stretches(election: string): readonly Stretch[] {
    return this.#stretches.get(election) ?? [];
  }

  /** Leases by term. `elected` tells them before the first sample. */
  readonly #leases = new Map<string, string>();

  #key([election, token]: TermId): string {
    return `${this.#process} ${election} ${token}`;
  }

  #extend(term: TermId, first: Span, last: Span): void {
    const key = this.#key(term);
    const known = this.#terms.get(key);
    if (known !== undefined) {
      if (first.before < known.first.before) known.first = first;
      if (last.before > known.last.before) known.last = last;
      return;
    }
    const [election, token] = term;
    const lease = this.#leases.get(key);
    this.#leases.delete(key);
    this.#terms.set(key, { process: this.#process, election, token: BigInt(token), first, last, lease });
  }

  #lead(election: string, first: Span, last: Span, gap: number): void {
    const stretches = this.#stretches.get(election) ?? [];
    this.#stretches.set(election, stretches);
    const previous = stretches.at(-1);
    const goesOn = previous?.process === this.#process && first.before - previous.to <= HELD;
    if (gap > HELD) {
      // Where the pause lay in between is not known, so the two ends stand for what was seen.
      if (goesOn) previous.to = Math.max(previous.to, first.after);
      else stretches.push({ process: this.#process, from: first.before, to: first.after });
      stretches.push({ process: this.#process, from: last.before, to: last.after });
    } else if (goesOn) previous.to = Math.max(previous.to, last.after);
    else stretches.push({ process: this.#process, from: first.before, to: last.after });
  }
}
