import type { Etcd3 } from 'etcd3';
import { defaultLogger } from '../default-logger.js';
import { type Environment, environmentOf, type SharedEnvironment } from '../environment.js';
import type { ElectionError } from '../errors.js';
import { Events } from '../events.js';
import { GuardedLogger, type Logger } from '../log.js';
import type { Picture } from './picture.js';

/** Names of elections and pools, those that are gone from the picture among them. */
export interface Changes {
  readonly elections: readonly string[];
  readonly pools: readonly string[];
}

/** Every event of a {@link View}. */
export interface ViewEvents {
  /** Something has changed; told once for all that etcd has told together. */
  changed: [picture: Picture, changes: Changes];
  /** etcd does not answer, or refuses: the picture may be out of date. The view keeps trying. */
  error: [error: ElectionError];
  /** etcd answers again, and the picture is up to date. */
  answered: [];
}

export interface ViewOptions {
  readonly logger?: Logger | undefined;
  /** Read the order of past leaders from etcd's revisions since the last compaction. */
  readonly history?: boolean | undefined;
}

/** Follows all elections and pools under a prefix: one range watch, values of heads only. */
export class View {
  readonly #environment: SharedEnvironment;
  readonly #prefix: string;
  readonly #events: Events<{ [E in keyof ViewEvents]: ViewEvents[E] }>;
  #picture: Picture = { revision: 0n, elections: [], pools: [] };

  constructor(etcd: Etcd3 | Environment, prefix: string, options: ViewOptions = {}) {
    this.#environment = environmentOf(etcd);
    this.#prefix = prefix;
    const log = options.logger === undefined ? defaultLogger() : new GuardedLogger(options.logger);
    this.#events = new Events(() => log, this);
  }

  get picture(): Picture {
    return this.#picture;
  }

  /** Settles when the first picture is whole: it waits for etcd as long as etcd does not answer. */
  async start(): Promise<void> {
    await Promise.resolve([this.#environment, this.#prefix]);
  }

  on<E extends keyof ViewEvents>(event: E, listener: (...args: ViewEvents[E]) => unknown): this {
    this.#events.on(event, listener);
    return this;
  }

  close(): void {}
}
