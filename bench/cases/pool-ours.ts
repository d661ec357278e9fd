import { uniqueName } from '../../spec/support/unique-name.js';
import { now } from '../clock.js';
import { type BenchWorker, OurPool } from '../contestants/pool.js';
import { difference } from '../requests.js';
import { type BenchWorld, clientOfCluster, type PoolAmounts } from '../world.js';
import type { Life, PhaseResult } from './pool.js';

/** One pool from its beginning to its end. */
export async function ourLife(world: BenchWorld, amounts: PoolAmounts, isFirst: boolean): Promise<Life> {
  const pool = new OurPool(world, uniqueName('pool'), amounts);
  const life = new PoolLife(world, pool);
  try {
    if (amounts.isApart) {
      const apart = await pool.prepare('coordinator', 0);
      await pool.start(apart);
      await pool.coordinator();
    }
    const first = await Promise.all(Array.from({ length: amounts.workers - 1 }, (_, at) => pool.prepare(`w${at}`)));
    const cold = await life.phase(async () => {
      const begun = await Promise.all(first.map((worker) => pool.start(worker)));
      return [Math.min(...begun)];
    });
    const memory = await memoryOf(pool);
    const last = await pool.prepare(`w${amounts.workers - 1}`);
    const join = await life.phase(async () => [await pool.start(last)]);
    if (amounts.isApart) return { cold, join };
    const crash = await life.crash();
    await pool.start(await pool.prepare('w-another'));
    await pool.balanced();
    const rolling = isFirst ? await life.rolling(false) : undefined;
    const surge = isFirst ? await life.rolling(true) : undefined;
    return {
      cold: { ...cold, figures: { ...cold.figures, ...memory } },
      join,
      crash,
      ...(rolling && { rolling }),
      ...(surge && { surge }),
    };
  } finally {
    pool.kill();
  }
}

/** Bytes of heap of a worker for each partition that it owns, and what the coordinator has beside that. */
async function memoryOf(pool: OurPool): Promise<Record<string, number>> {
  const coordinator = await pool.coordinator();
  const read = async ({ child }: BenchWorker): Promise<number> =>
    (await child.ask('memory', undefined as never, 60_000)).heap / 2 ** 20;
  const others = pool.workers.filter((worker) => worker !== coordinator);
  const heaps = await Promise.all(others.map(read));
  return {
    'heap of a worker MiB': Math.max(...heaps),
    'heap of the coordinator MiB': await read(coordinator),
  };
}

class PoolLife {
  readonly #world: BenchWorld;
  readonly #pool: OurPool;

  constructor(world: BenchWorld, pool: OurPool) {
    this.#world = world;
    this.#pool = pool;
  }

  /** Measures from what `begin` resolves to until the pool is balanced, with all that is told beside it. */
  async phase(begin: () => Promise<readonly number[]>): Promise<PhaseResult> {
    const before = await this.#start();
    const [from = 0] = await begin();
    const { changedAt } = await this.#pool.balanced();
    return this.#result([changedAt - from], before, {});
  }

  /** One worker that does not coordinate is killed. */
  async crash(): Promise<PhaseResult> {
    const pool = this.#pool;
    const coordinator = await pool.coordinator();
    const victim = pool.workers.find((worker) => worker !== coordinator) as BenchWorker;
    const before = await this.#start();
    const client = clientOfCluster(this.#world.hosts);
    const watcher = await client.watch().prefix(`${pool.name}/members/`).create();
    const gone = new Promise<number>((resolve) => watcher.once('delete', () => resolve(now())));
    const killedAt = now();
    await pool.end(victim, 'kill');
    const goneAt = await gone;
    const { changedAt } = await pool.balanced();
    await watcher.cancel();
    client.close();
    return this.#result([changedAt - goneAt], before, { 'SIGKILL to the end of the lease ms': goneAt - killedAt });
  }

  /** Every worker is replaced, by one of the same name; `isSurging`: by another, which comes before it goes. */
  async rolling(isSurging: boolean): Promise<PhaseResult> {
    const pool = this.#pool;
    const samples: number[] = [];
    const before = await this.#start();
    for (const worker of [...pool.workers]) {
      const next = await pool.prepare(isSurging ? `${worker.member}-new` : worker.member);
      const from = now();
      if (isSurging) {
        await pool.start(next);
        await pool.isMember(next);
        await pool.end(worker, 'stop');
      } else {
        await pool.end(worker, 'stop');
        await pool.start(next);
      }
      samples.push((await pool.balanced()).changedAt - from);
    }
    const result = await this.#result(samples, before, {});
    const { moves = 0 } = result.figures;
    return { ...result, figures: { ...result.figures, 'moves per partition': moves / pool.partitions } };
  }

  async #start() {
    if (this.#pool.workers.length > 0) await this.#pool.loops(); // from here on
    return { requests: await this.#world.counter.read(), gained: await this.#gained() };
  }

  async #gained(): Promise<number> {
    return this.#pool.workers.length === 0 ? 0 : (await this.#pool.state()).gained;
  }

  async #result(
    samples: readonly number[],
    before: { readonly requests: Readonly<Record<string, number>>; readonly gained: number },
    figures: Readonly<Record<string, number>>,
  ): Promise<PhaseResult> {
    const requests = difference(before.requests, await this.#world.counter.read());
    const { gained, errors } = await this.#pool.state();
    for (const error of errors) this.#world.say(`  ${error}`);
    const { lag, coordinator, workers } = await this.#pool.loops();
    return {
      samples,
      requests,
      lag,
      figures: {
        moves: gained - before.gained,
        errors: errors.length,
        ...figures,
        'coordinator late ms': coordinator.late,
        'of its own work ms': coordinator.worked,
        'workers late ms': workers.late,
      },
    };
  }
}
