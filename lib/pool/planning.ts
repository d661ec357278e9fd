import type { Breather } from './breather.js';
import { draftsOf, isMet } from './drafts.js';
import type { NewPlan } from './plan-writer.js';
import { assignInSteps } from './planner.js';
import { NOBODY, type Survey } from './survey.js';
import type { Takeup } from './takeup.js';

/** What plans are made of, and for. */
export interface Planning {
  readonly survey: Survey;
  readonly takeup: Takeup;
  readonly now: number;
  /** The coordinator's token. */
  readonly by: string;
  /** Partitions may be moved for balance. */
  readonly isDue: boolean;
  /** How many of them, if they may. */
  readonly budget: number;
}

export interface PlanningResult {
  /** Only those that differ from what the workers have. */
  readonly plans: readonly NewPlan[];
  /** How many partitions must still be moved for balance. */
  readonly left: number;
}

/** From what a coordinator sees to the plans that it must write. Takes long in a large pool, and lets others run. */
export async function makePlans(planning: Planning, breather: Breather): Promise<PlanningResult> {
  const { survey, takeup, now, by, isDue, budget } = planning;
  const steps = assignInSteps({
    partitions: survey.universe.names,
    members: survey.plannerMembers((hex) => takeup.isSlow(hex, now)),
    current: await currentOf(planning, breather),
    budget: isDue ? budget : 0,
  });
  let step = steps.next();
  for (; !step.done; step = steps.next()) if (breather.isDue) await breather.pause();
  const { planned, left } = step.value;
  const plans: NewPlan[] = [];
  const drafts = await draftsOf(survey, planned, breather);
  for (const [at, { member, list, plan }] of survey.members.entries()) {
    if (breather.isDue) await breather.pause();
    const draft = drafts[at];
    if (list === undefined || draft === undefined) continue;
    const next = { by, ...draft };
    // A worker that is given nothing yet waits for its first plan until all is balanced.
    const isNeeded = plan === undefined ? isDue || draft.own.length + draft.give.size > 0 : !isMet(next, plan);
    if (isNeeded) plans.push({ member, plan: next });
  }
  return { plans, left };
}

/** Who has which partition, for the planner: by the plans, and where there is none by the queues. */
async function currentOf({ survey, takeup, now }: Planning, breather: Breather): Promise<Int32Array> {
  const current = new Int32Array(survey.size);
  await breather.each(survey.size, (partition) => {
    const at = survey.planned[partition] ?? NOBODY;
    const isTaken = at !== NOBODY && !takeup.isOverdue(survey.name(partition), now);
    current[partition] = isTaken ? at : Math.max(NOBODY, survey.holders[partition] ?? NOBODY);
  });
  return current;
}
