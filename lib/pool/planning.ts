import { draftsOf, isMet } from './drafts.js';
import type { NewPlan } from './plan-writer.js';
import { assignInSteps } from './planner.js';
import type { SlowMembers } from './slow-members.js';
import { NOBODY, type Survey } from './survey.js';
import type { TimeSlice } from './time-slice.js';

/** What plans are made of, and for. */
export interface Planning {
  readonly survey: Survey;
  readonly slowMembers: SlowMembers;
  readonly now: number;
  /** The coordinator's token. */
  readonly by: string;
  /** Partitions may be moved for balance. */
  readonly isDue: boolean;
  /** How many partitions may be moved for balance. */
  readonly budget: number;
}

export interface PlanningResult {
  /** The plans that differ from those that the workers have. */
  readonly plans: readonly NewPlan[];
  /** How many partitions must still be moved for balance. */
  readonly left: number;
}

/**
 * Makes the plans that a coordinator must write, from what it sees. Takes long in a large pool, and lets others run.
 */
export async function makePlans(planning: Planning, slice: TimeSlice): Promise<PlanningResult> {
  const { survey, slowMembers, now, by, isDue, budget } = planning;
  const steps = assignInSteps({
    partitions: survey.announced.names,
    members: survey.plannerMembers((hex) => slowMembers.isSlow(hex, now)),
    current: await currentOf(planning, slice),
    budget: isDue ? budget : 0,
  });
  let step = steps.next();
  for (; !step.done; step = steps.next()) if (slice.isDue) await slice.pause();
  const { planned, left } = step.value;
  const plans: NewPlan[] = [];
  const drafts = await draftsOf(survey, planned, slice);
  for (const [at, { member, list, plan }] of survey.members.entries()) {
    if (slice.isDue) await slice.pause();
    const draft = drafts[at];
    if (list === undefined || draft === undefined) continue;
    const next = { by, ...draft };
    // A worker that is given nothing yet waits for its first plan until all is balanced.
    const isNeeded = plan === undefined ? isDue || draft.own.length + draft.give.size > 0 : !isMet(next, plan);
    if (isNeeded) plans.push({ member, plan: next });
  }
  return { plans, left };
}

/** Who has which partition, for the planner: by the plans, and for a partition in no plan by the queues. */
async function currentOf({ survey, slowMembers, now }: Planning, slice: TimeSlice): Promise<Int32Array> {
  const current = new Int32Array(survey.size);
  await slice.each(survey.size, (partition) => {
    const at = survey.planned[partition] ?? NOBODY;
    const isTaken = at !== NOBODY && !slowMembers.isOverdue(survey.name(partition), now);
    current[partition] = isTaken ? at : Math.max(NOBODY, survey.holders[partition] ?? NOBODY);
  });
  return current;
}
