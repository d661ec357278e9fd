import { NOBODY, type Survey } from './survey.js';
import type { TimeSlice } from './time-slice.js';

/** A partition whose owner does not let go, though its successor is in the queue. */
export interface StuckPartition {
  readonly partition: string;
  /** The `member` that owns it; the lease, in hex, when the owner is no member of the pool. */
  readonly holder: string;
  /** The `member` that waits for it. */
  readonly planned: string;
  /** Milliseconds for which the successor has waited. */
  readonly ms: number;
}

interface WaitingPartition {
  readonly pair: string;
  readonly since: number;
  /** When the partition is told of next. */
  due: number;
}

/**
 * Milliseconds that every successor may wait before anybody calls the partition stuck, because an owner may look for
 * its successor only a second after its plan. Then the owner's task ends, and the owner's key is released.
 */
const LEAST = 2_000;

/**
 * Partitions that are not let go: told after `handoffTimeout`, 2 s at the least, and again each time the wait has
 * doubled.
 */
export class StuckPartitions {
  readonly #patience: number;
  #waiting = new Map<string, WaitingPartition>();

  constructor(handoffTimeout: number) {
    this.#patience = Math.max(handoffTimeout, LEAST);
  }

  /** Resolves to the partitions to tell of now. */
  async look(survey: Survey, now: number, slice: TimeSlice): Promise<StuckPartition[]> {
    const before = this.#waiting;
    const told: StuckPartition[] = [];
    const found = new Map<string, WaitingPartition>();
    await slice.each(survey.size, (partition) => {
      const at = survey.planned[partition] ?? NOBODY;
      const holder = survey.holders[partition] ?? NOBODY;
      const planned = survey.members[at]?.member;
      if (planned === undefined || holder === at || holder === NOBODY || !survey.stands(partition, at)) return;
      const name = survey.name(partition);
      const pair = `${survey.holderName(partition)} ${planned.hex}`;
      const known = before.get(name);
      const waiting = known?.pair === pair ? known : { pair, since: now, due: now + this.#patience };
      found.set(name, waiting);
      if (now < waiting.due) return;
      const ms = now - waiting.since;
      waiting.due = now + Math.max(ms, this.#patience);
      told.push({ partition: name, holder: survey.holderName(partition), planned: planned.id, ms });
    });
    this.#waiting = found;
    return told;
  }

  /** When there may be something to tell; undefined: nothing waits. */
  get nextAt(): number | undefined {
    let next: number | undefined;
    for (const { due } of this.#waiting.values()) if (next === undefined || due < next) next = due;
    return next;
  }
}
