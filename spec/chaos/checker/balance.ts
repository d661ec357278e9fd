import { HELD, type Tenures } from './tenures.js';

/** How many partitions each worker of the pool owns at one moment. */
export interface Balance {
  readonly shares: ReadonlyMap<string, number>;
  /** Partitions that nobody owns. */
  readonly unowned: readonly string[];
}

export interface PoolOfRun {
  /** The elections of its partitions. */
  readonly elections: readonly string[];
  readonly workers: readonly string[];
}

/** Who owns what at `instant`, by the samples. */
export function balanceAt(instant: number, { elections, workers }: PoolOfRun, tenures: Tenures): Balance {
  const shares = new Map(workers.map((name) => [name, 0]));
  const unowned: string[] = [];
  for (const election of elections) {
    const held = tenures.stretches(election).filter(({ from, to }) => from <= instant && to >= instant - HELD);
    const latest = held.sort((a, b) => b.to - a.to)[0];
    const worker = latest?.process.replace(/-\d+$/, '');
    if (worker === undefined) unowned.push(election);
    else shares.set(worker, (shares.get(worker) ?? 0) + 1);
  }
  return { shares, unowned };
}

/** Within one of each other, and nothing left. */
export function isEven({ shares, unowned }: Balance): boolean {
  const counts = [...shares.values()];
  return unowned.length === 0 && Math.max(...counts) - Math.min(...counts) <= 1;
}
