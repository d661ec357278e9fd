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
import { counter, type Described, histogram, ObservedValues, observe, oncePerMeter, sourcesOf } from './meter.js';

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
  readonly owned = new ObservedValues(poolOf);
  readonly planned = new ObservedValues(poolOf);
  readonly unowned = new ObservedValues(poolOf);
  readonly members = new ObservedValues(poolOf);
  readonly coordinator = new ObservedValues(poolOf);
  readonly moves: PoolCounter;
  readonly handover: PoolHistogram;
  readonly sources = sourcesOf('a pool');

  constructor(meter: Meter) {
    this.moves = counter(meter, described('moves'), (labels) => ({
      ...poolOf(labels),
      [ATTRIBUTE.reason]: labels.reason,
    }));
    this.handover = histogram(meter, described('handover'), { buckets: HANDOVER_BUCKETS, attributesOf: poolOf });
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

function poolOf({ pool }: OfPool): Attributes {
  return { [ATTRIBUTE.pool]: pool };
}

function described(key: Key): Described {
  return { ...POOL_METRICS[key], description: POOL_HELP[key] };
}
