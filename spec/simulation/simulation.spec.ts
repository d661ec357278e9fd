import { expect } from 'chai';
import { ElectionError } from '../../lib/errors.js';
import { missing } from './required.js';
import { runSchedule } from './schedule.js';
import { planOf } from './search.js';
import { Tally } from './tally.js';
import { Violation } from './violation.js';

describe('the simulation', () => {
  it('tells the same story whenever the same schedule runs', async () => {
    for (const seed of [3, 17, 42]) {
      const [first, second] = [
        await runSchedule(planOf(seed), { story: true }),
        await runSchedule(planOf(seed), { story: true }),
      ] as const;
      expect(first.story).to.have.length.above(20);
      expect(second).to.deep.equal(first);
    }
  });

  it('runs the same way with a story and without', async () => {
    const { story: _, ...told } = await runSchedule(planOf(5), { story: true });
    const { story, ...untold } = await runSchedule(planOf(5));
    expect([untold, story]).to.deep.equal([told, []]);
  });

  it('gives Math.random back', async () => {
    const { random } = Math;
    await runSchedule(planOf(1));
    expect(Math.random).to.equal(random);
  });

  it('draws the same schedule for the same number, and others for others', () => {
    expect(planOf(7)).to.deep.equal(planOf(7));
    expect(planOf(8)).not.to.deep.equal(planOf(7));
  });

  it('complains about everything when nothing has happened', () => {
    expect(missing(new Tally().counts)).to.have.length.above(70);
  });

  it('tells code that cannot run from a promise that is broken', () => {
    const crash = new TypeError('x is not a function');
    const wrapped = new ElectionError('UNAVAILABLE', 'no answer', { cause: crash });
    const reasons = [
      crash,
      wrapped,
      new ElectionError('UNAVAILABLE', 'no answer'),
      new Error('illegal move'),
      undefined,
    ];
    const isCrash = reasons.map((reason) => new Violation('i: no surprises', 'something', reason).isCrash);
    expect(isCrash).to.deep.equal([true, true, false, false, false]);
  });
});
