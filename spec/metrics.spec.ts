import { expect } from 'chai';
import { Registry } from 'prom-client';
import { collectMetrics, type MetricsOptions } from '../lib/metrics.js';
import { FakeElection } from '../lib/testing.js';
import { tracked } from './support/track.js';
import { World } from './support/world.js';

describe('the metrics', () => {
  /** The value of a metric that has no label but `election`. */
  const counted = async (register: Registry, name: string): Promise<number | undefined> => {
    const metric = await register.getSingleMetric(`etcd_leader_${name}`)?.get();
    return metric?.values[0]?.value;
  };

  it('count a change of leader when a leader that is alone is deposed and elected again', async () => {
    const world = new World();
    const { election } = world.candidate('a');
    const register = new Registry();
    tracked({ close: collectMetrics(election, { register }) });
    await world.queued(election);
    expect(await counted(register, 'leader_changes_total')).to.equal(0);
    const { key, fencingToken } = election.leadership ?? {};

    await world.settled(election.stepDown());
    await world.until(() => election.isLeader(), 'it leads again');

    expect(election.leadership?.key).to.equal(key);
    expect(election.leadership?.fencingToken).to.not.equal(fencingToken);
    expect(await counted(register, 'leader_changes_total')).to.equal(1);
    await world.settled(election.stop());
  });

  it('count no change of leader when a leader proclaims another value', async () => {
    const world = new World();
    const { election } = world.candidate('a');
    const register = new Registry();
    tracked({ close: collectMetrics(election, { register }) });
    await world.queued(election);
    await world.settled(election.proclaim('b'));
    await world.until(() => election.currentLeader() === 'b', 'the value is told');
    expect(await counted(register, 'leader_changes_total')).to.equal(0);
    await world.settled(election.stop());
  });

  for (const [what, queueInterval, message] of [
    ['is negative', -1, '`queueInterval` must be a number of seconds, 0 or more; got -1'],
    ['is no number', '30', '`queueInterval` must be a number of seconds, 0 or more; got 30'],
    [
      'is in milliseconds',
      30_000,
      '`queueInterval` must be 3600 seconds or less, or Infinity for no reads; got 30000. ' +
        'It is seconds, not milliseconds',
    ],
  ] as const) {
    it(`are refused with a queueInterval that ${what}`, () => {
      const register = new Registry();
      const collect = (): unknown =>
        collectMetrics(new FakeElection('jobs'), { register, queueInterval } as MetricsOptions);
      expect(collect).to.throw(message);
      expect(register.getMetricsAsArray()).to.deep.equal([]);
    });
  }
});
