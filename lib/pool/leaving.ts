import { withResolvers } from '../common/deferred.js';
import { type Clock, within } from '../common/time.js';
import { ElectionError, toElectionError } from '../errors.js';
import type { PoolContext } from './context.js';
import type { Coordinator } from './coordinator.js';
import type { Membership } from './membership.js';
import type { Worker } from './worker.js';

/** Milliseconds in which the coordinator must plan the partitions for others. Else there is nobody to wait for. */
const PLAN_PATIENCE = 1_000;
/**
 * Milliseconds after `releaseTimeout`: for tasks that were not told before to end, for the keys to be deleted, for the
 * lease to be revoked. Together less than a second.
 */
const LAST_CALL = 500;
const KEYS_PATIENCE = 200;
const LEASE_PATIENCE = 250;

interface Parts {
  readonly worker: Worker;
  readonly membership: Membership;
  readonly coordinator: Coordinator | undefined;
  failed(error: ElectionError): void;
}

/**
 * The way out of the pool. The worker says that it is leaving, and works on in each partition until the successor
 * stands in the queue. What is left after `releaseTimeout`, or when nobody plans, is let go at once. Then the worker's
 * keys go. In any case it ends within `releaseTimeout` and a second.
 */
export class PoolLeaving {
  /** Resolves when the worker has left. Never rejects. */
  readonly done: Promise<void>;
  readonly #context: PoolContext;
  readonly #parts: Parts;
  readonly #reason: ElectionError;
  readonly #deadline: number;
  readonly #handedOver = withResolvers<void>();
  #cancelPatience: () => void = () => {};

  constructor(context: PoolContext, parts: Parts, reason: ElectionError) {
    this.#context = context;
    this.#parts = parts;
    this.#reason = reason;
    this.#deadline = this.#clock.now() + context.options.releaseTimeout;
    this.done = this.#leave();
  }

  /** A candidacy of the worker has ended. */
  look(): void {
    if (this.#parts.worker.isIdle) this.#handedOver.resolve();
  }

  /** There is a new plan. */
  planned(): void {
    if (this.#parts.worker.isRelieved) this.#cancelPatience();
    this.look();
  }

  get #clock(): Clock {
    return this.#context.session.parts.clock;
  }

  #until(ms: number): number {
    return Math.max(0, this.#deadline + ms - this.#clock.now());
  }

  async #leave(): Promise<void> {
    const { worker, membership, coordinator } = this.#parts;
    worker.refuse(this.#reason);
    if (!worker.isIdle && membership.isJoined && !this.#context.session.parts.lease.isClosing) await this.#handOver();
    await this.#release();
    // From here on no plan counts.
    const left = Promise.all([coordinator?.stop(), membership.leave()]);
    await within(this.#clock, Math.max(LEASE_PATIENCE, this.#until(LAST_CALL + KEYS_PATIENCE + LEASE_PATIENCE)), left);
    if (this.#context.releases === 'keys') return;
    const { lease, watcher } = this.#context.session.parts;
    if (lease.left !== undefined)
      this.#context.log().warn(lease.left, 'keys not deleted in time: they end with their lease');
    await lease.rest();
    watcher.closeIdle();
  }

  async #handOver(): Promise<void> {
    const { worker, membership } = this.#parts;
    membership.update({ isLeaving: true }).catch((err: unknown) => this.#parts.failed(toElectionError(err)));
    this.#cancelPatience = this.#clock.after(PLAN_PATIENCE, () => this.#handedOver.resolve());
    if (worker.isRelieved) this.#cancelPatience();
    await within(this.#clock, this.#until(0), this.#handedOver.promise);
    this.#cancelPatience();
  }

  /** The tasks end, then the keys go. */
  async #release(): Promise<void> {
    const { worker } = this.#parts;
    const released = worker.releaseAll(this.#reason);
    if (await within(this.#clock, this.#until(LAST_CALL), released)) return;
    const late = worker.giveUp();
    if (late.length > 0) this.#parts.failed(lateError(late, this.#context.options.releaseTimeout));
    await within(this.#clock, KEYS_PATIENCE, released);
  }
}

function lateError(late: readonly string[], ms: number): ElectionError {
  const names = late.slice(0, 3).map((name) => JSON.stringify(name));
  const more = late.length > 3 ? ` and ${late.length - 3} more` : '';
  const what = `the tasks of partitions ${names.join(', ')}${more} did not end within ${ms} ms`;
  return new ElectionError('RELEASE_TIMEOUT', `${what}: releasing the keys all the same`);
}
