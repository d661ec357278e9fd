/**
 * The same in a NestJS application: a provider whose methods have the names of Nest's lifecycle hooks, so that Nest
 * calls them after `app.enableShutdownHooks()`. Nest itself is not needed here: the end of this file calls the hooks as
 * Nest does.
 *
 *     NAME=a node dist/examples/nest.js
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, Election, type Leadership } from 'etcd-leader';

const { ETCD_HOSTS = 'http://127.0.0.1:2379', ELECTION = 'examples/nest', NAME = `${process.pid}` } = process.env;
const TTL = Number(process.env['TTL'] ?? 10);

const log = (text: string): void => console.log(`${new Date().toISOString()} ${NAME}: ${text}`);

// @Injectable() implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
export class LeaderService {
  readonly #client = createClient({ hosts: ETCD_HOSTS.split(',') });
  readonly #election = new Election(this.#client, ELECTION, { value: NAME, ttl: TTL });
  #working: Promise<void> | undefined;

  /**
   * The rest of the application is there, so this replica may lead. Returns at once: the application must start as a
   * follower too.
   */
  onApplicationBootstrap(): void {
    this.#election.on('error', (err) => log(`${err.code}: ${err.message}`));
    this.#working = this.#election.run((leadership) => this.work(leadership)); // its end by `stop()` is no error
  }

  /** Connections are still open. The work ends here, and the next replica leads. */
  async beforeApplicationShutdown(signal?: string): Promise<void> {
    log(`stops for ${signal}`);
    await this.#election.stop();
    await this.#working;
  }

  /** Connections are closed. */
  onApplicationShutdown(): void {
    this.#client.close();
  }

  isLeader(): boolean {
    return this.#election.isLeader();
  }

  async work({ signal, fencingToken }: Leadership): Promise<void> {
    log(`works with token ${fencingToken}`);
    while (!signal.aborted) await sleep(200); // a piece of work that is finished and not broken off
    log(`has ended its work with token ${fencingToken}`);
  }
}

// What Nest does with a provider: it bootstraps, waits for a signal, and shuts down.
const service = new LeaderService();
service.onApplicationBootstrap();
const stop = new AbortController();
const signal = await Promise.race(
  ['SIGTERM', 'SIGINT'].map((name) => once(process, name, { signal: stop.signal }).then(() => name)),
);
await service.beforeApplicationShutdown(signal);
service.onApplicationShutdown();
log('stopped');
