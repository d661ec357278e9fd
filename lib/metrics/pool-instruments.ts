import { Counter, Gauge, Histogram, type Registry, type RegistryContentType } from 'prom-client';
import { HANDOVER_BUCKETS, POOL_HELP, type PoolInstruments } from '../recording/pool-instruments.js';
import type { PoolRecorder } from '../recording/pool-recorder.js';

type Key = keyof PoolInstruments;

/** All metrics of pools in one registry under one prefix. They are removed with the last pool. */
export class PromPoolInstruments implements PoolInstruments {
  static readonly #made = new WeakMap<object, Map<string, PromPoolInstruments>>();

  readonly owned: Gauge<'pool'>;
  readonly planned: Gauge<'pool'>;
  readonly unowned: Gauge<'pool'>;
  readonly members: Gauge<'pool'>;
  readonly coordinator: Gauge<'pool'>;
  readonly moves: Counter<'pool' | 'reason'>;
  readonly handover: Histogram<'pool'>;
  readonly #register: Registry<RegistryContentType>;
  readonly #prefix: string;
  readonly #names: string[] = [];
  readonly #sources = new Map<string, PoolRecorder>();

  private constructor(register: Registry<RegistryContentType>, prefix: string) {
    this.#register = register;
    this.#prefix = prefix;
    const described = (key: Key, name: string) => {
      const full = `${prefix}${name}`;
      this.#names.push(full);
      return { name: full, help: POOL_HELP[key], registers: [register] };
    };
    const gauge = (key: Key): Gauge<'pool'> => new Gauge({ ...described(key, key), labelNames: ['pool'] });
    // `owned` updates all the others too: it is made first, and prom-client collects in the order of creation.
    const collect = (): void => {
      for (const source of this.#sources.values()) source.scrape();
    };
    this.owned = new Gauge({ ...described('owned', 'owned'), labelNames: ['pool'], collect });
    this.planned = gauge('planned');
    this.unowned = gauge('unowned');
    this.members = gauge('members');
    this.coordinator = gauge('coordinator');
    this.moves = new Counter({ ...described('moves', 'moves_total'), labelNames: ['pool', 'reason'] });
    const buckets = [...HANDOVER_BUCKETS];
    this.handover = new Histogram({ ...described('handover', 'handover_seconds'), labelNames: ['pool'], buckets });
  }

  /** Made at the first call. @throws Error when the registry has another metric of one of the names */
  static of(register: Registry<RegistryContentType>, prefix: string): PromPoolInstruments {
    const byPrefix = PromPoolInstruments.#made.get(register) ?? new Map<string, PromPoolInstruments>();
    PromPoolInstruments.#made.set(register, byPrefix);
    const instruments = byPrefix.get(prefix) ?? new PromPoolInstruments(register, prefix);
    byPrefix.set(prefix, instruments);
    return instruments;
  }

  /** @throws Error when a pool of this name is there already */
  add(source: PoolRecorder): void {
    if (this.#sources.has(source.name)) {
      throw new Error(`metrics of the pool ${source.name} are in this registry already: use another prefix`);
    }
    this.#sources.set(source.name, source);
  }

  remove(source: PoolRecorder): void {
    if (this.#sources.get(source.name) !== source) return;
    this.#sources.delete(source.name);
    if (this.#sources.size > 0) return;
    for (const name of this.#names) this.#register.removeSingleMetric(name);
    PromPoolInstruments.#made.get(this.#register)?.delete(this.#prefix);
  }
}
