import { Election } from '../election.js';
import { ElectionError, toElectionError } from '../errors.js';
import type { Leadership } from '../leadership.js';
import type { PoolContext } from './context.js';
import { Coordination, type CoordinationHandlers } from './coordination.js';

export interface CoordinatorHandlers extends Omit<CoordinationHandlers, 'gaveUp'> {
  coordinating(isCoordinating: boolean): void;
}

/**
 * This worker as a candidate for coordinator: an ordinary election, on the lease of the worker. While the worker leads
 * this election, it plans. The coordinator is on nobody's data path: without one every worker keeps what it owns.
 */
export class Coordinator {
  readonly #context: PoolContext;
  readonly #on: CoordinatorHandlers;
  readonly #election: Election;
  #coordination: Coordination | undefined;

  constructor(context: PoolContext, on: CoordinatorHandlers) {
    const { session, keys, options } = context;
    this.#context = context;
    this.#on = on;
    this.#election = new Election(session, keys.coordinatorElection, {
      value: options.member,
      observe: false,
      releaseTimeout: 0,
      logger: options.logger,
    });
    this.#election.on('elected', (leadership) => this.#elected(leadership));
    this.#election.on('unelected', () => this.#unelected());
    this.#election.on('error', (error) => on.failed(error));
  }

  get isCoordinator(): boolean {
    return this.#election.isLeader();
  }

  /** How many workers there are; undefined while this one does not coordinate. */
  get members(): number | undefined {
    return this.isCoordinator ? this.#coordination?.members : undefined;
  }

  /** How many partitions nobody owns; undefined while this worker does not coordinate. */
  get unowned(): number | undefined {
    return this.isCoordinator ? this.#coordination?.unowned : undefined;
  }

  start(): void {
    this.#election.start();
  }

  /** Never rejects. */
  async stop(): Promise<void> {
    await this.#election.stop();
  }

  #elected(leadership: Leadership): void {
    this.#coordination = new Coordination(this.#context, leadership, {
      balanced: (info) => this.#on.balanced(info),
      stuck: (partition) => this.#on.stuck(partition),
      failed: (error) => this.#on.failed(error),
      gaveUp: () => this.#giveUp(),
    });
    this.#on.coordinating(true);
  }

  #unelected(): void {
    this.#coordination?.close();
    this.#coordination = undefined;
    this.#on.coordinating(false);
  }

  #giveUp(): void {
    this.#context.log().warn({}, 'plans could not be written: stepping down as coordinator');
    this.#election.stepDown().catch((err: unknown) => {
      // This worker has lost the election meanwhile: then another one coordinates anyway.
      if (!(err instanceof ElectionError) || err.code !== 'NOT_LEADER') this.#on.failed(toElectionError(err));
    });
  }
}
