import type { Clock } from '../../common/time.js';
import type { Picture } from '../../view/picture.js';
import type { ViewEvents } from '../../view/view.js';
import { AccessCheck, type AccessCheckOptions, type Refusal } from './access-check.js';
import { Assets } from './assets.js';
import { EtcdHealth, type EtcdTrouble } from './etcd-health.js';
import { EventStreams } from './event-streams.js';
import type { IsHere } from './leader.js';
import type { ListenAddress } from './listen.js';
import { Metrics } from './metrics.js';
import { Pictures } from './pictures.js';
import { Routes } from './routes.js';
import { Server } from './server.js';

/** What a site needs of a view. */
export interface Viewed {
  readonly picture: Picture;
  start(): Promise<void>;
  on<E extends keyof ViewEvents>(event: E, listener: (...args: ViewEvents[E]) => unknown): unknown;
  close(): void;
}

export interface SiteOptions extends AccessCheckOptions {
  readonly view: Viewed;
  readonly clock: Clock;
  /** Asks etcd for something that takes a quorum. */
  readonly ask: () => Promise<unknown>;
  /** Milliseconds after etcd's last sign of life after which `/leader` calls nobody the leader. */
  readonly vouchFor: number;
  /** Whether a value is one of this host's. */
  readonly isHere: IsHere;
  /** A trouble in words. */
  readonly describe: (trouble: EtcdTrouble) => string;
  /** There is trouble with etcd, or there is none any more. */
  readonly changed: (trouble: EtcdTrouble | undefined) => void;
  /** A client of this address was refused. */
  readonly refused: (from: string, refusal: Refusal) => void;
  /** An answer has failed, which should never be. */
  readonly failed: (error: unknown) => void;
}

/** A view, told over HTTP: puts the parts together. */
export class Site {
  readonly #view: Viewed;
  readonly #health: EtcdHealth;
  readonly #streams: EventStreams;
  readonly #metrics: Metrics | undefined;
  readonly #server: Server;

  private constructor(
    view: Viewed,
    health: EtcdHealth,
    streams: EventStreams,
    metrics: Metrics | undefined,
    server: Server,
  ) {
    this.#view = view;
    this.#health = health;
    this.#streams = streams;
    this.#metrics = metrics;
    this.#server = server;
  }

  static async create(options: SiteOptions): Promise<Site> {
    const { view, describe, isHere, refused } = options;
    const pictures = new Pictures(() => view.picture);
    const changed = (trouble: EtcdTrouble | undefined): void => {
      options.changed(trouble);
      streams.trouble(trouble);
    };
    const health = new EtcdHealth({ ...options, changed });
    const streams = new EventStreams({ pictures, health, describe });
    const metrics = await Metrics.create({ pictures, health, streams });
    const access = new AccessCheck(options);
    const assets = new Assets();
    const routes = new Routes({ access, assets, pictures, health, streams, metrics, isHere, describe, refused });
    const server = new Server((request, response) => {
      try {
        routes.answer(request, response);
      } catch (err) {
        options.failed(err); // a mistake of ours must not end the answers to others
        response.destroy();
      }
    });
    return new Site(view, health, streams, metrics, server);
  }

  /** Resolves with the address. Answers from then on, first without a picture. @throws CliError (rejects) */
  async listen(listen: ListenAddress): Promise<string> {
    this.#view.on('changed', (_, changes) => {
      if (!this.#health.isStarted) return; // the first picture has it
      this.#metrics?.changed(changes);
      this.#streams.changed(changes);
    });
    this.#view.on('error', (error) => this.#health.viewFails(error));
    this.#view.on('answered', () => this.#health.viewAnswers());
    return await this.#server.listen(listen);
  }

  /** Follows etcd. Resolves when the first picture is whole. */
  async follow(): Promise<void> {
    void this.#health.run();
    await this.#view.start();
    this.#metrics?.started();
    this.#health.start();
    this.#streams.started();
  }

  /** Ends what is under way. Resolves within a second. */
  async close(): Promise<void> {
    this.#health.close();
    this.#view.close();
    this.#streams.close();
    await this.#server.close();
  }
}
