import { expect } from 'chai';
import fc from 'fast-check';
import { type Assignment, assign, assignInSteps, type PlannerMember, type Situation } from '../../lib/pool/planner.js';

const everything = (): boolean => true;

function member(id: string, options: Partial<PlannerMember> = {}): PlannerMember {
  return { id, weight: 1, role: 'present', takes: everything, announced: 100_000, ...options };
}

function members(count: number): PlannerMember[] {
  return Array.from({ length: count }, (_, n) => member(`worker-${n}`));
}

/** Nobody has anything, unless `current` says otherwise. */
function situation(
  partitions: number,
  who: readonly PlannerMember[],
  current?: readonly number[] | Int32Array,
): Situation {
  return {
    partitions: Array.from({ length: partitions }, (_, n) => `${n}`),
    members: who,
    current: current === undefined ? new Int32Array(partitions).fill(-1) : Int32Array.from(current),
    budget: partitions,
  };
}

function counts({ planned }: Assignment, who: readonly unknown[]): number[] {
  return who.map((_, at) => planned.filter((owner) => owner === at).length);
}

function changes(before: Int32Array, after: Int32Array): number {
  return before.filter((owner, at) => owner !== after[at]).length;
}

/** Plans again and again until nothing is left to move. */
function settled(from: Situation): Assignment {
  let result = assign(from);
  while (result.left > 0) result = assign({ ...from, current: result.planned });
  return result;
}

/** Members, and an assignment to some of them, as it may have come about in whatever way. */
const anySituation = fc
  .tuple(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 12 }))
  .chain(([partitions, count]) =>
    fc.record({
      who: fc.constant(members(count)),
      current: fc.array(fc.integer({ min: -1, max: count - 1 }), { minLength: partitions, maxLength: partitions }),
    }),
  )
  .map(({ who, current }) => situation(current.length, who, current));

/** The fewest moves that make the loads equal within one, counted from the loads alone. */
function fewestMoves({ partitions, members: who, current }: Situation): number {
  const loads = who.map((_, at) => current.filter((owner) => owner === at).length).sort((a, b) => b - a);
  const floor = Math.floor(partitions.length / who.length);
  const greater = partitions.length % who.length;
  return loads.reduce((sum, load, at) => sum + Math.max(0, load - (at < greater ? floor + 1 : floor)), 0);
}

describe('the planner', () => {
  it('plans every partition, and balances members of one weight within one', () => {
    fc.assert(
      fc.property(anySituation, (from) => {
        const loads = counts(assign(from), from.members);
        expect(loads.reduce((sum, load) => sum + load, 0)).to.equal(from.partitions.length);
        expect(Math.max(...loads) - Math.min(...loads)).to.be.at.most(1);
      }),
    );
  });

  it('moves no more partitions than any balance costs', () => {
    fc.assert(
      fc.property(anySituation, (from) => {
        const result = assign(from);
        const orphans = from.current.filter((owner) => owner === -1).length;
        expect(result.moved).to.equal(fewestMoves(from));
        expect(changes(from.current, result.planned)).to.equal(orphans + result.moved);
      }),
    );
  });

  it('moves no more in many steps than in one', () => {
    fc.assert(
      fc.property(anySituation, fc.integer({ min: 1, max: 10 }), (from, budget) => {
        const atOnce = assign(from);
        let moved = 0;
        let current = from.current;
        for (;;) {
          const step = assign({ ...from, current, budget });
          expect(step.moved).to.be.at.most(budget);
          moved += step.moved;
          current = step.planned;
          if (step.left === 0) break;
        }
        expect(moved).to.equal(atOnce.moved);
      }),
    );
  });

  it('changes nothing that it has planned itself', () => {
    fc.assert(
      fc.property(anySituation, (from) => {
        const { planned } = assign(from);
        const again = assign({ ...from, current: planned });
        expect([...again.planned]).to.deep.equal([...planned]);
        expect([again.moved, again.left]).to.deep.equal([0, 0]);
      }),
    );
  });

  it('plans the same in every process', () => {
    fc.assert(
      fc.property(anySituation, (from) => {
        const copy = structuredClone({ ...from, members: from.members.map(({ takes: _, ...rest }) => rest) });
        const other = { ...copy, members: copy.members.map((rest) => ({ ...rest, takes: () => true })) };
        expect([...assign(other).planned]).to.deep.equal([...assign(from).planned]);
      }),
    );
  });

  it('gives out orphans, and moves nothing for balance, without a budget', () => {
    fc.assert(
      fc.property(anySituation, (from) => {
        const { planned, moved } = assign({ ...from, budget: 0 });
        expect(moved).to.equal(0);
        expect(planned.every((owner) => owner >= 0)).to.equal(true);
        expect(planned.every((owner, at) => from.current[at] === -1 || owner === from.current[at])).to.equal(true);
      }),
    );
  });

  it('follows the weights by the largest remainder', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 200 }), (given, partitions) => {
        fc.pre(given.some((weight) => weight > 0));
        const who = given.map((weight, n) => member(`worker-${n}`, { weight }));
        const sum = given.reduce((a, b) => a + b, 0);
        const loads = counts(assign(situation(partitions, who)), who);
        expect(loads.reduce((a, b) => a + b, 0)).to.equal(partitions);
        for (const [at, load] of loads.entries()) {
          const exact = (partitions * (given[at] ?? 0)) / sum;
          expect(load).to.be.within(Math.floor(exact), Math.ceil(exact));
        }
      }),
    );
  });

  it('moves 99 partitions of 10,000 when one worker joins a hundred', () => {
    const before = assign(situation(10_000, members(100))).planned;
    const after = assign(situation(10_000, members(101), before));
    expect(after.moved).to.equal(99);
    expect(changes(before, after.planned)).to.equal(99);
    expect(new Set(counts(after, members(101)))).to.deep.equal(new Set([99, 100]));
  });

  it('moves 100 partitions of 10,000 when one worker of a hundred crashes', () => {
    const before = assign(situation(10_000, members(100))).planned;
    const rest = members(100).slice(0, 99);
    const after = assign(
      situation(
        10_000,
        rest,
        before.map((owner) => (owner === 99 ? -1 : owner)),
      ),
    );
    expect([changes(before, after.planned), after.moved]).to.deep.equal([100, 0]);
  });

  it('moves 20, 20 and 25 of 100 when a fifth worker joins, leaves in order, and one of four crashes', () => {
    const four = assign(situation(100, members(4))).planned;
    const five = assign(situation(100, members(5), four));
    expect(five.moved).to.equal(20);
    const leaving = members(5).map((one, at) => (at === 4 ? { ...one, role: 'leaving' as const } : one));
    const left = assign(situation(100, leaving, five.planned));
    expect([changes(five.planned, left.planned), left.moved]).to.deep.equal([20, 0]);
    const crashed = left.planned.map((owner) => (owner === 3 ? -1 : owner));
    const after = assign(situation(100, members(3), crashed));
    expect([changes(left.planned, after.planned), after.moved]).to.deep.equal([25, 0]);
  });

  for (const { how, each, most } of [
    {
      how: 'once in a rolling restart in which each worker leaves as soon as its successor has come',
      each: 'next',
      most: 1,
    },
    { how: 'less than twice when the pool is balanced before the worker leaves', each: 'first', most: 2 * (10 / 11) },
    { how: 'twice when each worker leaves before its successor has come', each: 'last', most: 2 },
  ] as const) {
    it(`moves each partition ${how}`, () => {
      const partitions = 1_100;
      let who = members(10);
      let current = assign(situation(partitions, who)).planned;
      let moved = 0;
      const turn = (next: readonly PlannerMember[]): void => {
        const known = current.map((owner) => next.findIndex(({ id }) => id === who[owner]?.id));
        const { planned } = settled(situation(partitions, next, known));
        moved += planned.filter((owner, at) => next[owner]?.id !== who[current[at] ?? -1]?.id).length;
        [who, current] = [[...next], planned];
      };
      for (const { id } of members(10)) {
        const fresh = member(each === 'last' ? id : `${id} anew`);
        if (each === 'first') turn([...who, fresh]);
        if (each === 'last') turn(who.filter((one) => one.id !== id));
        const rest = who.filter((one) => one.id !== id);
        turn(rest.includes(fresh) ? rest : [...rest, fresh]);
      }
      expect(moved / partitions).to.be.closeTo(most, 1e-9);
    });
  }

  it('gives a worker that comes back the partitions that it had', () => {
    const who = members(10);
    const before = assign(situation(1_000, who)).planned;
    const without = assign(
      situation(
        1_000,
        who.slice(0, 9),
        before.map((owner) => (owner === 9 ? -1 : owner)),
      ),
    ).planned;
    const again = assign(situation(1_000, who, without)).planned;
    const kept = again.filter((owner, at) => owner === 9 && before[at] === 9).length;
    expect(kept, 'of 100; at random there would be 10').to.be.at.least(85);
  });

  it('gives workers that restart one by one nearly all of their partitions back, and in the second round all', () => {
    const who = members(10);
    let current = assign(situation(1_000, who)).planned;
    const kept: number[] = [];
    for (const at of [...who.keys(), ...who.keys()]) {
      const without = who.filter((_, other) => other !== at);
      const known = current.map((owner) => without.indexOf(who[owner] as PlannerMember));
      const { planned } = settled(situation(1_000, without, known));
      const back = planned.map((owner) => who.indexOf(without[owner] as PlannerMember));
      const again = settled(situation(1_000, who, back)).planned;
      kept.push(again.filter((owner, partition) => owner === at && current[partition] === at).length);
      current = again;
    }
    expect(Math.min(...kept.slice(0, 10)), 'of 100').to.be.at.least(85);
    expect(Math.min(...kept.slice(10)), 'of 100, in the second round').to.be.at.least(98);
  });

  it('moves the partitions of a member of weight 0 as balance allows, and those of one that leaves at once', () => {
    const current = new Int32Array(30).fill(0);
    const drained = [member('a', { weight: 0 }), member('b')];
    expect(assign({ ...situation(30, drained, current), budget: 3 })).to.deep.include({ moved: 3, left: 27 });
    expect(counts(assign(situation(30, drained, current)), drained)).to.deep.equal([0, 30]);
    const leaving = [member('a', { role: 'leaving' }), member('b')];
    expect(counts(assign({ ...situation(30, leaving, current), budget: 0 }), leaving)).to.deep.equal([0, 30]);
  });

  it('plans a partition for nobody when nobody can take it', () => {
    const current = [0, 0, 1, -1];
    const who = [member('a', { role: 'leaving' }), member('b', { weight: 0 })];
    expect([...assign({ ...situation(4, who, current), budget: 0 }).planned]).to.deep.equal([-1, -1, 1, -1]);
    expect([...assign(situation(4, who, current)).planned]).to.deep.equal([-1, -1, -1, -1]);
    expect([...assign(situation(2, [])).planned]).to.deep.equal([-1, -1]);
  });

  it('gives a slow member nothing, and leaves it what it has', () => {
    const who = [member('a', { role: 'slow' }), member('b'), member('c')];
    const result = assign(situation(20, who, [...new Array(6).fill(0), ...new Array(14).fill(-1)]));
    expect(counts(result, who)).to.deep.equal([6, 7, 7]);
    expect(result.planned.slice(0, 6).every((owner) => owner === 0)).to.equal(true);
  });

  it('plans a partition only for those that announce it, and balances the others', () => {
    const few = (partition: number): boolean => partition < 6;
    const who = [member('old', { takes: few, announced: 6 }), member('new', { takes: everything, announced: 10 })];
    const fresh = assign(situation(10, who));
    expect([...fresh.planned.slice(6)]).to.deep.equal([1, 1, 1, 1]);
    expect(counts(fresh, who)).to.deep.equal([5, 5]);
    const moved = assign(situation(10, who, new Array(10).fill(1)));
    expect([...moved.planned.slice(6)]).to.deep.equal([1, 1, 1, 1]);
    expect([counts(moved, who), moved.left]).to.deep.equal([[5, 5], 0]);
    const stray = assign(situation(10, who, new Array(10).fill(0)));
    expect([...stray.planned.slice(6)]).to.deep.equal([1, 1, 1, 1]);
  });

  const steps: Readonly<Record<string, readonly [partitions: number, members: number, owners: number]>> = {
    'a cold start of 10 members': [10_000, 10, 0],
    'a cold start of 30 members': [10_000, 30, 0],
    'a cold start of 100 members': [10_000, 100, 0],
    'a join to 9 members': [10_000, 10, 9],
    'a join to 99 members': [10_000, 100, 99],
    'a join to one member': [10_000, 2, 1],
    'a cold start with 100,000 partitions': [100_000, 100, 0],
    'a join to one member that has 100,000 partitions': [100_000, 2, 1],
  };
  for (const [what, [partitions, count, owners]] of Object.entries(steps)) {
    it(`lets others run after a few thousand looks at who takes what, at ${what}`, () => {
      let [looks, most] = [0, 0];
      const counted = (): boolean => {
        most = Math.max(most, ++looks);
        return true;
      };
      const who = members(count).map((one) => ({ ...one, takes: counted }));
      const current = Array.from({ length: partitions }, (_, at) => (owners === 0 ? -1 : at % owners));
      const work = assignInSteps(situation(partitions, who, current));
      looks = 0;
      let pauses = 0;
      for (; !work.next().done; looks = 0) pauses += 1;
      expect(pauses).to.be.at.least(2);
      // Before its first pause the planner counts what each member has: one look for each partition.
      expect(most).to.be.at.most(partitions + 5_000);
    });
  }

  it('never works for more than 50 ms at a time, with 100,000 partitions and 100 members', () => {
    const steps = assignInSteps(situation(100_000, members(100)));
    const times: number[] = [];
    for (;;) {
      const before = process.cpuUsage();
      const { done } = steps.next();
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1_000);
      if (done) break;
    }
    expect(times.length).to.be.greaterThan(100);
    expect(times.sort((a, b) => b - a)[3], 'apart from three in which the machine did something else').to.be.below(50);
  });
});
