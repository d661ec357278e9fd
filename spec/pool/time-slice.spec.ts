import { expect } from 'chai';
import type { Clock } from '../../lib/common/time.js';
import type { Lists } from '../../lib/pool/lists.js';
import type { Overview, SeenMember, SeenPlan } from '../../lib/pool/overview.js';
import type { Standing } from '../../lib/pool/owners-table.js';
import { PartitionList } from '../../lib/pool/partition-list.js';
import { makePlans, type PlanningResult } from '../../lib/pool/planning.js';
import { SlowMembers } from '../../lib/pool/slow-members.js';
import { StuckPartitions } from '../../lib/pool/stuck.js';
import { Survey } from '../../lib/pool/survey.js';
import { TimeSlice } from '../../lib/pool/time-slice.js';
import { encodePlan } from '../../lib/pool/wire.js';

const PARTITIONS = 10_000;
/** Looks at a partition's name or queue that count as a millisecond. In earnest 10,000 and more take one. */
const LOOKS_IN_A_MS = 500;
/** The most looks without a pause: what the slice allows, and what lies between two looks at the clock. */
const MOST_LOOKS = 8 * LOOKS_IN_A_MS + 3_000;

/** A clock on which only work takes time: it is counted, so that a busy machine changes nothing. */
class WorkClock implements Clock {
  pauses = 0;
  /** The most looks between two pauses. */
  most = 0;
  #looks = 0;
  #total = 0;

  look(): void {
    this.#looks += 1;
    this.#total += 1;
    this.most = Math.max(this.most, this.#looks);
  }

  now(): number {
    return this.#total / LOOKS_IN_A_MS;
  }

  wallNow(): number {
    return this.now();
  }

  after(_ms: number, fn: () => void): () => void {
    this.pauses += 1;
    this.#looks = 0;
    setImmediate(fn);
    return () => {};
  }
}

/** A list whose names are counted when they are read. */
function listOn(clock: WorkClock): PartitionList {
  const list = PartitionList.numbered(PARTITIONS);
  const names = new Proxy(list.names as string[], {
    get(target, property) {
      if (typeof property === 'string' && property !== 'length') clock.look();
      return Reflect.get(target, property) as unknown;
    },
  });
  return Object.create(list, { names: { value: names }, key: { value: list.key } }) as PartitionList;
}

/** A pool as a coordinator sees it. `owners`: for each partition the member that owns it, and is planned for it. */
function overviewOn(clock: WorkClock, members: number, owners: (partition: number) => number | undefined): Overview {
  const seen = Array.from({ length: members }, (_, at): SeenMember => {
    const hex = (at + 1).toString(16);
    const announcement = { count: PARTITIONS };
    const value = { id: `worker-${at}`, weight: 1, announcement, isLeaving: false, isUnfit: false };
    return { ...value, lease: BigInt(at + 1), hex, createRevision: BigInt(at + 1) };
  });
  const plans = new Map<string, SeenPlan>();
  for (const [at, { hex }] of seen.entries()) {
    const own = Array.from({ length: PARTITIONS }, (_, index) => index).filter((index) => owners(index) === at);
    if (own.length > 0) plans.set(hex, { bytes: encodePlan({ by: '1', own, give: new Map() }), modRevision: 1n });
  }
  const first = (name: string): Standing | undefined => {
    clock.look();
    const at = owners(Number(name));
    return at === undefined ? undefined : ({ lease: (at + 1).toString(16), blocks: false } as Standing);
  };
  const isEmpty = !Array.from({ length: PARTITIONS }).some((_, partition) => owners(partition) !== undefined);
  return {
    members: new Map(seen.map((member) => [member.hex, member])),
    plans,
    control: { isPaused: false, drained: new Set() },
    owners: { isEmpty, first, stands: (name: string, lease: string) => first(name)?.lease === lease },
  } as unknown as Overview;
}

/** One pass of a coordinator, without its requests. */
async function pass(clock: WorkClock, overview: Overview): Promise<PlanningResult> {
  const list = listOn(clock);
  const slice = new TimeSlice(clock);
  const survey = await Survey.of(overview, { get: () => list } as unknown as Lists, slice);
  const slowMembers = new SlowMembers(10_000);
  await slowMembers.look(survey, 0, slice);
  await new StuckPartitions(10_000).look(survey, 0, slice);
  return makePlans({ survey, slowMembers, now: 0, by: '1', isDue: true, budget: PARTITIONS }, slice);
}

describe('a pass of the coordinator over 10,000 partitions', () => {
  for (const members of [10, 30, 100]) {
    const share = Math.floor(PARTITIONS / members);
    const even = (partition: number): number => partition % members;
    const situations = {
      'a cold start': { owners: () => undefined, plans: members },
      // The last member has nothing, the others have its share too.
      'a join': { owners: (partition: number) => partition % (members - 1), plans: members },
      // Nobody has what the last but one had: its place is taken by a fresh one.
      'a crash': {
        owners: (partition: number) => (even(partition) === 0 ? undefined : even(partition)),
        plans: 1,
      },
      'no change': { owners: even, plans: 0 },
    };
    for (const [what, { owners, plans }] of Object.entries(situations)) {
      it(`pauses before it has worked for long, with ${members} members at ${what}`, async () => {
        const clock = new WorkClock();
        const result = await pass(clock, overviewOn(clock, members, owners));
        expect(result.plans.length, 'plans').to.be.at.least(plans);
        expect(result.plans.flatMap(({ plan }) => plan.own).length, 'planned').to.be.at.least(plans * share);
        expect(clock.pauses).to.be.at.least(2);
        expect(clock.most, 'looks without a pause').to.be.below(MOST_LOOKS);
      });
    }
  }
});
