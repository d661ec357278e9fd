import { type Case, measured } from '../case.js';
import { ChildFailure } from '../child.js';
import { cpuOf, memoryOf } from '../proc.js';
import type { Measurement } from '../report.js';
import { difference } from '../requests.js';
import { round, summarize } from '../statistics.js';
import type { BenchWorld } from '../world.js';
import { calm, fleetNames, openFleet, warmUp } from './fleet.js';

const MEGABYTE = 2 ** 20;
/** Milliseconds to wait for all fleets. */
const PATIENCE = 300_000;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Many processes, each with many elections on one session, all led: until all lead, and what that costs while nothing
 * happens. Nobody is beside them: the question is what one cluster of etcd can carry.
 */
async function measure(world: BenchWorld): Promise<Measurement[]> {
  const { processes, inEach } = world.amounts.many;
  const fleets = Array.from({ length: processes }, () => openFleet(world, 'etcd-leader'));
  try {
    for (const fleet of fleets) await warmUp(fleet, inEach);
    const before = world.etcd().map(memoryOf);
    const begun = performance.now();
    const launched = await Promise.all(
      fleets.map((fleet) => fleet.ask('launch', { names: fleetNames(inEach), until: 'leading' }, PATIENCE)),
    );
    const ms = performance.now() - begun;
    await calm(world, PATIENCE);
    const costs = await upkeep(world, fleets, before);
    const closing = performance.now();
    await Promise.all(fleets.map((fleet) => fleet.ask('close', undefined as never, PATIENCE)));
    const errors = launched.reduce((sum, { errors: some }) => sum + some, 0);
    const figures = { errors, ...costs, 'close ms': round(performance.now() - closing) };
    const time = summarize([round(ms)]);
    return [{ who: 'etcd-leader', outcome: 'ok', samples: [round(ms)], ...(time && { time }), figures }];
  } catch (err) {
    if (!(err instanceof ChildFailure)) throw err;
    return [{ who: 'etcd-leader', outcome: err.outcome, note: err.message, samples: [] }];
  } finally {
    for (const fleet of fleets) fleet.kill();
  }
}

/** What all this costs while nothing happens: of each member of etcd, and of each process, on average. */
async function upkeep(
  world: BenchWorld,
  fleets: readonly ReturnType<typeof openFleet>[],
  before: readonly (number | undefined)[],
): Promise<Record<string, number>> {
  const { idle } = world.amounts;
  const memories = await Promise.all(fleets.map((fleet) => fleet.ask('memory', undefined as never, PATIENCE)));
  const members = world.etcd();
  const rss = members.map(memoryOf);
  const [counted, used] = [await world.counter.read(), members.map(cpuOf)];
  const shares = await Promise.all(fleets.map((fleet) => fleet.ask('idle', { ms: idle }, idle + PATIENCE)));
  const [requests, spent] = [difference(counted, await world.counter.read()), members.map(cpuOf)];
  const sent = Object.values(requests).reduce((sum, n) => sum + n, 0);
  const known = (values: readonly (number | undefined)[]): number[] => values.filter((value) => value !== undefined);
  const cpu = known(spent.map((ms, i) => (used[i] === undefined || ms === undefined ? undefined : ms - used[i])));
  return {
    'heap bytes of an election': Math.round(mean(memories.map(({ heap }) => heap))),
    'MB of a process': round(mean(memories.map(({ total }) => total)) / MEGABYTE),
    'idle cpu % of a process': round(mean(shares) * 100),
    'idle requests/s': round((sent * 1_000) / idle),
    ...(known(rss).length > 0 && {
      'MB of a member before': round(mean(known(before)) / MEGABYTE),
      'MB of a member': round(mean(known(rss)) / MEGABYTE),
      'idle cpu % of a member': round((mean(cpu) * 100) / idle),
    }),
  };
}

export const processes: Case = {
  name: 'processes',
  about: 'many processes with many elections each, all led; only when it is asked for by name',
  isSpecial: true,
  async run(world) {
    const { processes: count, inEach } = world.amounts.many;
    const [all, each] = [count * inEach, inEach].map((n) => n.toLocaleString('en'));
    const title = `${all} elections, ${each} in each of ${count} processes: until all lead`;
    return [await measured(world, `processes-${count}`, title, () => measure(world))];
  },
};
