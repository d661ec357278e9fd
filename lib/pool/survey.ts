import { AnnouncedPartitions } from './announced-partitions.js';
import type { Lists } from './lists.js';
import type { Overview, SeenMember } from './overview.js';
import type { PartitionList } from './partition-list.js';
import type { PlannerMember } from './planner.js';
import type { TimeSlice } from './time-slice.js';
import { type PlanValue, parsePlan } from './wire.js';

/** The index in place of a member's, for a partition that nobody owns or that no plan names. */
export const NOBODY = -1;
/** Somebody owns the partition who is no member: another program, or a worker whose key was deleted. */
export const NO_MEMBER = -2;

/** A member, with what it knows and what it is to do. */
export interface Surveyed {
  readonly member: SeenMember;
  /** Undefined while its list of names has not been read. */
  readonly list: PartitionList | undefined;
  /** Undefined when there is none, or when it makes no sense. */
  readonly plan: PlanValue | undefined;
}

/**
 * The state of a pool at one moment, as a pass of the coordinator works on it: partitions and members have indexes.
 * Members are ordered by id, so that every coordinator plans the same.
 */
export class Survey {
  readonly members: readonly Surveyed[];
  readonly announced: AnnouncedPartitions;
  /** For each partition the member whose plan names it. */
  readonly planned: Int32Array;
  /** For each partition the member that owns it, `NOBODY` or `NO_MEMBER`. */
  readonly holders: Int32Array;
  /** Nobody owns anything, and nobody is to: the whole pool begins. */
  readonly isCold: boolean;
  readonly #overview: Overview;
  readonly #byLease: ReadonlyMap<string, number>;

  /** Takes long in a large pool, and lets others run meanwhile. */
  static async of(overview: Overview, lists: Lists, slice: TimeSlice): Promise<Survey> {
    const members = [...overview.members.values()].sort(byId).map((member) => {
      const list = lists.get(member.announcement);
      const bytes = overview.plans.get(member.hex)?.bytes;
      return { member, list, plan: list && bytes && parsedOnce(bytes, list.names.length) };
    });
    const survey = new Survey(overview, members);
    await slice.each(survey.size, (partition) => {
      survey.holders[partition] = survey.#holderOf(survey.name(partition));
    });
    for (const at of members.keys()) {
      survey.#plan(at);
      if (slice.isDue) await slice.pause();
    }
    return survey;
  }

  private constructor(overview: Overview, members: readonly Surveyed[]) {
    this.#overview = overview;
    this.members = members;
    this.#byLease = new Map(members.map(({ member }, at) => [member.hex, at]));
    this.announced = new AnnouncedPartitions(members.flatMap(({ list }) => (list === undefined ? [] : [list])));
    this.holders = new Int32Array(this.size).fill(NOBODY);
    this.planned = new Int32Array(this.size).fill(NOBODY);
    this.isCold = overview.owners.isEmpty && members.every(({ plan }) => (plan?.own.length ?? 0) === 0);
  }

  get size(): number {
    return this.announced.names.length;
  }

  name(partition: number): string {
    return this.announced.names[partition] ?? '';
  }

  /** Whether the member stands in the partition's queue, be it as the owner. */
  stands(partition: number, at: number): boolean {
    return this.#overview.owners.stands(this.name(partition), this.members[at]?.member.hex ?? '');
  }

  /** The id of the owner, for people; when the owner is no member, its lease. */
  holderName(partition: number): string {
    const first = this.#overview.owners.first(this.name(partition));
    const at = this.#byLease.get(first?.lease ?? '');
    return at === undefined ? (first?.lease ?? '') : (this.members[at]?.member.id ?? '');
  }

  /** The members as the planner takes them. When all that could be given something are slow, none is. */
  plannerMembers(isSlow: (hex: string) => boolean): PlannerMember[] {
    const { drained } = this.#overview.control;
    const members = this.members.map(
      ({ member, list }): PlannerMember => ({
        id: member.id,
        weight: drained.has(member.id) || list === undefined ? 0 : member.weight,
        role: member.isLeaving || member.isUnfit ? 'leaving' : isSlow(member.hex) ? 'slow' : 'present',
        takes: list === undefined ? () => false : this.announced.takes(list),
        announced: list?.names.length ?? 0,
      }),
    );
    if (members.some(({ role, weight }) => role === 'present' && weight > 0)) return members;
    return members.map((member) => (member.role === 'slow' ? { ...member, role: 'present' } : member));
  }

  #holderOf(name: string): number {
    const first = this.#overview.owners.first(name);
    if (first === undefined) return NOBODY;
    return first.blocks ? NO_MEMBER : (this.#byLease.get(first.lease) ?? NO_MEMBER);
  }

  /** A partition in two plans (a coordinator was interrupted, or a plan is forged) is the owner's, or the first's. */
  #plan(at: number): void {
    const { list, plan } = this.members[at] ?? {};
    if (list === undefined) return;
    for (const index of plan?.own ?? []) {
      const partition = this.announced.fromList(list, index);
      if (this.planned[partition] === NOBODY || this.holders[partition] === at) this.planned[partition] = at;
    }
  }
}

/** Most plans stay as they are from pass to pass. */
const parsed = new WeakMap<Buffer, { readonly count: number; readonly plan: PlanValue | undefined }>();

function parsedOnce(bytes: Buffer, count: number): PlanValue | undefined {
  const known = parsed.get(bytes);
  if (known?.count === count) return known.plan;
  const plan = parsePlan(bytes, count);
  parsed.set(bytes, { count, plan });
  return plan;
}

function byId(a: SeenMember, b: SeenMember): number {
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  return a.hex < b.hex ? -1 : 1;
}
