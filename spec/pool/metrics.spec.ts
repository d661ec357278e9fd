import { expect } from 'chai';
import { Registry } from 'prom-client';
import { collectPoolMetrics } from '../../lib/metrics.js';
import { FakePool } from '../../lib/testing.js';
import { PoolWorld } from '../support/pool/pool-world.js';
import { tracked } from '../support/track.js';

interface Sample {
  readonly labels: Readonly<Record<string, unknown>>;
  readonly value: number;
  readonly metricName?: string;
}

describe('the metrics of a pool', () => {
  const samples = async (register: Registry, name: string): Promise<Sample[]> => {
    const metric = await register.getSingleMetric(`etcd_leader_pool_${name}`)?.get();
    return (metric?.values ?? []) as Sample[];
  };

  /** All gauges of one scrape; undefined: no series. */
  const gauges = async (register: Registry): Promise<Record<string, number | undefined>> => {
    const names = ['owned', 'planned', 'unowned', 'members', 'coordinator'];
    const values: Record<string, number | undefined> = {};
    for (const name of names) values[name] = (await samples(register, name))[0]?.value;
    return values;
  };

  const moves = async (register: Registry): Promise<Record<string, number>> =>
    Object.fromEntries((await samples(register, 'moves_total')).map(({ labels, value }) => [labels['reason'], value]));

  const handovers = async (register: Registry, name: 'count' | 'sum'): Promise<number | undefined> =>
    (await samples(register, 'handover_seconds')).find(({ metricName }) => metricName?.endsWith(`_${name}`))?.value;

  it('tell what a worker owns and is to own, and on the coordinator how many there are', async () => {
    const world = new PoolWorld(10);
    const [a, b] = [world.worker('a'), world.worker('b')];
    const registers = [a, b].map(({ pool }) => {
      const register = new Registry();
      tracked({ close: collectPoolMetrics(pool, { register }) });
      return register;
    });
    await world.balanced([a, b]);
    const balanced = new Set<string>();
    for (const { name, pool } of [a, b]) pool.on('balanced', () => balanced.add(name));
    await world.until(() => balanced.size > 0, 'the coordinator sees that all are owned');
    const [first, second] = await Promise.all(registers.map(gauges));
    const [coordinator, other] = a.pool.isCoordinator() ? [first, second] : [second, first];
    expect(coordinator).to.deep.equal({ owned: 5, planned: 5, unowned: 0, members: 2, coordinator: 1 });
    expect(other).to.deep.equal({ owned: 5, planned: 5, unowned: undefined, members: undefined, coordinator: 0 });
    for (const { pool } of [a, b]) await world.settled(pool.stop());
  });

  it('count moves by reason, and time handovers on the worker that gains', async () => {
    const world = new PoolWorld(10);
    const [a, b] = [world.worker('a'), world.worker('b')];
    const [left, gained] = [new Registry(), new Registry()];
    tracked({ close: collectPoolMetrics(a.pool, { register: left }) });
    tracked({ close: collectPoolMetrics(b.pool, { register: gained }) });
    await world.balanced([a]);
    expect(await moves(left)).to.include({ REBALANCED: 0, LEASE_LOST: 0 });
    await world.balanced([a, b]);
    expect(await moves(left)).to.include({ REBALANCED: 5, LEASE_LOST: 0 });
    expect(await handovers(left, 'count')).to.equal(0);
    expect(await handovers(gained, 'count')).to.equal(5);
    expect(await handovers(gained, 'sum')).to.be.within(0, 5);
    for (const { pool } of [a, b]) await world.settled(pool.stop());
  });

  it('take their series with them when they end, and the names with the last pool', async () => {
    const register = new Registry();
    const pools = ['x', 'y'].map((name) => new FakePool(name, { partitions: 2 }).start());
    const [x, y] = pools.map((pool) => collectPoolMetrics(pool, { register }));
    await pools[0]?.gain(1);
    expect((await samples(register, 'owned')).map(({ labels, value }) => [labels['pool'], value])).to.deep.equal([
      ['x', 1],
      ['y', 0],
    ]);
    x?.();
    x?.();
    for (const name of ['owned', 'moves_total', 'handover_seconds']) {
      expect(new Set((await samples(register, name)).map(({ labels }) => labels['pool'])), name).to.deep.equal(
        new Set(['y']),
      );
    }
    y?.[Symbol.dispose]();
    expect(register.getMetricsAsArray()).to.deep.equal([]);
    for (const pool of pools) await pool.stop();
  });

  it('are refused twice for pools of one name in one registry', () => {
    const register = new Registry();
    const [one, two] = ['a', 'b'].map((member) => new FakePool('x', { partitions: 2, member }));
    if (one === undefined || two === undefined) throw new Error('no pools');
    const detach = collectPoolMetrics(one, { register });
    expect(() => collectPoolMetrics(two, { register })).to.throw('metrics of the pool x are in this registry already');
    detach();
  });
});
