import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { dueNow, Fires } from '../cron/fires.js';
import type { Election } from '../election.js';
import type { Leadership } from '../leadership.js';
import { ON_ELECTED } from './tokens.js';

type LeaderMethod = (leadership: Leadership) => unknown;

/**
 * Runs the work of one election in an application: stands for election when the application is there, calls the methods
 * with `@OnElected()` in each term, and stops while the connections of the application are still open. The key is
 * released when all work has ended.
 */
export class ElectionWork implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #id: string;
  readonly #election: Election;
  readonly #discovery: DiscoveryService;
  readonly #scanner: MetadataScanner;
  readonly #fires: Fires;
  readonly #log: Logger;
  #running: Promise<void> | undefined;
  /** Whether etcd answers, as far as this candidate has heard. */
  isAnswering = true;

  constructor(id: string, election: Election, discovery: DiscoveryService, scanner: MetadataScanner) {
    this.#id = id;
    this.#election = election;
    this.#discovery = discovery;
    this.#scanner = scanner;
    this.#fires = new Fires(election);
    this.#log = new Logger(`EtcdLeader ${election.name}`);
    election.on('error', ({ code, message }) => this.#log.error(`${code}: ${message}`));
    election.on('suspended', () => {
      this.isAnswering = false;
    });
    election.on('resumed', () => {
      this.isAnswering = true;
    });
  }

  /** Returns at once: the application must start as a follower too. */
  onApplicationBootstrap(): void {
    const methods = this.#methods();
    const task = async (leadership: Leadership): Promise<void> => {
      const all = methods.map((method) => this.#call(method, leadership));
      await leadership.ended;
      await Promise.all(all);
      await this.#fires.idle();
    };
    this.#running = this.#election.run(task).catch((err: unknown) => this.#log.error(err)); // its session is closed
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#fires.close();
    await this.#election.stop();
    await this.#running;
  }

  /** Runs a job that is due now, if this replica is to run it. */
  runFire(job: () => unknown): Promise<unknown> {
    return this.#fires.run(dueNow(), job);
  }

  async #call(method: LeaderMethod, leadership: Leadership): Promise<void> {
    try {
      await method(leadership);
    } catch (err) {
      // After the end of the term the method was only winding down, and most often its error says that it was aborted.
      if (leadership.signal.aborted) this.#log.debug(`work has ended: ${String(err)}`);
      else this.#log.error(err);
    }
  }

  #methods(): LeaderMethod[] {
    const wrappers = [...this.#discovery.getProviders(), ...this.#discovery.getControllers()];
    return wrappers.flatMap((wrapper) => {
      const { instance } = wrapper as { readonly instance: unknown };
      if (typeof instance !== 'object' || instance === null) return [];
      const prototype: unknown = Object.getPrototypeOf(instance);
      if (typeof prototype !== 'object' || prototype === null) return [];
      return this.#scanner.getAllMethodNames(prototype).flatMap((name) => {
        const method: unknown = Reflect.get(instance, name);
        if (typeof method !== 'function' || electionIdOf(method) !== this.#id) return [];
        return [(leadership: Leadership): unknown => method.call(instance, leadership)];
      });
    });
  }
}

function electionIdOf(method: object): unknown {
  return (Reflect as unknown as { getMetadata(key: string, target: object): unknown }).getMetadata(ON_ELECTED, method);
}
