import { Counter, Gauge, Histogram } from 'prom-client';
import { type PoolInstruments as Figures, HANDOVER_BUCKETS, POOL_HELP } from '../recording/pool-instruments.js';
import type { Sources } from '../recording/sources.js';
import { type MetricGroup, oncePerRegistry } from './metric-group.js';

/** The metrics of one registry about pools, shared by all pools that report to it. */
export class PrometheusPoolInstruments implements Figures {
  readonly sources: Sources;
  readonly owned: Gauge<'pool'>;
  readonly planned: Gauge<'pool'>;
  readonly unowned: Gauge<'pool'>;
  readonly members: Gauge<'pool'>;
  readonly coordinator: Gauge<'pool'>;
  readonly moves: Counter<'pool' | 'reason'>;
  readonly handover: Histogram<'pool'>;

  constructor(group: MetricGroup) {
    this.sources = group.sources;
    const described = (key: keyof Figures, name: string) => group.describe(name, POOL_HELP[key]);
    const gauge = (key: keyof Figures): Gauge<'pool'> => new Gauge({ ...described(key, key), labelNames: ['pool'] });
    // `owned` updates all the others too: it is made first, and prom-client collects in the order of creation.
    const collect = (): void => group.sources.scrape();
    this.owned = new Gauge({ ...described('owned', 'owned'), labelNames: ['pool'], collect });
    this.planned = gauge('planned');
    this.unowned = gauge('unowned');
    this.members = gauge('members');
    this.coordinator = gauge('coordinator');
    this.moves = new Counter({ ...described('moves', 'moves_total'), labelNames: ['pool', 'reason'] });
    const buckets = [...HANDOVER_BUCKETS];
    this.handover = new Histogram({ ...described('handover', 'handover_seconds'), labelNames: ['pool'], buckets });
  }
}

/** Made at the first call. @throws Error when the registry has another metric of one of the names */
export const poolInstrumentsIn = oncePerRegistry('the pool', (group) => new PrometheusPoolInstruments(group));
