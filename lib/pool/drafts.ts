import { NOBODY, type Survey } from './survey.js';
import type { TimeSlice } from './time-slice.js';
import type { PlanValue } from './wire.js';

/** A plan without the coordinator that writes it. */
export type Draft = Pick<PlanValue, 'own' | 'give'>;

/** For each member: what it is to own, and the successor for each partition that it owns and is to give away. */
export async function draftsOf(survey: Survey, planned: Int32Array, slice: TimeSlice): Promise<Draft[]> {
  const drafts = survey.members.map(() => ({ own: [] as number[], give: new Map<number, string>() }));
  const indexOf = (at: number, partition: number): number | undefined => {
    const list = survey.members[at]?.list;
    return list && survey.announced.toList(list, partition);
  };
  await slice.each(planned.length, (partition) => {
    const at = planned[partition] ?? NOBODY;
    const index = indexOf(at, partition);
    if (index !== undefined) drafts[at]?.own.push(index);
    const holder = survey.holders[partition] ?? NOBODY;
    const successor = survey.members[at]?.member.hex;
    if (holder === at || successor === undefined) return;
    const given = indexOf(holder, partition);
    if (given !== undefined) drafts[holder]?.give.set(given, successor);
  });
  for (const { own } of drafts) own.sort((a, b) => a - b);
  return drafts;
}

/** Whether a worker that follows `plan` does what `draft` asks for. What it need not give any more does no harm. */
export function isMet(draft: Draft, plan: PlanValue): boolean {
  if (draft.own.length !== plan.own.length || draft.own.some((index, at) => plan.own[at] !== index)) return false;
  return [...draft.give].every(([index, lease]) => plan.give.get(index) === lease);
}
