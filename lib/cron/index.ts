import type { Etcd3 } from 'etcd3';
import type { ElectionOptions } from '../campaign/options.js';
import { show } from '../checks.js';
import { Election } from '../election.js';
import type { Environment } from '../environment.js';
import { ElectionError } from '../errors.js';
import type { Session } from '../session.js';
import { dueNow, Fires } from './fires.js';

/** The options of an `Election`, except `observe`: a coordinator has to know who leads. */
export type RunCoordinatorOptions = Omit<ElectionOptions, 'observe'>;

/** How node-cron ends the key of a fire: with the time at which the fire is due. */
const DUE = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/**
 * A `RunCoordinator` of node-cron's: of all replicas that have one under the same name, the leader runs the jobs. It
 * stands for election as soon as it is made, until `stop()`. It answers from memory: a fire costs no request.
 *
 * Each fire is run once at the most. While there is no leader nobody runs a fire: after a crash that is up to `ttl` and
 * half a second, after `stop()` until the jobs of the leader have ended. What must not be left out belongs to
 * docs/once-per-period.md. This does not say that two jobs never run at the same time: one that still runs when
 * leadership is lost does not know. Give `coordinator.election.leadership?.signal` to it, and fence what it writes.
 *
 * @example
 * ```ts
 * import cron from 'node-cron';
 * import { EtcdRunCoordinator } from 'etcd-leader/cron';
 *
 * const coordinator = new EtcdRunCoordinator(client, 'cron');
 * cron.setRunCoordinator(coordinator);
 * const task = cron.schedule('0 3 * * *', () => console.log('nightly'), { name: 'nightly', distributed: true });
 * process.once('SIGTERM', async () => {
 *   await task.stop();
 *   await coordinator.stop();
 *   client.close();
 * });
 * ```
 */
export class EtcdRunCoordinator {
  /** The election: for its events, its state, and the leadership that a job fences its writes with. */
  readonly election: Election;
  readonly #fires: Fires;
  readonly #running: Promise<void>;

  /**
   * @param etcd the client, which stays the caller's to close; or a `Session`
   * @param name the election's name: coordinators of the same name are one queue
   * @throws ElectionError `INVALID_OPTION`
   */
  constructor(etcd: Etcd3 | Session, name: string, options?: RunCoordinatorOptions);
  /** @internal */
  constructor(source: Etcd3 | Session | Environment, name: string, options?: RunCoordinatorOptions);
  constructor(source: Etcd3 | Session | Environment, name: string, options: ElectionOptions = {}) {
    if (options?.observe === false) {
      throw new ElectionError('INVALID_OPTION', '`observe` must be true for a coordinator; got false');
    }
    this.election = new Election(source, name, options);
    this.#fires = new Fires(this.election);
    const task = async ({ ended }: { readonly ended: Promise<unknown> }): Promise<void> => {
      await ended;
      await this.#fires.idle(); // the key is not released, and this candidate does not queue again, before
    };
    this.#running = this.election.run(task).catch((err: ElectionError) => {
      this.election.events.emit('error', err); // the session was closed before
    });
  }

  /**
   * Whether this replica is to run the job of a fire. Called by node-cron. While nobody is known to lead, the answer
   * waits for the outcome for up to a second.
   *
   * @param key ends with the time at which the fire is due, as ISO 8601 in UTC; without that time, the fire is due now
   * @param ttlMs milliseconds after which the job counts as ended when nobody calls `onComplete`; no limit by default
   * @throws ElectionError (rejects) `INVALID_OPTION` when `key` is no string
   */
  async shouldRun(key: string, ttlMs?: number): Promise<boolean> {
    checkKey(key);
    const due = DUE.exec(key)?.[0];
    const isOurs = await this.#fires.isOurs(due === undefined ? dueNow() : Date.parse(due));
    if (isOurs) this.#fires.begin(key, ttlMs);
    return isOurs;
  }

  /** The job of a fire has ended, one way or the other. Called by node-cron. */
  onComplete(key: string): void {
    this.#fires.end(key);
  }

  /**
   * Makes a job for any other scheduler: called on every replica, it runs on the leader, and resolves with undefined on
   * the others. `stop()` waits for it. A fire counts as due at the beginning of the second in which it is called.
   *
   * @throws ElectionError `INVALID_OPTION`
   * @example
   * ```ts
   * import { Cron } from 'croner';
   * import { EtcdRunCoordinator } from 'etcd-leader/cron';
   *
   * const coordinator = new EtcdRunCoordinator(client, 'cron');
   * new Cron('0 3 * * *', coordinator.guard(() => console.log('on one replica')));
   * ```
   */
  guard<A extends readonly unknown[], T>(
    job: (...args: A) => T | PromiseLike<T>,
  ): (...args: A) => Promise<T | undefined> {
    if (typeof job !== 'function') {
      throw new ElectionError('INVALID_OPTION', `\`job\` must be a function; got ${show(job)}`);
    }
    return (...args) => this.#fires.run(dueNow(), () => job(...args));
  }

  /**
   * Stops being a candidate: no fire is run here from now on. Resolves when the jobs under way have ended, or
   * `releaseTimeout` is over, and the key is released. Idempotent, never rejects. The schedules stay: stop them too.
   */
  async stop(): Promise<void> {
    this.#fires.close();
    await this.election.stop();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function checkKey(key: unknown): asserts key is string {
  if (typeof key === 'string') return;
  throw new ElectionError('INVALID_OPTION', `\`key\` must be a string; got ${show(key)}`);
}
