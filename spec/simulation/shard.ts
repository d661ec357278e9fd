import { runSchedule } from './schedule.js';
import { planOf } from './search.js';
import { type Counts, Tally } from './tally.js';
import type { Check } from './violation.js';

/** The schedules that a process runs: every `step`th number from `from` on, below `to`. */
export interface ShardShare {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** Goes on after a violation, and tells each one. */
  readonly persists: boolean;
}

export interface FoundViolation {
  readonly seed: number;
  readonly check: Check;
  readonly isCrash: boolean;
  readonly message: string;
}

/** What a shard tells, about once a second. */
export interface Progress {
  readonly schedules: number;
  readonly steps: number;
  /** Milliseconds of virtual time. */
  readonly time: number;
  readonly counts: Counts;
  readonly found: readonly FoundViolation[];
}

const EVERY = 1_000;

/** Runs its share of the schedules in this process. */
export async function work(share: ShardShare, tell: (progress: Progress) => void): Promise<void> {
  let [schedules, steps, time, tally, found, toldAt] = [
    0,
    0,
    0,
    new Tally(),
    [] as FoundViolation[],
    performance.now(),
  ];
  const report = (): void => {
    tell({ schedules, steps, time, counts: tally.counts, found });
    [schedules, steps, time, tally, found, toldAt] = [0, 0, 0, new Tally(), [], performance.now()];
  };
  for (let seed = share.from; seed < share.to; seed += share.step) {
    const { violation, counts, ...spent } = await runSchedule(planOf(seed));
    schedules += 1;
    steps += spent.steps;
    time += spent.time;
    tally.addAll(counts);
    if (violation !== undefined) {
      const { check, isCrash, message } = violation;
      found.push({ seed, check, isCrash, message });
    }
    if (performance.now() - toldAt > EVERY) report();
    if (violation !== undefined && !share.persists) break;
  }
  report();
}

/** The program: a process that is `fork`ed with its share. */
const [, , asked] = process.argv;
if (process.send !== undefined && asked !== undefined) {
  await work(JSON.parse(asked) as ShardShare, (progress) => process.send?.(progress));
  process.disconnect();
}
