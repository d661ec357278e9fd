import { FakeEtcd } from '../support/fake-etcd/fake-etcd.js';
import type { StoredKey } from '../support/fake-etcd/key-space.js';
import { Random } from '../support/random.js';
import { VirtualTime } from '../support/virtual-time.js';
import type { Contender } from './contender.js';
import { Foreign } from './foreign.js';
import type { Chosen, Plan } from './plan.js';
import { SimulatedProcess } from './process.js';
import { Referee } from './referee.js';
import { Story } from './story.js';
import { Tally } from './tally.js';
import { isRecorded } from './term-history.js';
import { Violation } from './violation.js';

/** Milliseconds after which a client gives a request up. */
const REQUEST_TIMEOUT = 1_000;
const HANG_TIMEOUT = 3_600;

/** Milliseconds after which the library believes that etcd's history has begun anew, and what requests take besides. */
export const BELIEVED_AFTER = 12_000;

/** Everything that exists in one schedule. */
export class SimulatedWorld {
  readonly plan: Plan;
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly tally = new Tally();
  readonly story: Story;
  readonly etcd: FakeEtcd;
  readonly referee: Referee;
  readonly foreign = new Foreign(this);
  readonly hangTimeout = HANG_TIMEOUT;
  readonly elections: readonly string[];
  /** The queue that only locks use. */
  readonly lockName = 'locks';
  /** The elections, and the queue that only locks use if they use it. */
  readonly queues: readonly string[];
  /** One process for each process of the plan. A process that died is replaced by a new one. */
  readonly processes: SimulatedProcess[] = [];
  /** The faults have ended. */
  isCalm = false;
  /** The first promise that was broken. */
  violation: Violation | undefined;
  /** How often etcd's history has begun anew. */
  epoch = 0;
  readonly #incarnations: number[] = [];
  #disturbedUntil = 0;

  constructor(plan: Plan, wantsStory: boolean) {
    this.plan = plan;
    this.random = new Random(plan.seed);
    this.story = new Story(this.time, wantsStory);
    this.elections = namesOf(plan);
    const hasLocks = plan.steps.some(({ deed }) => deed.name === 'lock' && deed.plan.of === 'locks');
    this.queues = hasLocks ? [...this.elections, this.lockName] : this.elections;
    const { members, latency, watchDelay, electionTime, leaseTick } = plan.etcd;
    this.etcd = new FakeEtcd({
      clock: this.time.clock({ name: 'etcd' }),
      seed: plan.seed,
      members,
      // A cluster that is emptied does not come back to such a revision within a schedule.
      revision: 1_000n,
      latency: [0.1, latency],
      watchDelay: [0, watchDelay],
      electionTime: [50, electionTime],
      leaseTick,
      silence: 'either',
      // Operators do not compact up to a deletion that is milliseconds old. Here they would, in every other schedule.
      losesCompactedDeletion: false,
      tellsLeases: plan.seed % 2 === 0,
      requestTimeout: REQUEST_TIMEOUT,
      hangTimeout: HANG_TIMEOUT,
      ...(wantsStory && { trace: (_, what) => this.story.tell('', () => `  ${what}`) }),
    });
    const parts = {
      etcd: this.etcd,
      now: () => this.time.now,
      story: this.story,
      tally: this.tally,
      disturbedUntil: () => this.#disturbedUntil,
    };
    this.referee = new Referee(this.queues, parts, isRecorded(plan));
    this.etcd.onWrite(() => this.guard(() => this.referee.look()));
    this.time.onStep = () => this.guard(() => this.referee.check());
    for (const at of plan.processes.keys()) this.boot(at);
  }

  /** Puts a new process into this place. */
  boot(at: number): SimulatedProcess {
    const incarnation = (this.#incarnations[at] ?? 0) + 1;
    this.#incarnations[at] = incarnation;
    const name = `p${at + 1}${incarnation > 1 ? `#${incarnation}` : ''}`;
    const process = new SimulatedProcess(name, this.plan.processes[at] as SimulatedProcess['plan'], this);
    this.processes[at] = process;
    return process;
  }

  electionName(number: number): string {
    return `e${number}`;
  }

  /**
   * Runs what may find a broken promise, anywhere in the library's own stack: what it throws must not disturb the run.
   */
  guard(fn: () => void): void {
    try {
      fn();
    } catch (err) {
      const surprise = (): Violation =>
        new Violation('i: no surprises', String(err instanceof Error ? err.stack : err), err);
      const violation = err instanceof Violation ? err : surprise();
      this.violation ??= violation;
      this.story.tell('REFEREE', () => `*** ${violation.message}`);
    }
  }

  /** etcd has begun anew, and is down for `ms`. Nobody believes that at once. `before`: the keys before that. */
  beginAnew(before: readonly StoredKey[], ms: number): void {
    this.epoch += 1;
    this.disturb(this.time.now + ms + BELIEVED_AFTER);
    this.guard(() => this.referee.beginAnew(before));
    this.foreign.beginAnew();
  }

  /** Something is wrong up to the instant `until`, by the timeline. */
  disturb(until: number): void {
    this.#disturbedUntil = Math.max(this.#disturbedUntil, until);
  }

  get contenders(): readonly Contender[] {
    return this.processes.flatMap(({ contenders }) => contenders);
  }

  get living(): readonly Contender[] {
    return this.contenders.filter(({ process }) => !process.isDead);
  }

  /** The candidate that is meant; undefined when there is none. */
  find({ election, as }: Chosen): Contender | undefined {
    const name = this.elections[election % this.elections.length] as string;
    const all = this.living.filter(({ electionName }) => electionName === name);
    if (typeof as === 'number') return all[as % Math.max(1, all.length)];
    const queue = this.referee.queueOf(name);
    const ownerOf = (place: number): Contender | undefined => {
      const lease = queue[place]?.lease;
      return lease === undefined ? undefined : all.find(({ process }) => process.owns(lease));
    };
    if (as === 'next') return ownerOf(1) ?? all.at(-1);
    return all.find((contender) => contender.election.isLeader()) ?? ownerOf(0) ?? all[0];
  }
}

function namesOf(plan: Plan): readonly string[] {
  const numbers = plan.processes.flatMap(({ candidates }) => candidates.map(({ election }) => election));
  return [...new Set(numbers)].sort((a, b) => a - b).map((number) => `e${number}`);
}
