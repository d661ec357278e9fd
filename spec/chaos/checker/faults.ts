import type { LogRecord } from '../log/records.js';
import type { EarlyEnds } from './early-ends.js';
import type { Removal } from './overlaps.js';

export interface AppliedStep {
  readonly number: number;
  /** Microseconds. */
  readonly from: number;
  readonly kinds: string[];
}

/** Microseconds before its end of which a killed process may have written nothing, because its log is flushed later. */
const UNWRITTEN = 50_000;

/** What the nemesis did, and when it did so. */
export class Faults {
  readonly steps: AppliedStep[] = [];
  readonly removals: Removal[] = [];
  readonly earlyEnds: EarlyEnds[] = [];
  readonly applied = new Map<string, number>();
  /** How often plans of the pool were forged, by the way in which they were. */
  readonly forged = new Map<string, number>();
  /** Milliseconds that the run was meant to last. */
  duration = 0;
  kinds: readonly string[] = [];
  elections: readonly string[] = [];
  /** What the elections of the pool's partitions begin with, and its workers; undefined: there is no pool. */
  pool: { readonly owners: string; readonly workers: readonly string[] } | undefined;
  /** The moment, in microseconds, when everything is healed and the candidates are told to end. */
  healedAt: number | undefined;
  endingAt: number | undefined;

  add(record: LogRecord): void {
    switch (record[0]) {
      case 'P':
        [, , this.duration, this.kinds, this.elections] = record;
        break;
      case 'O':
        this.pool = { owners: record[2], workers: record[3] };
        break;
      case 'F': {
        const [, at, number, kind] = record;
        const last = this.steps.at(-1);
        if (last?.number === number) last.kinds.push(kind);
        else this.steps.push({ number, from: at, kinds: [kind] });
        this.applied.set(kind, (this.applied.get(kind) ?? 0) + 1);
        break;
      }
      case 'G':
        this.forged.set(record[2], (this.forged.get(record[2]) ?? 0) + 1);
        break;
      case 'B': {
        const [, before, after, what, id] = record;
        this.removals.push({ before, after, what, id });
        break;
      }
      case 'A': {
        const [, at, member, count, leases] = record;
        this.earlyEnds.push({ at, member, count, leases: new Map(leases) });
        break;
      }
      case 'Q':
        if (record[2] === 'healed') this.healedAt = record[1];
        else this.endingAt = record[1];
        break;
    }
  }

  /** The kinds of the step that began last before this moment; none before the first step. */
  at(instant: number): readonly string[] {
    return this.steps.findLast(({ from }) => from <= instant + UNWRITTEN)?.kinds ?? [];
  }
}
