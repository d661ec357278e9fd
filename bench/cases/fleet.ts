import { setTimeout as sleep } from 'node:timers/promises';
import { uniqueName } from '../../spec/support/unique-name.js';
import { type Case, measured } from '../case.js';
import { Child, ChildFailure } from '../child.js';
import type { FleetCommands } from '../programs/fleet.js';
import type { Lag, Measured, Measurement, RequestsByMethod } from '../report.js';
import { difference, scale } from '../requests.js';
import { round, summarize } from '../statistics.js';
import type { BenchWorld } from '../world.js';

export const WHO: readonly Measured[] = ['etcd-leader', 'etcd3', 'floor'];
/** Milliseconds to wait for a fleet, because etcd3 with ten thousand elections would go on until its memory is full. */
export const FLEET_PATIENCE = 90_000;
const WARM_UP = 100;
/** Milliseconds between two looks at etcd's counters. */
const PAUSE = 1_000;

interface Launch {
  readonly ms: number;
  readonly lag: Lag;
  readonly figures: Record<string, number>;
  readonly requests: RequestsByMethod;
}

export function openFleet(world: BenchWorld, who: Measured): Child<FleetCommands> {
  return new Child<FleetCommands>('fleet', [who, world.hosts.join(',')]);
}

export function fleetNames(count: number, prefix = ''): string[] {
  const name = `${prefix}${uniqueName('fleet')}`;
  return Array.from({ length: count }, (_, i) => `${name}/${i}`);
}

export async function warmUp(fleet: Child<FleetCommands>, count: number): Promise<void> {
  await fleet.ask('warmUp', { names: fleetNames(Math.min(count, WARM_UP)) }, FLEET_PATIENCE);
}

/** Runs one fleet from its start to its end. Only the first fleet of a contestant is also measured while it is idle. */
async function launch(world: BenchWorld, who: Measured, count: number, isFirst: boolean): Promise<Launch> {
  const fleet = openFleet(world, who);
  try {
    await warmUp(fleet, count);
    const before = await world.counter.read();
    const { ms, errors, lag } = await fleet.ask(
      'launch',
      { names: fleetNames(count), until: 'leading' },
      FLEET_PATIENCE,
    );
    const requests = difference(before, await world.counter.read());
    const figures = { errors, ...(isFirst && who !== 'floor' && (await upkeep(world, fleet))) };
    const close = await fleet.ask('close', undefined as never, FLEET_PATIENCE);
    return { ms, lag, requests, figures: { ...figures, 'close ms': round(close.ms) } };
  } finally {
    fleet.kill();
  }
}

async function upkeep(world: BenchWorld, fleet: Child<FleetCommands>): Promise<Record<string, number>> {
  const { idle } = world.amounts;
  await calm(world);
  const { heap, rss } = await fleet.ask('memory', undefined as never, FLEET_PATIENCE);
  const before = await world.counter.read();
  const cpu = await fleet.ask('idle', { ms: idle }, idle + FLEET_PATIENCE);
  const { Watch = 0, LeaseKeepAlive = 0, ...others } = difference(before, await world.counter.read());
  const rest = Object.values(others).reduce((sum, n) => sum + n, 0);
  return {
    'heap bytes': Math.round(heap),
    'rss bytes': Math.round(rss),
    'idle cpu %': round(cpu * 100),
    'idle requests/s': round(((Watch + LeaseKeepAlive + rest) * 1_000) / idle),
  };
}

/** Idle figures are read when etcd has created all watches, because etcd creates them in the background. */
export async function calm({ counter, amounts }: BenchWorld, patience = FLEET_PATIENCE): Promise<void> {
  const isBusy = ({ Watch = 0 }: RequestsByMethod): boolean => Watch > (20 * PAUSE) / 1_000;
  for (let before = await counter.read(), waited = 0; waited < patience && amounts.idle > PAUSE; waited += PAUSE) {
    await sleep(PAUSE);
    const after = await counter.read();
    if (!isBusy(difference(before, after))) return;
    before = after;
  }
}

async function measure(world: BenchWorld, count: number): Promise<Measurement[]> {
  const launches = new Map<Measured, Launch[]>(WHO.map((who) => [who, []]));
  const failures = new Map<Measured, ChildFailure>();
  for (let at = 0; at < world.amounts.launches; at++) {
    for (const who of WHO) {
      if (failures.has(who) || (who === 'etcd3' && count > world.amounts.peerAtMost)) continue;
      try {
        launches.get(who)?.push(await launch(world, who, count, at === 0));
      } catch (err) {
        if (!(err instanceof ChildFailure)) throw err;
        failures.set(who, err);
      }
    }
  }
  return WHO.map((who) => summary(who, launches.get(who) ?? [], failures.get(who)));
}

function summary(who: Measured, launches: readonly Launch[], failure: ChildFailure | undefined): Measurement {
  const samples = launches.map(({ ms }) => round(ms));
  const time = summarize(samples);
  const [first] = launches;
  const errors = launches.reduce((sum, { figures }) => sum + (figures.errors ?? 0), 0);
  const outcome = failure?.outcome ?? (first === undefined ? 'failed' : 'ok');
  const note = failure?.message ?? (first === undefined ? 'not asked' : undefined);
  return {
    who,
    outcome,
    samples,
    ...(note !== undefined && { note }),
    ...(time && { time }),
    ...(first && { figures: { ...first.figures, errors }, requests: scale(first.requests, 1), lag: first.lag }),
  };
}

export const fleet: Case = {
  name: 'fleet',
  about: 'many elections in one process, all led: on one session here, with a lease each at etcd3',
  async run(world) {
    const results = [];
    for (const count of world.amounts.fleets) {
      const title = `${count.toLocaleString('en')} elections in one process: until all lead`;
      results.push(await measured(world, `fleet-${count}`, title, () => measure(world, count)));
    }
    return results;
  },
};
