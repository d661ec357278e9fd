import { ElectionError } from '../errors.js';
import type { PoolContext } from './context.js';
import type { Ownership } from './ownership.js';
import { PartitionCandidacy, type PartitionCandidacyHandlers } from './partition-candidacy.js';
import type { BoundTask } from './partition-work.js';
import { StandLimit } from './stand-limit.js';
import type { PlanValue } from './wire.js';

export interface WorkerHandlers {
  gained(ownership: Ownership): void;
  lost(ownership: Ownership, reason: ElectionError): void;
  /** The worker owns a partition, after it has waited behind the last owner for so many milliseconds. */
  handedOver(ms: number): void;
  /** A candidacy has ended. */
  ended(): void;
  failed(error: ElectionError): void;
}

const REBALANCED = 'the partition was planned for another worker';

/** Candidacies that begin in one turn, because each keeps the event loop busy for some tenths of a millisecond. */
const MOST_AT_ONCE = 50;
/** Milliseconds between two such turns. Candidacies for what becomes free meanwhile begin together, in few requests. */
const PAUSE = 5;

/**
 * Follows the plan of this worker: begins a candidacy for each partition that the plan names, and lets go what the plan
 * no longer names. A plan is a hint: it decides in which elections the worker is a candidate. Who owns a partition is
 * decided by that partition's election alone. So a plan that is wrong, old or forged costs balance, and never makes a
 * second owner.
 */
export class Worker implements PartitionCandidacyHandlers {
  readonly #context: PoolContext;
  readonly #on: WorkerHandlers;
  readonly #candidacies = new Map<string, PartitionCandidacy>();
  readonly #owned = new Map<string, Ownership>();
  readonly #limit: StandLimit;
  /** By partition: since when this worker is in the queue behind the present owner. */
  readonly #waitingSince = new Map<string, number>();
  #wanted: ReadonlySet<string> = new Set();
  /** Wanted partitions without a candidacy, in the order in which their candidacies begin. */
  #open = new Set<string>();
  /** Why partitions are let go, while the worker takes no new ones: it is stopping, or unfit. */
  #refusing: ElectionError | undefined;
  #task: BoundTask | undefined;
  /** Candidacies began a moment ago: the next ones wait for each other. */
  #cancelPause: (() => void) | undefined;

  constructor(context: PoolContext, on: WorkerHandlers) {
    const { options, session } = context;
    this.#context = context;
    this.#on = on;
    this.#limit = new StandLimit(session.parts.clock, options, () => this.#stand());
  }

  get owned(): ReadonlyMap<string, Ownership> {
    return this.#owned;
  }

  /** How many partitions the plan names. */
  get planned(): number {
    return this.#wanted.size;
  }

  /** Whether the plan names nothing that it owns: the coordinator has planned all of it for others. */
  get isRelieved(): boolean {
    return [...this.#owned.keys()].every((partition) => !this.#wanted.has(partition));
  }

  /** Whether the worker owns nothing, and is in no queue. Tasks that outlived their partition may still run. */
  get isIdle(): boolean {
    return [...this.#candidacies.values()].every((candidacy) => candidacy.isEnding);
  }

  /** The task to do in every partition from now on. */
  assign(task: BoundTask | undefined): void {
    this.#task = task;
    for (const candidacy of this.#candidacies.values()) candidacy.assign(task);
  }

  // ---- what the worker is to do ----

  /** `revision`: that of the plan's key. */
  follow(plan: PlanValue, revision: bigint): void {
    const { names } = this.#context.options.list;
    const nameOf = (index: number): string => names[index] ?? '';
    this.#wanted = new Set(plan.own.map(nameOf));
    const give = new Map([...plan.give].map(([index, lease]) => [nameOf(index), lease]));
    for (const candidacy of [...this.#candidacies.values()]) {
      if (this.#wanted.has(candidacy.partition)) candidacy.keep();
      else this.#letGo(candidacy, give.get(candidacy.partition), revision);
    }
    this.#findOpen();
    this.#stand();
  }

  #letGo(candidacy: PartitionCandidacy, successor: string | undefined, plannedAt: bigint): void {
    if (candidacy.ownership === undefined || successor === undefined) void candidacy.end(this.#reason);
    else candidacy.give(successor, plannedAt);
  }

  /** Lets nothing go at once, and takes nothing new: the partitions are handed over as the plan says. */
  refuse(reason: ElectionError): void {
    this.#refusing = reason;
    this.#open.clear();
    this.#cancelPause?.();
    this.#cancelPause = undefined;
    for (const candidacy of [...this.#candidacies.values()]) if (candidacy.isStanding) void candidacy.end(reason);
  }

  /** Takes partitions again. */
  accept(): void {
    this.#refusing = undefined;
    this.#findOpen();
    this.#stand();
  }

  /** Forgets the plan, and lets everything go. Resolves when the keys are gone, or could not be deleted in time. */
  async releaseAll(reason: ElectionError): Promise<void> {
    this.#wanted = new Set();
    this.#open.clear();
    await Promise.all([...this.#candidacies.values()].map((candidacy) => candidacy.end(reason)));
  }

  /** Lets everything go, and keeps the plan in mind. */
  dropAll(reason: ElectionError): void {
    this.refuse(reason);
    for (const candidacy of [...this.#candidacies.values()]) void candidacy.end(reason);
  }

  /** Nobody waits for the tasks any more. Resolves to the partitions whose task still runs. */
  giveUp(): string[] {
    return [...this.#candidacies.values()].filter((candidacy) => candidacy.giveUp()).map(({ partition }) => partition);
  }

  get #now(): number {
    return this.#context.session.parts.clock.now();
  }

  get #reason(): ElectionError {
    return this.#refusing ?? new ElectionError('REBALANCED', REBALANCED);
  }

  // ---- new candidacies ----

  #findOpen(): void {
    this.#open = new Set();
    if (this.#refusing !== undefined) return;
    for (const partition of this.#wanted) if (!this.#candidacies.has(partition)) this.#open.add(partition);
  }

  #stand(): void {
    if (this.#refusing !== undefined || this.#cancelPause !== undefined) return;
    let begun = 0;
    for (const partition of this.#open) {
      if (begun === MOST_AT_ONCE || !this.#limit.admit(partition)) break;
      this.#open.delete(partition);
      this.#candidacies.set(partition, new PartitionCandidacy(this.#context, partition, this.#task, this));
      begun += 1;
    }
    if (begun > 0) this.#cancelPause = this.#context.session.parts.clock.after(PAUSE, () => this.#resume());
  }

  #resume(): void {
    this.#cancelPause = undefined;
    this.#stand();
  }

  // ---- from the candidacies ----

  gained(candidacy: PartitionCandidacy, ownership: Ownership): void {
    this.#limit.gained(candidacy.partition);
    this.#owned.set(candidacy.partition, ownership);
    const since = this.#waitingSince.get(candidacy.partition);
    this.#waitingSince.delete(candidacy.partition);
    if (since !== undefined) this.#on.handedOver(this.#now - since);
    this.#on.gained(ownership);
    this.#stand();
  }

  lost(candidacy: PartitionCandidacy, ownership: Ownership, reason: ElectionError): void {
    this.#owned.delete(candidacy.partition);
    this.#on.lost(ownership, reason);
    // The candidate would queue again for a partition that is planned for another worker, or while this one takes none.
    if (this.#refusing !== undefined || !this.#wanted.has(candidacy.partition)) void candidacy.end(this.#reason);
  }

  waits(candidacy: PartitionCandidacy): void {
    this.#limit.waits(candidacy.partition);
    if (!this.#waitingSince.has(candidacy.partition)) this.#waitingSince.set(candidacy.partition, this.#now);
  }

  succeeded(candidacy: PartitionCandidacy): void {
    void candidacy.end(this.#reason);
  }

  ended(candidacy: PartitionCandidacy): void {
    this.#limit.ended(candidacy.partition);
    this.#waitingSince.delete(candidacy.partition);
    this.#candidacies.delete(candidacy.partition);
    if (this.#refusing === undefined && this.#wanted.has(candidacy.partition)) this.#open.add(candidacy.partition);
    this.#stand();
    this.#on.ended();
  }

  failed(error: ElectionError): void {
    this.#on.failed(error);
  }
}
