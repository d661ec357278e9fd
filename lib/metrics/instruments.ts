import { Counter, Gauge, Histogram, type Registry, type RegistryContentType } from 'prom-client';

/** One election's part of a scrape. */
export interface Source {
  readonly name: string;
  /** Updates the metrics that no event updates. */
  scrape(): void;
}

const ROUND_TRIPS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const WAITS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

/** All metrics of one registry under one prefix, shared by its elections. They are removed with the last election. */
export class Instruments {
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
    const gauge = (name: string, help: string): Gauge<'election'> =>
      new Gauge({ ...this.#describe(name, help), labelNames: ['election'] });
    const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
      new Counter({ ...this.#describe(name, help), labelNames });
    const histogram = (name: string, help: string, buckets: number[]): Histogram<'election'> =>
      new Histogram({ ...this.#describe(name, help), labelNames: ['election'], buckets });

    // `is_leader` updates all the others too: it is made first, and prom-client collects in the order of creation.
    const scrape = (): void => {
      for (const source of this.#sources.values()) source.scrape();
    };
    this.isLeader = new Gauge({
      ...this.#describe('is_leader', 'Whether this candidate leads, by the clock at the moment of the scrape'),
      labelNames: ['election'],
      collect: scrape,
    });
    this.expiresIn = gauge('expires_in_seconds', 'Until leadership ends if no refresh succeeds; 0 when not leading');
    this.queuePosition = gauge('queue_position', 'Place in the queue: 1 leads, 0 is not in it');
    this.suspended = gauge('suspended', 'Whether etcd does not answer');
    this.elected = counter('elected_total', 'Times this candidate was elected', 'election');
    this.unelected = counter('unelected_total', 'Times this candidate lost leadership, by reason', 'election', 'code');
    this.leaderChanges = counter('leader_changes_total', 'Changes of leader, whoever it was', 'election');
    this.leadingSeconds = counter('leading_seconds_total', 'Time as leader', 'election');
    this.refreshDuration = histogram('refresh_duration_seconds', 'Round trip of a refresh of the lease', ROUND_TRIPS);
    this.refreshFailures = counter(
      'refresh_failures_total',
      'Times etcd has stopped answering, each counted once however many attempts fail',
      'election',
    );
    this.reelection = histogram('reelection_seconds', 'From the loss of leadership to the next election', WAITS);
    this.errors = counter('errors_total', 'Errors told, by code; each is tried again', 'election', 'code');
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

  #describe(name: string, help: string): { name: string; help: string; registers: Registry<RegistryContentType>[] } {
    const full = `${this.#prefix}${name}`;
    this.#names.push(full);
    return { name: full, help, registers: [this.#register] };
  }
}
