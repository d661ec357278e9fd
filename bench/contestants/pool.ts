import { setTimeout as sleep } from 'node:timers/promises';
import { Child, ChildFailure } from '../child.js';
import type { PoolCommands, WorkerState } from '../programs/pool.js';
import type { Lag } from '../report.js';
import type { Stall } from '../stalls.js';
import type { BenchWorld } from '../world.js';

/** Milliseconds for anything: beyond that it counts as failed. */
export const POOL_PATIENCE = 120_000;
/** Milliseconds between two looks at the workers, and for which nothing may change before they count as balanced. */
const LOOK = 100;

/** What all workers of a pool say. */
export interface WorkersState {
  readonly owned: readonly number[];
  readonly gained: number;
  readonly changedAt: number;
  readonly errors: readonly string[];
}

export interface BenchWorker {
  readonly member: string;
  readonly child: Child<PoolCommands>;
  /** 0: it only coordinates. */
  readonly weight: number;
}

/** The workers of one pool, each in a process of its own. */
export class OurPool {
  readonly name: string;
  readonly partitions: number;
  readonly #world: BenchWorld;
  readonly #ttl: number;
  #workers: BenchWorker[] = [];
  /** What workers that have ended had gained. */
  #goneGained = 0;

  constructor(
    world: BenchWorld,
    name: string,
    { partitions, ttl }: { readonly partitions: number; readonly ttl: number },
  ) {
    this.#world = world;
    this.#ttl = ttl;
    this.name = name;
    this.partitions = partitions;
  }

  get workers(): readonly BenchWorker[] {
    return this.#workers;
  }

  /** A process that is connected, and not in the pool yet. */
  async prepare(member: string, weight = 1): Promise<BenchWorker> {
    const child = new Child<PoolCommands>('pool', [this.#world.hosts.join(',')]);
    await child.ask('ready', undefined as never, POOL_PATIENCE);
    return { member, child, weight };
  }

  /** Resolves to when it was started. */
  async start(worker: BenchWorker): Promise<number> {
    this.#workers.push(worker);
    const { name, partitions } = this;
    const options = { name, member: worker.member, partitions, ttl: this.#ttl, weight: worker.weight };
    return (await worker.child.ask('start', options, POOL_PATIENCE)).at;
  }

  /** Ends a worker in order, or by SIGKILL. */
  async end(worker: BenchWorker, how: 'stop' | 'kill'): Promise<void> {
    const { gained } = await worker.child.ask('state', undefined as never, POOL_PATIENCE);
    this.#goneGained += gained;
    this.#workers = this.#workers.filter((other) => other !== worker);
    if (how === 'stop') await worker.child.ask('stop', undefined as never, POOL_PATIENCE);
    worker.child.kill();
  }

  async isMember({ child }: BenchWorker): Promise<void> {
    while (!(await child.ask('state', undefined as never, POOL_PATIENCE)).isMember) await sleep(LOOK);
  }

  /** Resolves when every partition is owned, each worker has its share, and nothing has changed since the last look. */
  async balanced(): Promise<WorkersState> {
    const end = performance.now() + POOL_PATIENCE;
    for (let before = Number.NaN; ; await sleep(LOOK)) {
      const state = await this.state();
      const sum = state.owned.reduce((a, b) => a + b, 0);
      const isEven = Math.max(...state.owned) - Math.min(...state.owned) <= 1;
      if (sum === this.partitions && isEven && before === state.changedAt) return state;
      before = state.changedAt;
      if (performance.now() > end) throw new ChildFailure('timed out', `not balanced: ${state.owned.join(', ')}`);
    }
  }

  async state(): Promise<WorkersState> {
    const workers = this.#workers;
    const all = await this.#ask();
    return {
      owned: all.filter((_, at) => workers[at]?.weight !== 0).map(({ owned }) => owned),
      gained: this.#goneGained + all.reduce((sum, { gained }) => sum + gained, 0),
      changedAt: Math.max(...all.map(({ changedAt }) => changedAt)),
      errors: all.flatMap(({ errors }) => errors),
    };
  }

  async coordinator(): Promise<BenchWorker> {
    for (;;) {
      const at = (await this.#ask()).findIndex(({ isCoordinator }) => isCoordinator);
      const found = this.#workers[at];
      if (found !== undefined) return found;
      await sleep(LOOK);
    }
  }

  /** How late the event loops were since the last call: the coordinator's, and the latest of all. */
  async loops(): Promise<{ readonly lag: Lag; readonly coordinator: Stall; readonly workers: Stall }> {
    const coordinator = await this.coordinator();
    const all = await Promise.all(
      this.#workers.map(async (worker) => ({
        isCoordinator: worker === coordinator,
        ...(await worker.child.ask('loop', undefined as never, POOL_PATIENCE)),
      })),
    );
    const [own] = all.filter(({ isCoordinator }) => isCoordinator);
    if (own === undefined) throw new Error('the coordinator is gone');
    const most = (of: (stall: Stall) => number): number => Math.max(...all.map(({ stall }) => of(stall)));
    const workers = { late: most(({ late }) => late), worked: most(({ worked }) => worked) };
    return { lag: own.lag, coordinator: own.stall, workers };
  }

  kill(): void {
    for (const { child } of this.#workers) child.kill();
  }

  #ask(): Promise<WorkerState[]> {
    return Promise.all(this.#workers.map(({ child }) => child.ask('state', undefined as never, POOL_PATIENCE)));
  }
}
