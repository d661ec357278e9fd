import { uniqueName } from '../../spec/support/unique-name.js';
import { Child } from '../child.js';
import { POOL_PATIENCE } from '../contestants/pool.js';
import type { BarePoolCommands } from '../programs/pool-bare.js';
import { difference } from '../requests.js';
import type { BenchWorld, PoolAmounts } from '../world.js';
import type { Life, PhaseResult } from './pool.js';

type Bare = Child<BarePoolCommands>;

/** The same moves as a pool makes, as bare requests: nobody plans, nobody waits, and nobody asks who is there. */
export async function bareLife(world: BenchWorld, { partitions, workers }: PoolAmounts): Promise<Life> {
  const prefix = uniqueName('bare');
  const names = Array.from({ length: partitions }, (_, at) => `${prefix}/${at}`);
  const open = (): Bare => new Child<BarePoolCommands>('pool-bare', [world.hosts.join(',')]);
  const all = Array.from({ length: workers }, open);
  const [last, ...first] = all as [Bare, ...Bare[]];
  const owned = new Map<Bare, string[]>(all.map((worker) => [worker, []]));
  const counted = async (run: () => Promise<number>): Promise<PhaseResult> => {
    const before = await world.counter.read();
    const ms = await run();
    return { samples: [ms], requests: difference(before, await world.counter.read()), figures: {} };
  };
  try {
    await Promise.all(all.map((worker) => worker.ask('ready', undefined as never, POOL_PATIENCE)));
    const cold = await counted(async () => {
      for (const [at, name] of names.entries()) owned.get(first[at % first.length] as Bare)?.push(name);
      const spans = await Promise.all(
        first.map((one) => one.ask('hold', { names: owned.get(one) ?? [] }, POOL_PATIENCE)),
      );
      return Math.max(...spans.map(({ to }) => to)) - Math.min(...spans.map(({ from }) => from));
    });
    const share = Math.floor(partitions / workers);
    const join = await counted(() => moveTo(last, share, first, owned));
    const rolling = await counted(async () => {
      const [leaving, ...others] = first as [Bare, ...Bare[]];
      const out = await moveFrom(leaving, others, owned);
      return out + (await moveTo(leaving, share, others, owned));
    });
    const surge = await counted(() => moveFrom(last, first, owned));
    const crash = await counted(async () => {
      const [killed, ...others] = first as [Bare, ...Bare[]];
      const orphans = owned.get(killed) ?? [];
      await killed.ask('close', undefined as never, POOL_PATIENCE);
      const parts = others.map((_, at) => orphans.filter((__, index) => index % others.length === at));
      const spans = await Promise.all(
        others.map((one, at) => one.ask('hold', { names: parts[at] ?? [] }, POOL_PATIENCE)),
      );
      return Math.max(...spans.map(({ to }) => to)) - Math.min(...spans.map(({ from }) => from));
    });
    return { cold, join, crash, rolling, surge };
  } finally {
    for (const worker of all) worker.kill();
  }
}

/** A share of each of the others' goes to one. Resolves to the milliseconds. */
async function moveTo(to: Bare, share: number, from: readonly Bare[], owned: Map<Bare, string[]>): Promise<number> {
  const parts = from.map((one) => (owned.get(one) ?? []).splice(0, Math.ceil(share / from.length)));
  const names = parts.flat();
  const begun = await to.ask('queue', { names }, POOL_PATIENCE);
  await Promise.all(from.map((one, at) => one.ask('release', { names: parts[at] ?? [] }, POOL_PATIENCE)));
  owned.get(to)?.push(...names);
  return (await to.ask('led', undefined as never, POOL_PATIENCE)) - begun.from;
}

/** All of one goes to the others. */
async function moveFrom(from: Bare, to: readonly Bare[], owned: Map<Bare, string[]>): Promise<number> {
  const names = (owned.get(from) ?? []).splice(0);
  const parts = to.map((_, at) => names.filter((__, index) => index % to.length === at));
  const begun = await Promise.all(to.map((one, at) => one.ask('queue', { names: parts[at] ?? [] }, POOL_PATIENCE)));
  await from.ask('release', { names }, POOL_PATIENCE);
  for (const [at, one] of to.entries()) owned.get(one)?.push(...(parts[at] ?? []));
  const led = await Promise.all(to.map((one) => one.ask('led', undefined as never, POOL_PATIENCE)));
  return Math.max(...led) - Math.min(...begun.map((one) => one.from));
}
