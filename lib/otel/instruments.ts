import type { Attributes, Meter } from '@opentelemetry/api';
import {
  BUCKETS,
  type Counter,
  HELP,
  type Histogram,
  type Instruments,
  type OfCode,
  type OfElection,
} from '../recording/instruments.js';
import {
  counter,
  histogram,
  type InstrumentDescription,
  ObservedValues,
  observe,
  oncePerMeter,
  sourcesOf,
} from './meter.js';

/** Attributes, after OpenTelemetry's conventions: a namespace, dots between its parts, `error.type` for errors. */
export const ATTRIBUTE = {
  election: 'etcd_leader.election',
  pool: 'etcd_leader.pool',
  reason: 'etcd_leader.reason',
  error: 'error.type',
  fencingToken: 'etcd_leader.fencing_token',
  previousToken: 'etcd_leader.previous.fencing_token',
  leaseId: 'etcd_leader.lease.id',
  isLeader: 'etcd_leader.is_leader',
} as const;

/** Names and units (UCUM), after the same conventions: no unit and no `total` in a name. */
export const METRICS: Readonly<Record<keyof Instruments, { readonly name: string; readonly unit: string }>> = {
  isLeader: { name: 'etcd_leader.is_leader', unit: '1' },
  expiresIn: { name: 'etcd_leader.expires_in', unit: 's' },
  queuePosition: { name: 'etcd_leader.queue.position', unit: '1' },
  suspended: { name: 'etcd_leader.suspended', unit: '1' },
  elected: { name: 'etcd_leader.elected', unit: '{term}' },
  unelected: { name: 'etcd_leader.unelected', unit: '{term}' },
  leaderChanges: { name: 'etcd_leader.leader.changes', unit: '{change}' },
  leadingSeconds: { name: 'etcd_leader.leading.time', unit: 's' },
  refreshDuration: { name: 'etcd_leader.refresh.duration', unit: 's' },
  refreshFailures: { name: 'etcd_leader.refresh.failures', unit: '{failure}' },
  reelection: { name: 'etcd_leader.reelection.duration', unit: 's' },
  errors: { name: 'etcd_leader.errors', unit: '{error}' },
};

/** All instruments of one meter about elections, shared by its elections. */
export class OtelInstruments implements Instruments {
  readonly isLeader = new ObservedValues(electionAttributes);
  readonly expiresIn = new ObservedValues(electionAttributes);
  readonly queuePosition = new ObservedValues(electionAttributes);
  readonly suspended = new ObservedValues(electionAttributes);
  readonly leadingSeconds = new ObservedValues(electionAttributes);
  readonly elected: Counter;
  readonly unelected: Counter<OfCode>;
  readonly leaderChanges: Counter;
  readonly refreshDuration: Histogram;
  readonly refreshFailures: Counter;
  readonly reelection: Histogram;
  readonly errors: Counter<OfCode>;
  readonly sources = sourcesOf('an election');

  constructor(meter: Meter) {
    const codeAs = (attribute: string) => (labels: OfCode) => ({
      ...electionAttributes(labels),
      [attribute]: labels.code,
    });
    this.elected = counter(meter, described('elected'), electionAttributes);
    this.unelected = counter(meter, described('unelected'), codeAs(ATTRIBUTE.reason));
    this.leaderChanges = counter(meter, described('leaderChanges'), electionAttributes);
    this.refreshDuration = histogramOf(meter, 'refreshDuration');
    this.refreshFailures = counter(meter, described('refreshFailures'), electionAttributes);
    this.reelection = histogramOf(meter, 'reelection');
    this.errors = counter(meter, described('errors'), codeAs(ATTRIBUTE.error));
    const gauge = (key: keyof Instruments) => meter.createObservableGauge(METRICS[key].name, described(key));
    observe(meter, this.sources, [
      [this.isLeader, gauge('isLeader')],
      [this.expiresIn, gauge('expiresIn')],
      [this.queuePosition, gauge('queuePosition')],
      [this.suspended, gauge('suspended')],
      [this.leadingSeconds, meter.createObservableCounter(METRICS.leadingSeconds.name, described('leadingSeconds'))],
    ]);
  }
}

/** Made at the first call. */
export const instrumentsOf = oncePerMeter((meter) => new OtelInstruments(meter));

function electionAttributes({ election }: OfElection): Attributes {
  return { [ATTRIBUTE.election]: election };
}

function described(key: keyof Instruments): InstrumentDescription {
  return { ...METRICS[key], description: HELP[key] };
}

function histogramOf(meter: Meter, key: keyof typeof BUCKETS): Histogram {
  return histogram(meter, described(key), { buckets: BUCKETS[key], attributesOf: electionAttributes });
}
