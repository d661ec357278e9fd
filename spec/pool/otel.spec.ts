import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect } from 'chai';
import { Registry } from 'prom-client';
import { collectPoolMetrics } from '../../lib/metrics.js';
import { instrumentPool } from '../../lib/otel/index.js';
import { POOL_METRICS } from '../../lib/otel/pool-instruments.js';
import type { Pool } from '../../lib/pool/pool.js';
import { POOL_HELP, type PoolInstruments } from '../../lib/recording/pool-instruments.js';
import { FakePool } from '../../lib/testing.js';
import { PoolWorld } from '../support/pool/pool-world.js';
import { tracked } from '../support/track.js';

type Key = keyof PoolInstruments;

/** The figures of one worker by series: a number, or of a histogram how many there were and their sum. */
type Figures = Readonly<Record<string, number | { readonly count: number; readonly sum: number }>>;

/** The names of prom-client's metrics, by ours. */
const PROMETHEUS: Readonly<Record<Key, string>> = {
  owned: 'owned',
  planned: 'planned',
  unowned: 'unowned',
  members: 'members',
  coordinator: 'coordinator',
  moves: 'moves_total',
  handover: 'handover_seconds',
};
const KEYS = Object.keys(POOL_METRICS) as Key[];
/** Milliseconds; the spec flushes, so the reader's own time never comes. */
const NEVER = 2 ** 31 - 1;

/** A meter with the SDK's exporter in memory. */
class Meters {
  readonly exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly provider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: this.exporter, exportIntervalMillis: NEVER })],
  });

  constructor() {
    tracked({ close: () => this.provider.shutdown() });
  }

  follow(pool: Pool): void {
    tracked({ close: instrumentPool(pool, { meterProvider: this.provider }) });
  }

  /** What the exporter was given, with the series named as in Prometheus. */
  async figures(): Promise<Figures> {
    this.exporter.reset();
    await this.provider.forceFlush();
    const figures: Record<string, number | { count: number; sum: number }> = {};
    const scopes = this.exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    for (const { descriptor, dataPoints } of scopes.flatMap(({ metrics }) => metrics)) {
      const key = KEYS.find((one) => POOL_METRICS[one].name === descriptor.name);
      expect(descriptor.unit).to.equal(key && POOL_METRICS[key].unit);
      expect(descriptor.description).to.equal(key && POOL_HELP[key]);
      for (const { attributes, value } of dataPoints) {
        const labels = [attributes['etcd_leader.pool'], attributes['etcd_leader.reason']].filter(Boolean);
        const whole = typeof value === 'number' ? value : { count: value.count, sum: value.sum ?? 0 };
        figures[[key && PROMETHEUS[key], ...labels].join(' ')] = whole;
      }
    }
    return figures;
  }
}

/** What Prometheus scrapes, in the same words. A histogram without an observation is left out: a meter has none. */
async function scraped(register: Registry): Promise<Figures> {
  const figures: Record<string, number | { count: number; sum: number }> = {};
  for (const { name, type, values } of await register.getMetricsAsJSON()) {
    for (const sample of values) {
      const labels = ['pool', 'reason'].map((label) => (sample.labels as Record<string, unknown>)[label]);
      const series = [name.replace('etcd_leader_pool_', ''), ...labels.filter(Boolean)].join(' ');
      const part = /_(count|sum)$/.exec((sample as { readonly metricName?: string }).metricName ?? '')?.[1];
      if (String(type) !== 'histogram') figures[series] = sample.value;
      else if (part !== undefined) {
        figures[series] = { count: 0, sum: 0, ...(figures[series] as object), [part]: sample.value };
      }
    }
  }
  const isEmpty = (figure: Figures[string]): boolean => typeof figure === 'object' && figure.count === 0;
  return Object.fromEntries(Object.entries(figures).filter(([, figure]) => !isEmpty(figure)));
}

describe('OpenTelemetry of a pool', () => {
  it('has the same figures as Prometheus on every worker, after joins, moves, a crash and a lost lease', async () => {
    const world = new PoolWorld(12);
    const workers = ['a', 'b', 'c', 'd'].map((name) => world.worker(name));
    const instrumented = workers.map((worker) => {
      const [register, meters] = [new Registry(), new Meters()];
      tracked({ close: collectPoolMetrics(worker.pool, { register }) });
      meters.follow(worker.pool);
      return { worker, register, meters };
    });
    /** The figures of each worker that is alive, which are the same in both. */
    const compared = async (): Promise<Figures[]> => {
      const alive = instrumented.filter(({ worker }) => !worker.clock.dead);
      return await Promise.all(
        alive.map(async ({ worker, register, meters }) => {
          const [scrape, collected] = [await scraped(register), await meters.figures()];
          expect(collected, worker.name).to.deep.equal(scrape);
          return collected;
        }),
      );
    };
    const sum = (all: readonly Figures[], series: string): number =>
      all.reduce((total, figures) => total + Number(figures[series] ?? 0), 0);
    const [a, b, c, d] = workers as [
      (typeof workers)[0],
      (typeof workers)[0],
      (typeof workers)[0],
      (typeof workers)[0],
    ];
    for (const count of [1, 2, 3, 4]) await world.balanced(workers.slice(0, count));
    const moves = sum(await compared(), 'moves_total p REBALANCED');
    expect(moves).to.be.at.least(6 + 4 + 3);

    d.clock.kill();
    await world.until(() => world.etcd.keys('p/members/').length === 3, 'its lease has ended');
    await world.advance(5);
    const crashed = await compared();
    expect([sum(crashed, 'owned p'), sum(crashed, 'moves_total p REBALANCED')]).to.deep.equal([9, moves]);
    await world.balanced([a, b, c]);
    const unmoved = await compared();
    expect([sum(unmoved, 'owned p'), sum(unmoved, 'moves_total p REBALANCED')]).to.deep.equal([12, moves]);

    world.etcd.revoke(world.leaseOf(b));
    await world.until(() => b.pool.owned.size === 0, 'b has lost everything');
    await world.balanced([a, b, c]);
    await world.settled(c.pool.stop());
    await world.balanced([a, b]);

    const [ofA, ofB, ofC] = (await compared()) as [Figures, Figures, Figures];
    const handovers = [ofA, ofB, ofC].map((figures) => figures['handover_seconds p']);
    expect(
      handovers.reduce<number>((total, one) => total + (typeof one === 'object' ? one.count : 0), 0),
    ).to.be.at.least(6);
    expect(ofA).to.include({ 'owned p': 6, 'planned p': 6 });
    expect(ofB['moves_total p LEASE_LOST']).to.equal(4);
    expect(a.pool.isCoordinator() ? ofA : ofB).to.include({ 'coordinator p': 1, 'members p': 2, 'unowned p': 0 });
    for (const { pool } of [a, b]) await world.settled(pool.stop());
  });

  it('tells what this worker owns at the moment of the collection', async () => {
    const meters = new Meters();
    const fake = tracked(new FakePool('orders', { partitions: 4 }));
    meters.follow(fake);
    fake.start();
    expect(await meters.figures()).to.include({ 'owned orders': 0, 'planned orders': 0, 'coordinator orders': 0 });
    await fake.gain(3);
    const figures = await meters.figures();
    expect(figures).to.include({ 'owned orders': 1, 'planned orders': 1, 'moves_total orders REBALANCED': 0 });
    expect(figures).not.to.have.any.keys('members orders', 'unowned orders');
    await fake.lose(3);
    expect(await meters.figures()).to.include({ 'owned orders': 0, 'moves_total orders REBALANCED': 1 });
  });

  it('keeps the pools of one meter apart, and refuses two of one name', async () => {
    const meters = new Meters();
    const [x, y] = ['x', 'y'].map((name) => tracked(new FakePool(name, { partitions: 2 }).start()));
    for (const pool of [x, y]) if (pool !== undefined) meters.follow(pool);
    await x?.gain(0);
    expect(await meters.figures()).to.include({ 'owned x': 1, 'owned y': 0 });
    const attempt = (): unknown =>
      instrumentPool(new FakePool('x', { partitions: 2 }), { meterProvider: meters.provider });
    expect(attempt).to.throw('a pool x reports to this meter already: use another meter provider');
  });

  it('reports nothing of a pool that was detached, and follows it no longer', async () => {
    const meters = new Meters();
    const fake = tracked(new FakePool('orders', { partitions: 4 }).start());
    const detach = instrumentPool(fake, { meterProvider: meters.provider });
    await fake.gain(3);
    detach();
    detach();
    await fake.lose(3);
    const figures = await meters.figures();
    expect(figures).not.to.have.any.keys('owned orders', 'planned orders', 'coordinator orders');
    expect(figures['moves_total orders REBALANCED']).to.equal(0);
    meters.follow(fake); // again
  });

  it('does without an SDK', async () => {
    const fake = tracked(new FakePool('orders', { partitions: 4 }).start());
    tracked({ close: instrumentPool(fake) });
    await fake.gain(3);
    await fake.lose(3);
  });
});
