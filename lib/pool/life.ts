import { ErrorEvents } from '../campaign/error-events.js';
import { HealthCheck } from '../campaign/health-check.js';
import { isFinal } from '../campaign/state.js';
import { type Deferred, withResolvers } from '../common/deferred.js';
import { type Clock, soon } from '../common/time.js';
import { ElectionError, toElectionError } from '../errors.js';
import type { Events } from '../events.js';
import type { KeyValue } from '../store/store.js';
import type { PoolContext } from './context.js';
import { Coordinator } from './coordinator.js';
import type { PoolEvents } from './events.js';
import { PoolFigures } from './figures.js';
import { PoolLeaving } from './leaving.js';
import { Membership } from './membership.js';
import { giveNameBack, takeNameBack } from './names.js';
import { NoCoordinator } from './no-coordinator.js';
import type { BoundTask } from './partition-work.js';
import { parsePlan } from './wire.js';
import { Worker } from './worker.js';

/**
 * - `idle`: not started, or stopped.
 * - `joining`: on the way to become a member; again after a lost lease.
 * - `active`: a member, which follows its plan.
 * - `leaving`: handing over what it has.
 */
export type PoolState = 'idle' | 'joining' | 'active' | 'leaving';

/** One worker's life in its pool, from `start()` to `stop()`. It moves its parts, and tells what they tell. */
export class PoolLife {
  readonly worker: Worker;
  readonly membership: Membership;
  readonly coordinator: Coordinator | undefined;
  readonly figures: PoolFigures;
  /** A `run()` is under way. */
  isAtWork = false;
  readonly #context: PoolContext;
  readonly #events: Events<PoolEvents>;
  readonly #noCoordinator: NoCoordinator;
  readonly #health: HealthCheck | undefined;
  #errors: ErrorEvents;
  #state: PoolState = 'idle';
  #isRunning = false;
  #hasWarned = false;
  #leaving: PoolLeaving | undefined;
  /** Settled when the worker has left, with the reason. */
  #stopped: Deferred<ElectionError> | undefined;

  constructor(context: PoolContext, events: Events<PoolEvents>) {
    const { healthCheck, coordinate } = context.options;
    this.#context = context;
    this.#events = events;
    this.#errors = new ErrorEvents(events, this.clock);
    this.#health = healthCheck && new HealthCheck(healthCheck, context.log);
    const failed = (error: ElectionError): void => this.failed(error);
    this.worker = new Worker(context, {
      gained: (ownership) => events.emit('gained', ownership),
      lost: (ownership, reason) => events.emit('lost', ownership, reason),
      handedOver: (ms) => this.figures.handedOver(ms),
      ended: () => this.#leaving?.look(),
      failed,
    });
    this.membership = new Membership(context, {
      joined: () => this.#joined(),
      lost: (reason) => this.#lost(reason),
      planned: (plan) => this.#planned(plan),
      refreshing: () => this.#refreshing(),
      refreshed: (info) => events.emit('refresh', info),
      suspended: (error) => events.emit('suspended', error),
      resumed: () => this.#resumed(),
      closing: (reason) => this.stop(reason),
      notGranted: (error) => this.#notGranted(error),
      failed,
    });
    this.coordinator = coordinate
      ? new Coordinator(context, {
          balanced: (info) => events.emit('balanced', info),
          stuck: (partition) => events.emit('stuck', partition),
          coordinating: (isCoordinating) => events.emit('coordinating', isCoordinating),
          failed,
        })
      : undefined;
    this.#noCoordinator = new NoCoordinator(context, failed);
    this.figures = new PoolFigures(() => {
      const { members, unowned } = this.coordinator ?? {};
      return { planned: this.worker.planned, members, unowned };
    });
  }

  get state(): PoolState {
    return this.#state;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get clock(): Clock {
    return this.#context.session.parts.clock;
  }

  /** The task to do in every partition from now on. */
  assign(task: BoundTask | undefined): void {
    this.worker.assign(task);
  }

  // ---- the moves ----

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    if (this.#state === 'idle') this.#begin(); // when leaving, the end of that begins
  }

  /** Resolves when the worker has left. Never rejects. */
  async stop(reason = new ElectionError('STOPPED', 'the worker was stopped')): Promise<void> {
    this.#isRunning = false;
    if (this.#state === 'idle') return giveNameBack(this.#context.session.parts, this.#context.name, this);
    if (this.#state !== 'leaving') this.#leave(reason);
    await this.stopped;
  }

  /** Resolves when the worker has left the next time, with the reason. */
  get stopped(): Promise<ElectionError> {
    this.#stopped ??= withResolvers();
    return this.#stopped.promise;
  }

  #begin(): void {
    this.#enter('joining');
    takeNameBack(this.#context.session.parts, this.#context.name, this);
    soon(() => {
      if (this.#state !== 'joining') return;
      if (this.#health?.isGood !== false) this.worker.accept();
      this.membership.start();
      if (this.coordinator === undefined) this.#noCoordinator.start();
    });
  }

  #leave(reason: ElectionError): void {
    this.#enter('leaving');
    this.#noCoordinator.stop();
    const leaving = new PoolLeaving(this.#context, this, reason);
    this.#leaving = leaving;
    void leaving.done.then(() => this.#left(reason));
  }

  #left(reason: ElectionError): void {
    this.#leaving = undefined;
    this.membership.detach();
    giveNameBack(this.#context.session.parts, this.#context.name, this);
    this.#errors = new ErrorEvents(this.#events, this.clock);
    this.#enter('idle');
    const stopped = this.#stopped;
    this.#stopped = undefined;
    if (this.#isRunning) this.#begin();
    stopped?.resolve(reason);
  }

  #enter(state: PoolState): void {
    const from = this.#state;
    this.#state = state;
    this.#context.log().info({ from, to: state }, 'state of the pool changed');
  }

  failed(error: ElectionError): void {
    this.#errors.tell(error);
    this.#endIfFinal(error);
  }

  #notGranted(error: ElectionError): boolean {
    const isHeard = this.#events.has('error');
    if (isHeard) this.failed(error);
    else this.#endIfFinal(error);
    return isHeard;
  }

  /** A session or a client that is closed has nothing to wait for. */
  #endIfFinal(error: ElectionError): void {
    if (isFinal(error, this.#state)) void this.stop(error);
  }

  // ---- from the membership ----

  #joined(): void {
    if (this.#state === 'joining') this.#enter('active');
    if (this.#state === 'active') this.coordinator?.start();
  }

  /**
   * The lease is lost, and with it the plan. First all users of the lease are told, so each partition is lost for this
   * reason; then the worker lets everything go.
   */
  #lost(reason: ElectionError): void {
    if (this.#state === 'active') this.#enter('joining');
    soon(() => {
      void this.worker.releaseAll(reason);
      // The worker is a candidate for coordinator again once it is a member again.
      if (!this.membership.isJoined) void this.coordinator?.stop();
    });
  }

  #planned({ value: bytes, modRevision }: KeyValue): void {
    const plan = parsePlan(bytes, this.#context.options.list.names.length);
    if (plan !== undefined) {
      this.worker.follow(plan, modRevision);
      this.#leaving?.planned();
    } else if (!this.#hasWarned) {
      this.#hasWarned = true;
      this.#context.log().warn({ plan: bytes.toString('utf8', 0, 100) }, 'a plan that makes no sense is ignored');
    }
  }

  #resumed(): void {
    this.#errors = new ErrorEvents(this.#events, this.clock);
    this.#events.emit('resumed');
  }

  // ---- health ----

  #refreshing(): void {
    if (this.#state === 'active') this.#health?.ask((isGood) => this.#onHealth(isGood));
  }

  #onHealth(isGood: boolean): void {
    this.membership.update({ isUnfit: !isGood }).catch((err) => this.failed(toElectionError(err)));
    if (this.#state === 'leaving' || this.#state === 'idle') return;
    if (isGood) this.worker.accept();
    else
      this.worker.dropAll(new ElectionError('UNHEALTHY', 'the health check failed: no partitions until it succeeds'));
  }
}
