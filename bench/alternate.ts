import { LoopLag } from './loop-lag.js';
import type { Measured, Measurement, RequestsByMethod } from './report.js';
import { add, difference, scale } from './requests.js';
import { round, summarize } from './statistics.js';
import type { BenchWorld } from './world.js';

/** One iteration. */
export interface Trial {
  /** Does what is measured. Resolves with its milliseconds. */
  run(): Promise<number>;
  end(): Promise<void>;
}

export interface Contestant {
  readonly who: Measured;
  /** Prepares the iteration; none of this is measured. */
  prepare(): Promise<Trial>;
  close(): Promise<void>;
}

/** Milliseconds to wait after an iteration, because what the iteration has caused still reaches etcd. */
const AFTERMATH = 150;

/**
 * Measures the contestants in turn, one iteration each, and begins each round with another contestant, so that other
 * work of the machine meets all contestants alike. Requests are counted apart from the times, because reading etcd's
 * counters costs etcd time.
 */
export async function alternate(
  world: BenchWorld,
  contestants: readonly Contestant[],
  amounts: { readonly rounds: number; readonly warmUp: number; readonly counted: number } = world.amounts,
): Promise<Measurement[]> {
  const lag = new LoopLag();
  const samples = new Map<Measured, number[]>(contestants.map(({ who }) => [who, []]));
  try {
    for (let at = 0; at < amounts.warmUp + amounts.rounds; at++) {
      for (let turn = 0; turn < contestants.length; turn++) {
        const contestant = contestants[(at + turn) % contestants.length];
        if (contestant === undefined) continue;
        const ms = await iterate(contestant);
        if (at >= amounts.warmUp) samples.get(contestant.who)?.push(round(ms));
      }
    }
    const loopLag = lag.end();
    const measurements: Measurement[] = [];
    for (const contestant of contestants) {
      const { who } = contestant;
      const requests = await count(world, contestant, amounts.counted);
      const times = samples.get(who) ?? [];
      const time = summarize(times);
      measurements.push({ who, outcome: 'ok', ...(time && { time }), samples: times, requests, lag: loopLag });
    }
    return measurements;
  } finally {
    await Promise.all(contestants.map((contestant) => contestant.close()));
  }
}

async function iterate(contestant: Contestant): Promise<number> {
  const trial = await contestant.prepare();
  const ms = await trial.run();
  await trial.end();
  return ms;
}

async function count({ counter }: BenchWorld, contestant: Contestant, times: number): Promise<RequestsByMethod> {
  let requests: RequestsByMethod = {};
  for (let at = 0; at < times; at++) {
    const trial = await contestant.prepare();
    const before = await counter.read();
    await trial.run();
    await new Promise((resolve) => setTimeout(resolve, AFTERMATH));
    requests = add(requests, difference(before, await counter.read()));
    await trial.end();
  }
  return scale(requests, 1 / times);
}
