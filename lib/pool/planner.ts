import { quotasOf } from './quotas.js';
import { Scores } from './rendezvous.js';

/** A worker as the planner sees it. */
export interface PlannerMember {
  /** Partitions are placed by this id: a member whose id survives a restart gets its own partitions back. */
  readonly id: string;
  /** The member's share in relation to the others'. 0: it is given nothing, and what it has goes elsewhere in time. */
  readonly weight: number;
  /**
   * - `present`: it keeps what it has up to its quota, and is given what it lacks.
   * - `slow`: it does not take what it is given. It keeps what it has, and is given nothing.
   * - `leaving`: what it has goes to others at once.
   */
  readonly role: 'present' | 'slow' | 'leaving';
  /**
   * Whether the member announces the partition with this index: it is given no other partition. Members with the same
   * list have the same function.
   */
  readonly takes: (partition: number) => boolean;
  /** How many partitions it announces. */
  readonly announced: number;
}

export interface Situation {
  /** The partitions' names. */
  readonly partitions: readonly string[];
  readonly members: readonly PlannerMember[];
  /** For each partition the index of the member that has it now; -1: nobody. */
  readonly current: Int32Array;
  /** How many partitions may be moved for balance. Those that nobody can keep do not count. */
  readonly budget: number;
}

export interface Assignment {
  /** For each partition the index of the member that is to have it; -1: nobody can. */
  readonly planned: Int32Array;
  /** How many partitions were moved for balance. */
  readonly moved: number;
  /** How many more must be moved for balance: the budget was too small. */
  readonly left: number;
}

const NOBODY = -1;
/** More than any score. */
const MOST = 2 ** 32;

/**
 * Who is to have which partition. The result depends on the situation alone.
 *
 * Everybody keeps what it has, up to its quota. Partitions that nobody can keep go to the members below their quota, by
 * rendezvous score. The surplus of those above their quota goes there too, as far as the budget reaches. So nothing is
 * moved that need not be moved: a join costs the share of the one that joins, and a crash costs what the crashed one
 * had.
 */
export function assign(situation: Situation): Assignment {
  const steps = assignInSteps(situation);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** As {@link assign}, in steps of a few milliseconds each, since 100,000 partitions take longer than that. */
export function* assignInSteps(situation: Situation): Generator<void, Assignment> {
  const work = new Assigning(situation);
  yield* work.place(work.orphans);
  const [moved, left] = yield* work.balance(situation.budget);
  return { planned: work.planned, moved, left };
}

class Assigning {
  readonly planned: Int32Array;
  /** Partitions that nobody can keep, those that few members announce first. */
  readonly orphans: number[];
  readonly #members: readonly PlannerMember[];
  readonly #scores: Scores;
  readonly #counts: number[];
  readonly #quotas: number[];
  /** Members below their quota. */
  #below: number[] = [];

  constructor({ partitions, members, current }: Situation) {
    this.#members = members;
    this.planned = Int32Array.from(current);
    this.#scores = new Scores(members, partitions);
    this.#counts = members.map(() => 0);
    this.orphans = this.#findOrphans();
    this.#quotas = this.#findQuotas(partitions.length);
    this.#findBelow();
  }

  /** Gives each of the partitions to somebody that announces it. */
  *place(partitions: readonly number[]): Generator<void> {
    for (const partition of partitions) {
      if (this.#scores.isPauseDue()) yield;
      const best = this.#bestFor(partition) ?? this.#leastLoaded(partition);
      if (best === undefined) this.planned[partition] = NOBODY;
      else this.#give(partition, best);
    }
  }

  /** Returns how many partitions were moved, and how many more must be. */
  *balance(budget: number): Generator<void, [number, number]> {
    let moved = 0;
    let left = 0;
    const crowded = this.#members
      .map((_, at) => ({ at, surplus: this.#surplusOf(at) }))
      .filter(({ surplus }) => surplus > 0)
      .sort((a, b) => b.surplus - a.surplus || a.at - b.at);
    if (crowded.length === 0) return [0, 0];
    const kept = this.#partitionsOf(crowded.map(({ at }) => at));
    for (const { at, surplus } of crowded) {
      const allowed = Math.min(surplus, budget - moved);
      const offers = allowed > 0 ? yield* this.#offersOf(at, kept.get(at) ?? []) : [];
      let given = 0;
      for (const partition of offers) {
        if (given === allowed) break;
        if (this.#scores.isPauseDue()) yield;
        const best = this.#bestFor(partition);
        // Another member's surplus fits where this one's does not.
        if (best === undefined && this.#present.some((at) => this.#takes(at, partition))) continue;
        this.#take(partition, at);
        if (best === undefined) this.planned[partition] = NOBODY;
        else this.#give(partition, best);
        given += 1;
      }
      moved += given;
      left += surplus - allowed; // what is allowed and fits nowhere stays for good: the lists of the members differ
    }
    return [moved, left];
  }

  // ---- what there is ----

  #findOrphans(): number[] {
    const orphans: number[] = [];
    for (let partition = 0; partition < this.planned.length; partition++) {
      const at = this.planned[partition] ?? NOBODY;
      const member = this.#members[at];
      if (member !== undefined && member.role !== 'leaving' && member.takes(partition)) this.#count(at, 1);
      else orphans.push(partition);
    }
    return this.#scarceFirst(orphans);
  }

  /** Partitions that few members announce come first, while there is room for them. */
  #scarceFirst(partitions: number[]): number[] {
    const takers = new Map<PlannerMember['takes'], number>();
    for (const at of this.#present) {
      const takes = this.#members[at]?.takes;
      if (takes !== undefined) takers.set(takes, (takers.get(takes) ?? 0) + 1);
    }
    if (takers.size < 2) return partitions;
    const count = this.planned.length;
    const ranks = Float64Array.from(partitions, (partition) => {
      let announced = 0;
      for (const [takes, members] of takers) if (takes(partition)) announced += members;
      return announced * count + partition;
    });
    return Array.from(ranks.sort(), (rank) => rank % count);
  }

  #findQuotas(partitions: number): number[] {
    const members = this.#members;
    const kept = members.reduce((sum, { role }, at) => sum + (role === 'slow' ? this.#countOf(at) : 0), 0);
    const shares = members.map(({ role, weight, announced }, at) => ({
      weight: role === 'present' ? weight : 0,
      held: this.#countOf(at),
      most: announced,
    }));
    const quotas = quotasOf(partitions - kept, shares);
    return members.map(({ role }, at) => (role === 'slow' ? this.#countOf(at) : (quotas[at] ?? 0)));
  }

  #findBelow(): void {
    this.#below = this.#present.filter((at) => this.#countOf(at) < (this.#quotas[at] ?? 0));
  }

  /** Members that may be given partitions. */
  get #present(): number[] {
    return this.#members.flatMap(({ role, weight }, at) => (role === 'present' && weight > 0 ? [at] : []));
  }

  #surplusOf(at: number): number {
    return this.#countOf(at) - (this.#quotas[at] ?? 0);
  }

  #partitionsOf(members: readonly number[]): Map<number, number[]> {
    const found = new Map(members.map((at) => [at, [] as number[]]));
    for (let partition = 0; partition < this.planned.length; partition++) {
      found.get(this.planned[partition] ?? NOBODY)?.push(partition);
    }
    return found;
  }

  /** The partitions of a member that has too many: those that fit best elsewhere come first. */
  *#offersOf(at: number, partitions: readonly number[]): Generator<void, number[]> {
    const count = this.planned.length;
    // The score and the partition in one number, because numbers are sorted ten times as fast as objects.
    const ranks = new Float64Array(partitions.length);
    for (const [index, partition] of partitions.entries()) {
      if (this.#scores.isPauseDue()) yield;
      const best = this.#bestFor(partition);
      const gain = best === undefined ? 0 : this.#scores.of(best, partition) - this.#scores.of(at, partition) + MOST;
      ranks[index] = gain * count + (count - 1 - partition);
    }
    ranks.sort().reverse();
    return Array.from(ranks, (rank) => count - 1 - (((rank % count) + count) % count));
  }

  // ---- who takes what ----

  /** Who is to have the partition, of those that are below their quota. */
  #bestFor(partition: number): number | undefined {
    return this.#scores.best(this.#below, partition, (at) => this.#takes(at, partition));
  }

  #takes(at: number, partition: number): boolean {
    return this.#members[at]?.takes(partition) === true;
  }

  /** When nobody that announces the partition is below its quota: the lists of the members differ. */
  #leastLoaded(partition: number): number | undefined {
    const load = (at: number): number => (this.#countOf(at) + 1) / (this.#members[at]?.weight ?? 1);
    const takers = this.#present.filter((at) => this.#takes(at, partition));
    return takers.sort((a, b) => load(a) - load(b) || a - b)[0];
  }

  // ---- changes ----

  #give(partition: number, at: number): void {
    this.planned[partition] = at;
    this.#count(at, 1);
    if (this.#countOf(at) >= (this.#quotas[at] ?? 0)) this.#below = this.#below.filter((other) => other !== at);
  }

  #take(partition: number, at: number): void {
    this.planned[partition] = NOBODY;
    this.#count(at, -1);
  }

  #count(at: number, by: number): void {
    this.#counts[at] = this.#countOf(at) + by;
  }

  #countOf(at: number): number {
    return this.#counts[at] ?? 0;
  }
}
