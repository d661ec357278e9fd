import { Counter, Gauge, Histogram } from 'prom-client';
import { BUCKETS, type Instruments as Figures, HELP } from '../recording/instruments.js';
import type { Sources } from '../recording/sources.js';
import { type MetricGroup, oncePerRegistry } from './metric-group.js';

/** The metrics of one registry about elections, shared by all elections that report to it. */
export class PrometheusInstruments implements Figures {
  readonly sources: Sources;
  readonly isLeader: Gauge<'election'>;
  readonly expiresIn: Gauge<'election'>;
  readonly queuePosition: Gauge<'election'>;
  readonly suspended: Gauge<'election'>;
  readonly elected: Counter<'election'>;
  readonly unelected: Counter<'election' | 'code'>;
  readonly leaderChanges: Counter<'election'>;
  readonly leadingSeconds: Counter<'election'>;
  readonly refreshDuration: Histogram<'election'>;
  readonly refreshFailures: Counter<'election'>;
  readonly reelection: Histogram<'election'>;
  readonly errors: Counter<'election' | 'code'>;

  constructor(group: MetricGroup) {
    this.sources = group.sources;
    const described = (key: keyof Figures, name: string) => group.describe(name, HELP[key]);
    const gauge = (key: keyof Figures, name: string): Gauge<'election'> =>
      new Gauge({ ...described(key, name), labelNames: ['election'] });
    const counter = <L extends string>(key: keyof Figures, name: string, ...labelNames: L[]): Counter<L> =>
      new Counter({ ...described(key, name), labelNames });
    const histogram = (key: keyof typeof BUCKETS, name: string): Histogram<'election'> =>
      new Histogram({ ...described(key, name), labelNames: ['election'], buckets: [...BUCKETS[key]] });

    // `is_leader` updates all the others too: it is made first, and prom-client collects in the order of creation.
    const collect = (): void => group.sources.scrape();
    this.isLeader = new Gauge({ ...described('isLeader', 'is_leader'), labelNames: ['election'], collect });
    this.expiresIn = gauge('expiresIn', 'expires_in_seconds');
    this.queuePosition = gauge('queuePosition', 'queue_position');
    this.suspended = gauge('suspended', 'suspended');
    this.elected = counter('elected', 'elected_total', 'election');
    this.unelected = counter('unelected', 'unelected_total', 'election', 'code');
    this.leaderChanges = counter('leaderChanges', 'leader_changes_total', 'election');
    this.leadingSeconds = counter('leadingSeconds', 'leading_seconds_total', 'election');
    this.refreshDuration = histogram('refreshDuration', 'refresh_duration_seconds');
    this.refreshFailures = counter('refreshFailures', 'refresh_failures_total', 'election');
    this.reelection = histogram('reelection', 'reelection_seconds');
    this.errors = counter('errors', 'errors_total', 'election', 'code');
  }
}

/** Made at the first call. @throws Error when the registry has another metric of one of the names */
export const instrumentsIn = oncePerRegistry('the election', (group) => new PrometheusInstruments(group));
