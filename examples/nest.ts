/**
 * The same in a NestJS application: a provider whose methods have the names of Nest's lifecycle hooks, so that Nest calls
 * them after `app.enableShutdownHooks()`. Nest itself is not needed to run this: the end of the file stands for it.
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

  /** Everything else is there: may lead now. Returns at once, or the application would start only when it leads. */
  onApplicationBootstrap(): void {
    this.#election.on('error', (err) => log(`${err.code}: ${err.message}`));
    this.#working = this.#election.run((leadership) => this.work(leadership)); // its end by `stop()` is no error
  }

  /** Connections are still open: the work ends here, and the next replica leads. */
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
    while (!signal.aborted) await sleep(200); // a piece of work that is finished rather than broken off
    log(`has ended its work with token ${fencingToken}`);
  }
}

// What Nest does with a provider: bootstrap, wait for a signal, shut down.
const service = new LeaderService();
service.onApplicationBootstrap();
const stop = new AbortController();
const signal = await Promise.race(
  ['SIGTERM', 'SIGINT'].map((name) => once(process, name, { signal: stop.signal }).then(() => name)),
);
await service.beforeApplicationShutdown(signal);
service.onApplicationShutdown();
log('stopped');
