import type { Attributes, Meter } from '@opentelemetry/api';
import {
  BUCKETS,
  type Counter,
  type Gauge,
  HELP,
  type Histogram,
  type Instruments,
  type OfCode,
  type OfElection,
  type Source,
} from '../recording/instruments.js';

/** Attributes, after OpenTelemetry's conventions: a namespace, dots between its parts, `error.type` for errors. */
export const ATTRIBUTE = {
  election: 'etcd_leader.election',
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

/** Figures that are asked for when they are collected, by election. */
type Observed = Pick<Instruments, 'isLeader' | 'expiresIn' | 'queuePosition' | 'suspended' | 'leadingSeconds'>;

/** All instruments of one meter, shared by its elections. */
export class OtelInstruments implements Instruments {
  static readonly #made = new WeakMap<Meter, OtelInstruments>();

  readonly isLeader = new ObservedValues();
  readonly expiresIn = new ObservedValues();
  readonly queuePosition = new ObservedValues();
  readonly suspended = new ObservedValues();
  readonly leadingSeconds = new ObservedValues();
  readonly elected: Counter;
  readonly unelected: Counter<OfCode>;
  readonly leaderChanges: Counter;
  readonly refreshDuration: Histogram;
  readonly refreshFailures: Counter;
  readonly reelection: Histogram;
  readonly errors: Counter<OfCode>;
  readonly #sources = new Map<string, Source>();

  private constructor(meter: Meter) {
    this.elected = counter(meter, 'elected', electionOf);
    this.unelected = counter<OfCode>(meter, 'unelected', (labels) => ({
      ...electionOf(labels),
      [ATTRIBUTE.reason]: labels.code,
    }));
    this.leaderChanges = counter(meter, 'leaderChanges', electionOf);
    this.refreshDuration = histogram(meter, 'refreshDuration');
    this.refreshFailures = counter(meter, 'refreshFailures', electionOf);
    this.reelection = histogram(meter, 'reelection');
    this.errors = counter<OfCode>(meter, 'errors', (labels) => ({
      ...electionOf(labels),
      [ATTRIBUTE.error]: labels.code,
    }));
    this.#observe(meter);
  }

  static of(meter: Meter): OtelInstruments {
    const made = OtelInstruments.#made.get(meter) ?? new OtelInstruments(meter);
    OtelInstruments.#made.set(meter, made);
    return made;
  }

  /** @throws Error when an election of this name is there already */
  add(source: Source): void {
    if (this.#sources.has(source.name)) {
      throw new Error(`an election ${source.name} reports to this meter already: use another meter provider`);
    }
    this.#sources.set(source.name, source);
  }

  remove(source: Source): void {
    if (this.#sources.get(source.name) === source) this.#sources.delete(source.name);
  }

  /** One callback for all: so one scrape updates all figures of one collection. */
  #observe(meter: Meter): void {
    const gauge = (key: keyof Observed) => meter.createObservableGauge(METRICS[key].name, describe(key));
    const all = [
      [this.isLeader, gauge('isLeader')],
      [this.expiresIn, gauge('expiresIn')],
      [this.queuePosition, gauge('queuePosition')],
      [this.suspended, gauge('suspended')],
      [this.leadingSeconds, meter.createObservableCounter(METRICS.leadingSeconds.name, describe('leadingSeconds'))],
    ] as const;
    meter.addBatchObservableCallback(
      (result) => {
        for (const source of this.#sources.values()) source.scrape();
        for (const [values, instrument] of all) {
          values.tell((value, attributes) => result.observe(instrument, value, attributes));
        }
      },
      all.map(([, instrument]) => instrument),
    );
  }
}

/** The latest values of a figure, by election. */
class ObservedValues implements Gauge, Counter {
  readonly #values = new Map<string, number>();

  set({ election }: OfElection, value: number): void {
    this.#values.set(election, value);
  }

  inc({ election }: OfElection, by = 1): void {
    this.#values.set(election, (this.#values.get(election) ?? 0) + by);
  }

  remove({ election }: OfElection): void {
    this.#values.delete(election);
  }

  tell(observe: (value: number, attributes: Attributes) => void): void {
    for (const [election, value] of this.#values) observe(value, electionOf({ election }));
  }
}

function electionOf({ election }: OfElection): Attributes {
  return { [ATTRIBUTE.election]: election };
}

function describe(key: keyof Instruments): { readonly description: string; readonly unit: string } {
  return { description: HELP[key], unit: METRICS[key].unit };
}

function counter<L extends OfElection>(
  meter: Meter,
  key: keyof Instruments,
  attributesOf: (labels: L) => Attributes,
): Counter<L> {
  const made = meter.createCounter(METRICS[key].name, describe(key));
  return {
    inc: (labels, by = 1) => made.add(by, attributesOf(labels)),
    remove: () => {}, // a meter keeps what was counted
  };
}

function histogram(meter: Meter, key: keyof typeof BUCKETS): Histogram {
  const advice = { explicitBucketBoundaries: [...BUCKETS[key]] };
  const made = meter.createHistogram(METRICS[key].name, { ...describe(key), advice });
  return {
    observe: (labels, seconds) => made.record(seconds, electionOf(labels)),
    zero: () => {}, // a meter has no series without a record
    remove: () => {},
  };
}
