import { Counter, Gauge, Histogram, type Registry, type RegistryContentType } from 'prom-client';
import { BUCKETS, type Instruments as Figures, HELP, type Source } from '../recording/instruments.js';

/** All metrics of one registry under one prefix, shared by its elections. They are removed with the last election. */
export class Instruments implements Figures {
  static readonly #made = new WeakMap<object, Map<string, Instruments>>();

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
  readonly #register: Registry<RegistryContentType>;
  readonly #prefix: string;
  readonly #names: string[] = [];
  readonly #sources = new Map<string, Source>();

  private constructor(register: Registry<RegistryContentType>, prefix: string) {
    this.#register = register;
    this.#prefix = prefix;
    const gauge = (key: keyof Figures, name: string): Gauge<'election'> =>
      new Gauge({ ...this.#describe(key, name), labelNames: ['election'] });
    const counter = <L extends string>(key: keyof Figures, name: string, ...labelNames: L[]): Counter<L> =>
      new Counter({ ...this.#describe(key, name), labelNames });
    const histogram = (key: keyof typeof BUCKETS, name: string): Histogram<'election'> =>
      new Histogram({ ...this.#describe(key, name), labelNames: ['election'], buckets: [...BUCKETS[key]] });

    // `is_leader` updates all the others too: it is made first, and prom-client collects in the order of creation.
    const scrape = (): void => {
      for (const source of this.#sources.values()) source.scrape();
    };
    this.isLeader = new Gauge({
      ...this.#describe('isLeader', 'is_leader'),
      labelNames: ['election'],
      collect: scrape,
    });
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

  /** Made at the first call. @throws Error when the registry has another metric of one of the names */
  static of(register: Registry<RegistryContentType>, prefix: string): Instruments {
    const byPrefix = Instruments.#made.get(register) ?? new Map<string, Instruments>();
    Instruments.#made.set(register, byPrefix);
    const instruments = byPrefix.get(prefix) ?? new Instruments(register, prefix);
    byPrefix.set(prefix, instruments);
    return instruments;
  }

  add(source: Source): void {
    if (this.#sources.has(source.name)) {
      throw new Error(`metrics of the election ${source.name} are in this registry already: use another prefix`);
    }
    this.#sources.set(source.name, source);
  }

  remove(source: Source): void {
    if (this.#sources.get(source.name) !== source) return;
    this.#sources.delete(source.name);
    if (this.#sources.size > 0) return;
    for (const name of this.#names) this.#register.removeSingleMetric(name);
    Instruments.#made.get(this.#register)?.delete(this.#prefix);
  }

  #describe(
    key: keyof Figures,
    name: string,
  ): { name: string; help: string; registers: Registry<RegistryContentType>[] } {
    const full = `${this.#prefix}${name}`;
    this.#names.push(full);
    return { name: full, help: HELP[key], registers: [this.#register] };
  }
}
