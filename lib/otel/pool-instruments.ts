import type { Attributes, Meter } from '@opentelemetry/api';
import {
  HANDOVER_BUCKETS,
  type OfPool,
  POOL_HELP,
  type PoolCounter,
  type PoolHistogram,
  type PoolInstruments,
} from '../recording/pool-instruments.js';
import { ATTRIBUTE } from './instruments.js';
import {
  counter,
  histogram,
  type InstrumentDescription,
  ObservedValues,
  observe,
  oncePerMeter,
  sourcesOf,
} from './meter.js';

type Key = keyof PoolInstruments;

/** Names and units (UCUM), after OpenTelemetry's conventions: no unit and no `total` in a name. */
export const POOL_METRICS: Readonly<Record<Key, { readonly name: string; readonly unit: string }>> = {
  owned: { name: 'etcd_leader.pool.owned', unit: '{partition}' },
  planned: { name: 'etcd_leader.pool.planned', unit: '{partition}' },
  unowned: { name: 'etcd_leader.pool.unowned', unit: '{partition}' },
  members: { name: 'etcd_leader.pool.members', unit: '{worker}' },
  coordinator: { name: 'etcd_leader.pool.coordinator', unit: '1' },
  moves: { name: 'etcd_leader.pool.moves', unit: '{partition}' },
  handover: { name: 'etcd_leader.pool.handover.duration', unit: 's' },
};

/** All instruments of one meter about pools, shared by its pools. */
export class OtelPoolInstruments implements PoolInstruments {
  readonly owned = new ObservedValues(poolAttributes);
  readonly planned = new ObservedValues(poolAttributes);
  readonly unowned = new ObservedValues(poolAttributes);
  readonly members = new ObservedValues(poolAttributes);
  readonly coordinator = new ObservedValues(poolAttributes);
  readonly moves: PoolCounter;
  readonly handover: PoolHistogram;
  readonly sources = sourcesOf('a pool');

  constructor(meter: Meter) {
    this.moves = counter(meter, described('moves'), (labels) => ({
      ...poolAttributes(labels),
      [ATTRIBUTE.reason]: labels.reason,
    }));
    this.handover = histogram(meter, described('handover'), {
      buckets: HANDOVER_BUCKETS,
      attributesOf: poolAttributes,
    });
    const gauge = (key: Key) => meter.createObservableGauge(POOL_METRICS[key].name, described(key));
    observe(meter, this.sources, [
      [this.owned, gauge('owned')],
      [this.planned, gauge('planned')],
      [this.unowned, gauge('unowned')],
      [this.members, gauge('members')],
      [this.coordinator, gauge('coordinator')],
    ]);
  }
}

/** Made at the first call. */
export const poolInstrumentsOf = oncePerMeter((meter) => new OtelPoolInstruments(meter));

function poolAttributes({ pool }: OfPool): Attributes {
  return { [ATTRIBUTE.pool]: pool };
}

function described(key: Key): InstrumentDescription {
  return { ...POOL_METRICS[key], description: POOL_HELP[key] };
}
