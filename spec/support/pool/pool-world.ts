import { expect } from 'chai';
import { Pool, type PoolOptions } from '../../../lib/index.js';
import type { Connection } from '../fake-etcd/connection.js';
import type { FakeEtcdOptions } from '../fake-etcd/options.js';
import type { VirtualClock } from '../virtual-clock.js';
import { type Process, World } from '../world.js';

/** A worker in a process of its own. */
export interface PoolWorker extends Process {
  readonly name: string;
  readonly store: Connection;
  readonly clock: VirtualClock;
  readonly pool: Pool;
  /** Its `gained` and `lost`, as `+ 7` and `- 7 REBALANCED`. */
  readonly story: string[];
}

/** The pool `p` on the model of etcd. At every step at most one worker owns a partition, by the owners' own clocks. */
export class PoolWorld extends World {
  readonly workers: PoolWorker[] = [];
  readonly partitions: number | readonly string[];
  #problem: string | undefined;
  /** By partition: the greatest token so far. */
  readonly #tokens = new Map<string, bigint>();

  constructor(partitions: number | readonly string[], options: FakeEtcdOptions = {}) {
    super({ tellsLeases: false, ...options }); // as etcd from 3.7 on; an earlier one tells more
    this.partitions = partitions;
    this.time.onStep = () => this.#checkOwners();
  }

  worker(name: string, options: Partial<PoolOptions> = {}): PoolWorker {
    const process = this.process(name);
    const pool = new Pool(process, 'p', { partitions: this.partitions, member: name, ...options });
    const story: string[] = [];
    pool.on('gained', ({ partition, fencingToken }) => {
      // A listener that throws disturbs nobody, so the next step does.
      if (fencingToken <= (this.#tokens.get(partition) ?? 0n)) this.#problem = `the token of ${partition} did not grow`;
      this.#tokens.set(partition, fencingToken);
      story.push(`+ ${partition}`);
    });
    pool.on('lost', ({ partition }, { code }) => story.push(`- ${partition} ${code}`));
    const worker = { ...process, name, pool, story };
    this.workers.push(worker);
    return worker;
  }

  /** Starts workers at once, and waits until each has its share. */
  async balanced(workers: readonly PoolWorker[], within = 30_000): Promise<void> {
    for (const { pool } of workers) pool.start();
    const count = typeof this.partitions === 'number' ? this.partitions : this.partitions.length;
    const isEven = (): boolean => {
      const owned = workers.map(({ pool }) => pool.owned.size);
      const sum = owned.reduce((a, b) => a + b, 0);
      return sum === count && Math.max(...owned) - Math.min(...owned) <= 1;
    };
    await this.until(isEven, 'the pool is balanced', within);
  }

  counts(workers: readonly PoolWorker[] = this.workers): number[] {
    return workers.map(({ pool }) => pool.owned.size);
  }

  /** How often partitions were gained since the stories began. */
  gains(): number {
    return this.workers.reduce((sum, { story }) => sum + story.filter((line) => line.startsWith('+')).length, 0);
  }

  /** Puts what a coordinator might have written. */
  forge(worker: PoolWorker, plan: unknown): void {
    const lease = this.leaseOf(worker);
    this.etcd.put(
      `p/plan/${lease.toString(16)}`,
      Buffer.from(typeof plan === 'string' ? plan : JSON.stringify(plan)),
      lease,
    );
  }

  leaseOf({ name }: PoolWorker): bigint {
    const kv = this.etcd
      .keys('p/members/')
      .find(({ value }) => (JSON.parse(value.toString()) as { id: string }).id === name);
    if (kv === undefined) throw new Error(`${name} is no member`);
    return kv.lease;
  }

  /** Every `lost` follows its `gained`, and no two follow each other. */
  expectPaired(): void {
    for (const { name, story } of this.workers) {
      const last = new Map<string, string>();
      for (const line of story) {
        const [sign = '', partition = ''] = line.split(' ');
        expect(last.get(partition) ?? '-', `${name}: ${line}`).not.to.equal(sign);
        last.set(partition, sign);
      }
    }
  }

  #checkOwners(): void {
    if (this.#problem !== undefined) throw new Error(this.#problem);
    const owners = new Map<string, string>();
    for (const { name, pool, clock } of this.workers) {
      if (clock.dead) continue;
      for (const [partition, ownership] of pool.owned) {
        if (!ownership.isCurrent()) continue;
        const other = owners.get(partition);
        if (other !== undefined) throw new Error(`at ${this.now} ${other} and ${name} own ${partition}`);
        owners.set(partition, name);
      }
    }
  }
}
