import { expect } from 'chai';
import { parseMutationOptions } from '../scripts/mutations/options.js';

const DEFAULTS = { of: ['simulation', 'pool'], only: '', schedules: 1_000, from: 1, most: 8_000, shards: 2 };

describe('the options of the mutations', () => {
  it('are all those that need no etcd, a thousand schedules each, unless told otherwise', () => {
    expect(parseMutationOptions([])).to.deep.equal(DEFAULTS);
  });

  it('say where which mutations are tried, and by how many schedules', () => {
    const args = '--of chaos,pool,chaos --only lease --schedules 10 --from 7 --most 20 --shards 1'.split(' ');
    expect(parseMutationOptions(args)).to.deep.equal({
      of: ['chaos', 'pool'],
      only: 'lease',
      schedules: 10,
      from: 7,
      most: 20,
      shards: 1,
    });
  });

  const wrong: readonly (readonly [string, RegExp])[] = [
    ['--of nothing', /`--of` must be some of: simulation, pool, chaos; got nothing/],
    ['--of pool,', /`--of` must be some of: simulation, pool, chaos; got pool,/],
    ['--schedules 0', /`--schedules` must be a whole number, 1 or more; got 0/],
    ['--most 1.5', /`--most` must be a whole number, 1 or more; got 1\.5/],
    ['--from first', /`--from` must be a whole number, 1 or more; got first/],
    ['--shards 0', /`--shards` must be a whole number, 1 or more; got 0/],
    ['--retries 3', /Unknown option/],
  ];
  for (const [args, message] of wrong) {
    it(`are refused when they are ${args}`, () => {
      expect(() => parseMutationOptions(args.split(' '))).to.throw(message);
    });
  }
});
