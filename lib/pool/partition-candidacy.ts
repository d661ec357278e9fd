import { withResolvers } from '../common/deferred.js';
import { Election } from '../election.js';
import type { ElectionError } from '../errors.js';
import type { Leadership } from '../leadership.js';
import type { PoolContext } from './context.js';
import { OwnedTerm, type Ownership } from './ownership.js';
import { type BoundTask, PartitionWork } from './partition-work.js';
import { SuccessorWait } from './successor-wait.js';

export interface PartitionCandidacyHandlers {
  gained(candidacy: PartitionCandidacy, ownership: Ownership): void;
  lost(candidacy: PartitionCandidacy, ownership: Ownership, reason: ElectionError): void;
  /** The key is in the queue, behind the present owner. */
  waits(candidacy: PartitionCandidacy): void;
  /** The successor's key is in the queue: the partition can be let go. */
  succeeded(candidacy: PartitionCandidacy): void;
  /** The candidacy is over, and its task has ended. Nothing is told after it. */
  ended(candidacy: PartitionCandidacy): void;
  /** Something went wrong; it is tried again. */
  failed(error: ElectionError): void;
}

/**
 * This worker as a candidate for one partition: it joins the partition's election, owns the partition while it leads,
 * and lets the partition go. An end is final: for the next time there is another candidacy, when this one has ended.
 *
 * - **queueing**: on the way into the queue of the election, or in the queue behind the present owner.
 * - **owning**: the election is led. `gained` begins it, and `lost` ends it; then the candidacy queues again, or ends.
 * - **giving**: owning, and waiting for the successor's key. Ends when that key is in the queue, or when the partition
 *   is wanted again.
 * - **ending**: the work ends, then the key goes.
 */
export class PartitionCandidacy {
  readonly partition: string;
  readonly #context: PoolContext;
  readonly #on: PartitionCandidacyHandlers;
  readonly #election: Election;
  readonly #work: PartitionWork;
  #ownership: OwnedTerm | undefined;
  #successor: SuccessorWait | undefined;
  /** Resolves when the key is gone. */
  #left: Promise<void> | undefined;

  constructor(context: PoolContext, partition: string, task: BoundTask | undefined, on: PartitionCandidacyHandlers) {
    const { session, keys, options, log } = context;
    this.partition = partition;
    this.#context = context;
    this.#on = on;
    this.#work = new PartitionWork(
      {
        clock: session.parts.clock,
        log,
        ownership: () => this.#ownership,
        waits: () => this.#waits(),
        failed: (error) => on.failed(error),
      },
      task,
    );
    this.#election = new Election(session, keys.ownerElection(partition), {
      value: options.member,
      observe: false,
      releaseTimeout: options.releaseTimeout,
      logger: options.logger,
    });
    this.#election.on('elected', (leadership) => this.#elected(leadership));
    this.#election.on('unelected', (_, reason) => this.#unelected(reason));
    this.#election.on('error', (error) => on.failed(error));
    this.#election.assign(this.#work);
    this.#election.start();
  }

  get ownership(): Ownership | undefined {
    return this.#ownership;
  }

  get isEnding(): boolean {
    return this.#left !== undefined;
  }

  /** Whether the candidacy is queueing: it takes part in the partition's election, and does not lead. */
  get isStanding(): boolean {
    return !this.isEnding && this.#ownership === undefined;
  }

  /** Whether its task still runs, also when the key is gone. */
  get works(): boolean {
    return this.#work.ended !== undefined;
  }

  assign(task: BoundTask | undefined): void {
    this.#work.assign(task);
  }

  /** The partition is ours to keep: whatever has been said of a successor is void. */
  keep(): void {
    this.#successor?.close();
    this.#successor = undefined;
  }

  /** Goes on until the successor is in the queue. `plannedAt`: the revision of the plan that names it. */
  give(lease: string, plannedAt: bigint): void {
    if (this.isEnding || this.#ownership === undefined || this.#successor?.lease === lease) return;
    this.keep();
    const { session, keys } = this.#context;
    const successor = new SuccessorWait(
      session.parts,
      { key: keys.owner(this.partition, lease), lease, plannedAt },
      { stands: () => this.#on.succeeded(this), failed: (error) => this.#on.failed(error) },
    );
    this.#successor = successor;
  }

  /** Lets the work end, then the key go. Resolves when the key is gone, or not deleted in time. Never rejects. */
  end(reason: ElectionError): Promise<void> {
    if (this.#left !== undefined) return this.#left;
    this.keep();
    // First: whoever hears of `lost` must find that the candidacy is ending.
    const { promise, resolve } = withResolvers<void>();
    this.#left = promise;
    void this.#end(reason, resolve);
    return promise;
  }

  /** The time for its task is over: the key goes all the same. Returns whether the task still runs. */
  giveUp(): boolean {
    return this.#work.giveUp();
  }

  async #end(reason: ElectionError, left: () => void): Promise<void> {
    await this.#election.end(reason);
    left();
    await this.#work.ended;
    this.#on.ended(this);
  }

  #waits(): void {
    if (this.isStanding) this.#on.waits(this);
  }

  #elected(leadership: Leadership): void {
    const ownership = new OwnedTerm(this.partition, leadership);
    this.#ownership = ownership;
    this.#on.gained(this, ownership);
  }

  #unelected(reason: ElectionError): void {
    const ownership = this.#ownership;
    if (ownership === undefined) return;
    this.#ownership = undefined;
    this.keep();
    this.#on.lost(this, ownership, reason);
  }
}
