import fc from 'fast-check';
import { plans } from './arbitrary.js';
import type { Plan } from './plan.js';
import { runSchedule, type ScheduleReport } from './schedule.js';

const arbitrary = plans();

/** The schedule that follows from this number. */
export function planOf(seed: number): Plan {
  const [plan] = fc.sample(arbitrary, { seed, numRuns: 1 });
  return plan as Plan;
}

export interface Shrunk {
  readonly plan: Plan;
  readonly report: ScheduleReport;
  /** The number of smaller and smaller schedules that were tried. */
  readonly tried: number;
}

/**
 * The shortest schedule, found within `ms` of real time, that breaks the same promise as the schedule of `seed`.
 * Undefined when that schedule breaks none.
 */
export async function shrink(seed: number, ms = 60_000): Promise<Shrunk | undefined> {
  const original = await runSchedule(planOf(seed));
  if (original.violation === undefined) return undefined;
  const { check } = original.violation;
  let plan = planOf(seed);
  let tried = 0;
  let running: Promise<ScheduleReport> | undefined;
  const property = fc.asyncProperty(arbitrary, async (candidate) => {
    tried++;
    running = runSchedule(candidate);
    const { violation } = await running;
    if (violation?.check !== check) return;
    plan = candidate;
    throw violation;
  });
  await fc.check(property, { seed, numRuns: 1, interruptAfterTimeLimit: ms, skipAllAfterTimeLimit: ms });
  await running; // fast-check does not wait for it when the time is up, and only one schedule may run at a time
  return { plan, report: await runSchedule(plan, { story: true }), tried };
}
