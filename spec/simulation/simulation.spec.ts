import { expect } from 'chai';
import { mutated } from './mutate.js';
import { MUTATIONS } from './mutations.js';
import { missing } from './required.js';
import { run } from './schedule.js';
import { planOf } from './search.js';
import { Tally } from './tally.js';

describe('the simulation', () => {
  it('tells the same story whenever the same schedule runs', async () => {
    for (const seed of [3, 17, 42]) {
      const [first, second] = [
        await run(planOf(seed), { story: true }),
        await run(planOf(seed), { story: true }),
      ] as const;
      expect(first.story).to.have.length.above(20);
      expect(second).to.deep.equal(first);
    }
  });

  it('runs the same way with a story and without', async () => {
    const { story: _, ...told } = await run(planOf(5), { story: true });
    const { story, ...untold } = await run(planOf(5));
    expect([untold, story]).to.deep.equal([told, []]);
  });

  it('gives Math.random back', async () => {
    const { random } = Math;
    await run(planOf(1));
    expect(Math.random).to.equal(random);
  });

  it('draws the same schedule for the same number, and others for others', () => {
    expect(planOf(7)).to.deep.equal(planOf(7));
    expect(planOf(8)).not.to.deep.equal(planOf(7));
  });

  it('complains about everything when nothing has happened', () => {
    expect(missing(new Tally().counts)).to.have.length.above(70);
  });

  for (const mutation of MUTATIONS) {
    it(`can be tried with this mistake: ${mutation.name}`, () => {
      expect(mutated(mutation)).not.to.equal('');
    });
  }
});
