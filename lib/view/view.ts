import type { Etcd3 } from 'etcd3';
import { withResolvers } from '../common/deferred.js';
import { type Environment, environmentOf, type SharedEnvironment } from '../environment.js';
import { type ElectionError, toElectionError } from '../errors.js';
import { Events } from '../events.js';
import type { Logger } from '../log.js';
import { resolveLogger } from '../options.js';
import { keyFrom } from '../store/bytes.js';
import { ClientClosed } from '../store/store.js';
import { Following } from './following.js';
import type { Picture } from './picture.js';
import { Seen } from './seen.js';

/** Milliseconds in which changes are gathered. A thousand elections that change together are told a few times. */
const GATHERED = 20;

/** Names of elections and pools, those that are gone from the picture among them. */
export interface Changes {
  readonly elections: readonly string[];
  readonly pools: readonly string[];
}

/** Every event of a {@link View}. */
export interface ViewEvents {
  /** Something has changed; told once for all that has changed within some milliseconds. */
  changed: [picture: Picture, changes: Changes];
  /**
   * etcd does not answer, or refuses: the picture may be out of date. Told for each attempt; the view keeps trying.
   * Told once when the client is closed; then the view has ended.
   */
  error: [error: ElectionError];
  /** etcd has begun to answer: the picture will be whole when it has answered all. */
  heard: [];
  /** etcd answers again, and the picture is up to date. */
  answered: [];
}

export interface ViewOptions {
  readonly logger?: Logger | undefined;
  /**
   * Show terms that the viewer has not seen, as leaders with the option `history` have recorded them.
   *
   * @default false
   */
  readonly history?: boolean | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/**
 * Follows all elections and pools under a prefix: one range watch, values of heads only. It takes part in nothing, and
 * costs the candidates nothing. Its picture says what was seen; a leader in the picture may have lost leadership
 * meanwhile.
 */
export class View {
  readonly #environment: SharedEnvironment;
  readonly #prefix: string;
  readonly #events: Events<{ [E in keyof ViewEvents]: ViewEvents[E] }>;
  readonly #seen: Seen;
  readonly #whole = withResolvers<void>();
  #following: Following | undefined;
  #cancelTelling: (() => void) | undefined;
  #isOut = false;
  #picture: Picture = { revision: 0n, elections: [], pools: [] };

  constructor(etcd: Etcd3 | Environment, prefix: string, options: ViewOptions = {}) {
    this.#environment = environmentOf(etcd);
    this.#prefix = keyFrom(prefix);
    const log = resolveLogger(options.logger);
    this.#events = new Events(() => log, this);
    this.#seen = new Seen(this.#prefix, options.now ?? Date.now, options.history ?? false);
  }

  get picture(): Picture {
    return this.#picture;
  }

  /**
   * Settles when the first picture is whole. Waits for an etcd that does not answer.
   *
   * @throws ElectionError (rejects) `PERMISSION_DENIED`, and the view keeps trying all the same; `UNAVAILABLE` when the
   *   client is closed, and the view has ended
   */
  start(): Promise<void> {
    this.#following ??= new Following(this.#environment, this.#prefix, this.#seen, {
      seen: () => this.#tellSoon(),
      heard: () => this.#events.emit('heard'),
      failed: (error) => this.#onFailure(error),
      read: () => this.#onRead(),
    });
    return this.#whole.promise;
  }

  on<E extends keyof ViewEvents>(event: E, listener: (...args: ViewEvents[E]) => unknown): this {
    this.#events.on(event, listener);
    return this;
  }

  /** Ends the watch. Nothing is told any more. */
  close(): void {
    this.#following?.close();
    this.#cancelTelling?.();
  }

  #onRead(): void {
    this.#tell();
    this.#whole.resolve();
    if (!this.#isOut) return;
    this.#isOut = false;
    this.#events.emit('answered');
  }

  #onFailure(err: unknown): void {
    this.#isOut = true;
    const error = toElectionError(err);
    if (error.code === 'PERMISSION_DENIED' || error instanceof ClientClosed) this.#whole.reject(error);
    if (this.#events.has('error')) this.#events.emit('error', error);
  }

  #tellSoon(): void {
    this.#cancelTelling ??= this.#environment.clock.after(GATHERED, () => this.#tell());
  }

  #tell(): void {
    this.#cancelTelling?.();
    this.#cancelTelling = undefined;
    const changes = this.#seen.takeChanges();
    if (changes.elections.length + changes.pools.length === 0) return;
    this.#picture = this.#seen.picture;
    this.#events.emit('changed', this.#picture, changes);
  }
}
