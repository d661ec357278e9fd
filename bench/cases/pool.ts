import { type Case, measured } from '../case.js';
import { ChildFailure } from '../child.js';
import type { Measured, Measurement, RequestsByMethod, Result } from '../report.js';
import { scale } from '../requests.js';
import { round, summarize } from '../statistics.js';
import type { BenchWorld, PoolAmounts } from '../world.js';
import { bareLife } from './pool-bare.js';
import { ourLife } from './pool-ours.js';

/** What is measured in the life of a pool. */
export const PHASES = ['cold', 'join', 'crash', 'rolling', 'surge'] as const;
export type Phase = (typeof PHASES)[number];

/** One phase of one life. A rolling restart has a sample for each worker. */
export interface PhaseResult {
  readonly samples: readonly number[];
  readonly requests: RequestsByMethod;
  readonly figures: Readonly<Record<string, number>>;
  readonly lag?: { readonly p99: number; readonly max: number };
}

export type Life = Readonly<Partial<Record<Phase, PhaseResult>>>;

const WHO: readonly Measured[] = ['etcd-leader', 'floor'];

function titleOf(phase: Phase, { partitions, workers, isApart }: PoolAmounts): string {
  const apart = isApart ? ', coordinated by one more process' : '';
  const what = `a pool of ${partitions.toLocaleString('en')} partitions${apart}`;
  const titles: Readonly<Record<Phase, string>> = {
    cold: `${what}, ${workers - 1} processes start at once: until each has its share`,
    join: `${what}, a process joins ${workers - 1} others: until each has its share`,
    crash: `${what}, one of ${workers} processes is killed: from the end of its lease until each has its share`,
    rolling: `${what}, ${workers} processes are restarted one by one: each until all have their share`,
    surge: `${what}, the same, with the new process started before the old one is stopped`,
  };
  return titles[phase];
}

/** Lives in turn, ours and bare. */
async function live(
  world: BenchWorld,
  amounts: PoolAmounts,
): Promise<ReadonlyMap<Measured, readonly Life[] | ChildFailure>> {
  const lives = new Map<Measured, Life[] | ChildFailure>(WHO.map((who) => [who, []]));
  for (let at = 0; at < amounts.lives; at++) {
    for (const who of WHO) {
      const known = lives.get(who);
      if (!Array.isArray(known)) continue;
      world.say(`  life ${at + 1} of ${amounts.lives}: ${who}`);
      try {
        known.push(await (who === 'floor' ? bareLife(world, amounts) : ourLife(world, amounts, at === 0)));
      } catch (err) {
        if (!(err instanceof ChildFailure)) throw err;
        lives.set(who, err);
      }
    }
  }
  return lives;
}

function summary(who: Measured, phase: Phase, lives: readonly Life[] | ChildFailure): Measurement {
  if (!Array.isArray(lives)) {
    const { outcome, message } = lives as ChildFailure;
    return { who, outcome, note: message, samples: [] };
  }
  const all = (lives as readonly Life[]).flatMap((life) => life[phase] ?? []);
  const samples = all.flatMap((result) => result.samples.map(round));
  const [first] = all;
  if (first === undefined) return { who, outcome: 'failed', note: 'not asked', samples };
  const time = summarize(samples);
  const figures = Object.keys(first.figures).map((name) => {
    const values = all.map((result) => result.figures[name] ?? 0);
    return [name, round(Math.max(...values))] as const;
  });
  return {
    who,
    outcome: 'ok',
    samples,
    ...(time && { time }),
    requests: scale(first.requests, 1 / first.samples.length),
    figures: Object.fromEntries(figures),
    ...(first.lag && { lag: first.lag }),
  };
}

export const pool: Case = {
  name: 'pool',
  about: 'a pool with a process for each worker: cold start, join, crash, rolling restart',
  async run(world) {
    const results: Result[] = [];
    for (const amounts of world.amounts.pools) {
      let lives: ReadonlyMap<Measured, readonly Life[] | ChildFailure> = new Map();
      for (const phase of amounts.isApart ? PHASES.slice(0, 2) : PHASES) {
        const id = `pool-${amounts.partitions}-${phase}${amounts.isApart ? '-apart' : ''}`;
        const measure = async (): Promise<Measurement[]> => {
          if (lives.size === 0) lives = await live(world, amounts);
          return WHO.map((who) => summary(who, phase, lives.get(who) ?? []));
        };
        results.push(await measured(world, id, titleOf(phase, amounts), measure));
      }
    }
    return results;
  },
};
