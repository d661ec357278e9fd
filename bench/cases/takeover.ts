import { type Case, measured } from '../case.js';
import { type Child, ChildFailure } from '../child.js';
import type { FleetCommands } from '../programs/fleet.js';
import type { Lag, Measured, Measurement, RequestsByMethod } from '../report.js';
import { difference, scale } from '../requests.js';
import { round, summarize } from '../statistics.js';
import type { BenchWorld } from '../world.js';
import { calm, FLEET_PATIENCE, fleetNames, openFleet, WHO, warmUp } from './fleet.js';

interface Contestant {
  readonly who: Measured;
  /** What the names of its elections begin with. */
  readonly prefix: string;
}

interface Takeover {
  readonly ms: number;
  readonly lag: Lag;
  readonly requests: RequestsByMethod;
  readonly figures: Readonly<Record<string, number>>;
}

/**
 * One process leads all elections, and another process waits behind it. The first process leaves as soon as the last
 * follower is in the queue. At the floor this is when etcd has created the followers' watches; with this library etcd
 * is still creating them, unless it `settles` before.
 */
async function takeOver(
  world: BenchWorld,
  { who, prefix }: Contestant,
  count: number,
  settles: boolean,
  isFirst: boolean,
): Promise<Takeover> {
  const fleets: readonly [Child<FleetCommands>, Child<FleetCommands>] = [openFleet(world, who), openFleet(world, who)];
  const [leaders, followers] = fleets;
  try {
    for (const fleet of fleets) await warmUp(fleet, count);
    const names = fleetNames(count, prefix);
    await leaders.ask('launch', { names, until: 'leading' }, FLEET_PATIENCE);
    const queued = await followers.ask('launch', { names, until: 'waiting' }, FLEET_PATIENCE);
    const memory = await followers.ask('memory', undefined as never, FLEET_PATIENCE);
    if (settles) await calm(world);
    const before = await world.counter.read();
    const taking = followers.ask('takeOver', undefined as never, FLEET_PATIENCE);
    const [taken, left] = await Promise.all([taking, leaders.ask('close', undefined as never, FLEET_PATIENCE)]);
    const requests = difference(before, await world.counter.read());
    await followers.ask('close', undefined as never, FLEET_PATIENCE);
    const figures = {
      errors: taken.errors,
      'queueing ms': round(queued.ms),
      ...(isFirst && who !== 'floor' && { 'heap bytes': Math.round(memory.heap), 'rss bytes': Math.round(memory.rss) }),
    };
    return { ms: taken.at - left.at, lag: taken.lag, requests, figures };
  } finally {
    for (const fleet of fleets) fleet.kill();
  }
}

/** Each contestant in turn. */
export async function takeOvers(
  world: BenchWorld,
  count: number,
  settles: boolean,
  contestants: readonly Contestant[] = WHO.map((who) => ({ who, prefix: '' })),
): Promise<Measurement[]> {
  const takeovers = new Map<Measured, Takeover[]>(contestants.map(({ who }) => [who, []]));
  const failures = new Map<Measured, ChildFailure>();
  for (let at = 0; at < world.amounts.launches; at++) {
    for (const contestant of contestants) {
      const { who } = contestant;
      if (failures.has(who)) continue;
      try {
        takeovers.get(who)?.push(await takeOver(world, contestant, count, settles, at === 0));
      } catch (err) {
        if (!(err instanceof ChildFailure)) throw err;
        failures.set(who, err);
      }
    }
  }
  return contestants.map(({ who }): Measurement => {
    const all = takeovers.get(who) ?? [];
    const samples = all.map(({ ms }) => round(ms));
    const time = summarize(samples);
    const [first] = all;
    const failure = failures.get(who);
    return {
      who,
      outcome: failure?.outcome ?? 'ok',
      ...(failure && { note: failure.message }),
      samples,
      ...(time && { time }),
      ...(first && {
        requests: scale(first.requests, 1),
        lag: first.lag,
        figures: { ...first.figures, errors: all.reduce((sum, { figures }) => sum + (figures.errors ?? 0), 0) },
      }),
    };
  });
}

export const takeover: Case = {
  name: 'takeover',
  about: 'as many followers in a second process; then the session of the leaders is closed',
  async run(world) {
    const results = [];
    for (const count of world.amounts.fleets) {
      const title = `${count.toLocaleString('en')} leaders leave at once: until a second process has taken all over`;
      results.push(await measured(world, `takeover-${count}`, title, () => takeOvers(world, count, false)));
      const settled = `${title}; it has its watches`;
      results.push(await measured(world, `takeover-${count}-settled`, settled, () => takeOvers(world, count, true)));
    }
    return results;
  },
};
