import type { Etcd3 } from 'etcd3';
import type { Candidate } from '../candidate.js';
import { checkCallOptions, checkClient, checkName } from '../checks.js';
import { type Environment, isEnvironment } from '../environment.js';
import { Events } from '../events.js';
import { childLogger, type Logger } from '../log.js';
import { Session } from '../session.js';
import type { PoolContext } from './context.js';
import type { PoolEventName, PoolEvents, PoolListener } from './events.js';
import type { PoolFigures } from './figures.js';
import { PoolKeys } from './keys.js';
import { PoolLife, type PoolState } from './life.js';
import { takeName } from './names.js';
import { checkPartition, checkWeight, type PoolOptions, resolvePoolOptions, splitPoolOptions } from './options.js';
import { OwnersIterator } from './owners-iterator.js';
import type { Ownership } from './ownership.js';
import type { PoolTask } from './partition-work.js';
import { type Member, readMembers, readOwner, readOwners } from './queries.js';
import { run } from './run.js';

/**
 * One worker of a pool: named partitions, spread over the workers of the same name, each owned by at most one worker by
 * the clock, with a fencing token. Workers of the same weight own equally many, or one more or less. A partition is
 * moved only when it must be, and only after the old owner's work has ended.
 *
 * A partition is an ordinary election, `<pool>/owners/<partition>`, and owning it is leading it. One of the workers
 * coordinates: it plans who stands where, and is on nobody's data path. A pool does not mean that every partition is
 * owned at every moment: after a crash its partitions are owned by nobody until the lease has ended.
 *
 * @example
 * ```ts
 * const pool = new Pool(client, 'orders', { partitions: 256, member: 'worker-1' });
 * pool.on('error', (err) => console.error(err.code, err.message)); // it keeps trying by itself
 * await pool.run(
 *   async ({ partition, signal, fencingToken }) => {
 *     while (!signal.aborted) await handleNext(partition, { signal, fencingToken });
 *   },
 *   { signal: shutdown.signal },
 * ); // resolves when everything has been handed over
 * ```
 */
export class Pool {
  readonly name: string;
  /** What this worker is called. */
  readonly member: string;
  readonly #context: PoolContext;
  readonly #life: PoolLife;
  readonly #events: Events<PoolEvents>;
  #log: Logger | undefined;

  /**
   * Asks etcd for nothing yet.
   *
   * @param etcd the client, which stays the caller's to close: then the pool has a lease of its own; or a
   *   {@link Session}, whose lease it shares
   * @param name the pool's name: workers that use the same name share the partitions
   * @throws ElectionError `INVALID_OPTION`
   */
  constructor(etcd: Etcd3 | Session, name: string, options: PoolOptions);
  /** @internal */
  constructor(source: Etcd3 | Session | Environment, name: string, options: PoolOptions);
  constructor(source: Etcd3 | Session | Environment, name: string, options: PoolOptions) {
    const isShared = source instanceof Session;
    if (!isShared && !isEnvironment(source)) checkClient(source, 'an Etcd3 client or a Session');
    checkName(name);
    const sessionOptions = splitPoolOptions(options, isShared);
    const session = isShared ? source : new Session(source, sessionOptions, name);
    const resolved = resolvePoolOptions(options, session.parts.options);
    const log = (): Logger => {
      this.#log ??= childLogger(resolved.logger, { pool: name, member: resolved.member });
      return this.#log;
    };
    this.name = name;
    this.member = resolved.member;
    const releases = isShared ? 'keys' : 'lease';
    this.#context = { name, options: resolved, session, releases, keys: new PoolKeys(name), log };
    this.#events = new Events<PoolEvents>(log, this);
    this.#life = new PoolLife(this.#context, this.#events);
    takeName(session.parts, name, this.#life);
  }

  /**
   * `idle`: not started, or stopped. `joining`: on the way to become a member; again after a lost lease. `active`: a
   * member, which takes the partitions that it is given. `leaving`: handing over what it has.
   */
  get state(): PoolState {
    return this.#life.state;
  }

  /** What this worker owns now, by partition; ask `isCurrent()`, or `owns()`, before you rely on it. */
  get owned(): ReadonlyMap<string, Ownership> {
    return this.#life.worker.owned;
  }

  /** @internal */
  get session(): Session {
    return this.#context.session;
  }

  /** @internal */
  get figures(): PoolFigures {
    return this.#life.figures;
  }

  /** @internal */
  get events(): Events<PoolEvents> {
    return this.#events;
  }

  /**
   * Becomes a worker of the pool, from the next tick on, and stays one until `stop()`. Idempotent; never throws: what
   * goes wrong is told by `error`, and tried again. Called while `stop()` is under way it takes effect after it.
   */
  start(): this {
    this.#life.start();
    return this;
  }

  /**
   * Hands all partitions over, side by side, and leaves: works on in each until its successor stands in the queue. What
   * is left after `releaseTimeout`, or when nobody has planned it for others within a second, is let go at once.
   * Resolves when the worker's keys are gone, at most `releaseTimeout` and a second later. Idempotent, never rejects.
   */
  async stop(): Promise<void> {
    await this.#life.stop();
  }

  /**
   * Starts the worker, and runs `task` in every partition that it owns, until it is stopped. Never two calls at a time
   * for one partition. A task that returns keeps its partition; one that throws is told by `error` (`TASK_FAILED`) and
   * called again after 1 to 60 s, doubling.
   *
   * When a partition is to move, on `stop()` and when `signal` aborts, the ownership's signal is aborted, the task
   * awaited while the lease is refreshed, and then the partition let go. Resolves when everything has been handed over.
   *
   * The task runs in the async context of this call.
   *
   * @throws ElectionError (rejects) `INVALID_OPTION` (also when a `run()` is under way), `STOPPED` when the session was
   *   closed before, `UNAVAILABLE` when the client is closed
   */
  async run(task: PoolTask, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await run(this.#life, task, options, this.#context);
  }

  /**
   * Whether this worker owns the partition, by the clock at the moment of the call. Asks nobody. False for a partition
   * that the pool does not have.
   *
   * @throws ElectionError `INVALID_OPTION` when `partition` is neither a name nor a whole number, 0 or more
   */
  owns(partition: string | number): boolean {
    return this.owned.get(checkPartition(partition))?.isCurrent() ?? false;
  }

  /** Between `start()` and `stop()`, whether a member or not. */
  isRunning(): boolean {
    return this.#life.isRunning;
  }

  /** Whether this worker coordinates the pool, by the clock at the moment of the call. Asks nobody. */
  isCoordinator(): boolean {
    return this.#life.coordinator?.isCoordinator ?? false;
  }

  /**
   * Changes this worker's share of the partitions, now and when it joins again. 0 drains it. Resolves when etcd has it;
   * while the worker is no member, at once. The partitions move when membership has settled.
   *
   * @throws ElectionError (rejects) `INVALID_OPTION`; `UNAVAILABLE`, `PERMISSION_DENIED`: it is written again later
   */
  async setWeight(weight: number): Promise<void> {
    checkWeight(weight);
    await this.#life.membership.update({ weight });
  }

  /**
   * Who owns the partition, by a linearizable read; undefined: nobody. Needs no `start()`.
   *
   * @throws ElectionError (rejects) `INVALID_OPTION`, `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async owner(partition: string | number): Promise<Candidate | undefined> {
    return readOwner(this.#context, checkPartition(partition));
  }

  /**
   * Who owns which partition, all at one moment between the call and the answer (a linearizable read). Needs no
   * `start()`.
   *
   * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async owners(): Promise<Map<string, Candidate>> {
    return readOwners(this.#context);
  }

  /**
   * The workers of the pool and what they own, all at one moment between the call and the answer (a linearizable
   * read), in the order in which the workers have joined. Needs no `start()`.
   *
   * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  async members(): Promise<Member[]> {
    return readMembers(this.#context);
  }

  /**
   * Who owns which partition: now, and then after every change; a routing table. A partition that is missing is owned
   * by nobody. A slow consumer gets the latest table, not a backlog. Needs no `start()` and is not ended by `stop()`,
   * but by `signal` or by leaving the loop. What goes wrong meanwhile is told by `error`, and the observation goes on;
   * but when the client is closed, the loop rejects with `UNAVAILABLE`.
   *
   * @throws ElectionError `INVALID_OPTION`; `UNAVAILABLE` (rejects)
   */
  observe(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<ReadonlyMap<string, Candidate>> {
    checkCallOptions(options, ['signal']);
    return new OwnersIterator({
      context: this.#context,
      failed: (error) => this.#life.failed(error),
      signal: options.signal,
    });
  }

  /** Adds a listener. @throws ElectionError `INVALID_OPTION` when `listener` is no function */
  on<E extends PoolEventName>(event: E, listener: PoolListener<E>): this {
    this.#events.on(event, listener);
    return this;
  }

  /** Adds a listener for the next event of this name alone. @throws ElectionError `INVALID_OPTION`, as `on` */
  once<E extends PoolEventName>(event: E, listener: PoolListener<E>): this {
    this.#events.once(event, listener);
    return this;
  }

  /** Removes the listener; the last one when it was added several times. Does nothing when it was never added. */
  off<E extends PoolEventName>(event: E, listener: PoolListener<E>): this {
    this.#events.off(event, listener);
    return this;
  }

  /** The same as `off`. */
  removeListener<E extends PoolEventName>(event: E, listener: PoolListener<E>): this {
    return this.off(event, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
