import type { Counter, Registry } from 'prom-client';
import type { Changes } from '../../view/view.js';
import type { EtcdHealth } from './etcd-health.js';
import type { Pictures } from './pictures.js';

export interface MetricsSources {
  readonly pictures: Pictures;
  readonly health: EtcdHealth;
  readonly streams: { readonly size: number };
}

/** What Prometheus gets: one text, and the type that it wants to be told. */
export interface Exposition {
  readonly type: string;
  readonly text: string;
}

/** The figures of what is seen, in a registry of their own. */
export class Metrics {
  readonly #sources: MetricsSources;
  readonly #register: Registry;
  readonly #changes: Counter;
  /** Token of the leader of each election, as it was seen last. */
  readonly #leaders = new Map<string, bigint | undefined>();

  private constructor(sources: MetricsSources, prom: typeof import('prom-client')) {
    this.#sources = sources;
    const { pictures, health, streams } = sources;
    const register = new prom.Registry();
    const gauge = (name: string, help: string, value: () => number): void => {
      const collect = (): void => one.set(value());
      const one = new prom.Gauge({ name: `etcd_leader_view_${name}`, help, registers: [register], collect });
    };
    const led = (): number => pictures.latest.elections.filter(({ leader }) => leader !== undefined).length;
    gauge('elections', 'Elections that are seen', () => pictures.latest.elections.length);
    gauge('elections_led', 'Elections that have a leader', led);
    gauge('pools', 'Pools that are seen', () => pictures.latest.pools.length);
    gauge('age_seconds', 'Seconds since etcd has last shown that the picture is right', () => health.age / 1000);
    gauge('clients', 'Clients that follow the picture', () => streams.size);
    this.#register = register;
    this.#changes = new prom.Counter({
      name: 'etcd_leader_view_leader_changes_total',
      help: 'How often another candidate was seen to lead, since this server was started',
      labelNames: ['election'],
      registers: [register],
    });
  }

  /** Undefined: prom-client is not installed. */
  static async create(sources: MetricsSources): Promise<Metrics | undefined> {
    try {
      return new Metrics(sources, await import('prom-client'));
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
      throw err;
    }
  }

  /** The first picture is whole: its leaders are no changes. */
  started(): void {
    for (const { name, leader } of this.#sources.pictures.latest.elections) {
      this.#leaders.set(name, leader?.fencingToken);
      this.#changes.inc({ election: name }, 0);
    }
  }

  changed({ elections }: Changes): void {
    for (const name of elections) this.#count(name);
  }

  async read(): Promise<Exposition> {
    return { type: this.#register.contentType, text: await this.#register.metrics() };
  }

  #count(name: string): void {
    const election = this.#sources.pictures.elections.get(name);
    if (election === undefined) {
      this.#leaders.delete(name);
      this.#changes.remove({ election: name });
      return;
    }
    const token = election.leader?.fencingToken;
    const isChange = token !== undefined && token !== this.#leaders.get(name);
    this.#changes.inc({ election: name }, isChange ? 1 : 0);
    this.#leaders.set(name, token ?? this.#leaders.get(name));
  }
}
