import { setTimeout as sleep } from 'node:timers/promises';
import { uniqueName } from '../../spec/support/unique-name.js';
import { type Case, measured } from '../case.js';
import { Child, ChildFailure } from '../child.js';
import { load } from '../machine.js';
import type { CrowdCommands } from '../programs/crowd.js';
import { CONTESTANTS, type Measured, type Measurement, type RequestsByMethod, type Result } from '../report.js';
import { add, difference, scale } from '../requests.js';
import { round, summarize } from '../statistics.js';
import type { BenchWorld } from '../world.js';

const PATIENCE = 180_000;
/** Milliseconds between two changes whose requests are not counted. */
const PAUSE = 100;

interface Member {
  readonly who: Measured;
  readonly child: Child<CrowdCommands>;
  join: number;
  readonly changes: number[];
  requests: RequestsByMethod;
  /** Why the crowd is left out from now on. */
  failure: ChildFailure | undefined;
}

/** All four crowds are there all the time, and change leaders in turn. */
async function measure(world: BenchWorld, count: number): Promise<[joins: Measurement[], changes: Measurement[]]> {
  const members = CONTESTANTS.map((who): Member => {
    const child = new Child<CrowdCommands>('crowd', [who, world.hosts.join(',')]);
    return { who, child, join: 0, changes: [], requests: {}, failure: undefined };
  });
  try {
    for (const member of members) {
      await attempt(member, async ({ child }) => {
        await child.ask('warmUp', { name: uniqueName('crowd') }, PATIENCE);
        member.join = await child.ask('join', { name: uniqueName('crowd'), count }, PATIENCE);
      });
    }
    const changes = Math.min(world.amounts.changes, count - 2);
    const counted = Math.max(1, Math.round(changes / 10));
    await changeInTurn(world, members, changes - counted);
    await countInTurn(world, members, counted);
    await Promise.all(
      members.map((member) => attempt(member, ({ child }) => child.ask('close', undefined as never, PATIENCE))),
    );
    const joins = members.map((member) => measurement(member, [member.join], undefined));
    return [joins, members.map((member) => measurement(member, member.changes, scale(member.requests, 1 / counted)))];
  } finally {
    for (const { child } of members) child.kill();
  }
}

async function changeInTurn({ amounts }: BenchWorld, members: readonly Member[], times: number): Promise<void> {
  for (let at = 0; at < times; at++) {
    for (let turn = 0; turn < members.length; turn++) {
      const member = members[(at + turn) % members.length];
      if (member !== undefined) await attempt(member, change);
      // Candidates that only want to know who leads spread their reads over time.
      await sleep(member?.who === 'observing' ? amounts.aftermath : PAUSE);
    }
  }
}

async function countInTurn({ counter, amounts }: BenchWorld, members: readonly Member[], times: number): Promise<void> {
  for (let at = 0; at < times; at++) {
    for (const member of members) {
      const before = await counter.read();
      await attempt(member, change);
      await sleep(amounts.aftermath);
      member.requests = add(member.requests, difference(before, await counter.read()));
    }
  }
}

async function change(member: Member): Promise<void> {
  member.changes.push(round(await member.child.ask('change', undefined as never, PATIENCE)));
}

/** Acts on one contestant. A failure is noted, because the other contestants shall go on. */
async function attempt(member: Member, act: (member: Member) => Promise<unknown>): Promise<void> {
  if (member.failure !== undefined) return;
  try {
    await act(member);
  } catch (err) {
    if (!(err instanceof ChildFailure)) throw err;
    member.failure = err;
  }
}

function measurement(
  { who, failure }: Member,
  samples: readonly number[],
  requests: RequestsByMethod | undefined,
): Measurement {
  if (failure !== undefined) return { who, outcome: failure.outcome, samples: [], note: failure.message };
  const time = summarize(samples);
  // Refreshes and signs of life come by the clock, whatever happens. etcd counts a request for a sign of life as
  // `Watch`.
  const { LeaseKeepAlive: _, Watch: __, ...caused } = requests ?? {};
  return { who, outcome: 'ok', samples, ...(time && { time }), ...(requests && { requests: caused }) };
}

export const crowd: Case = {
  name: 'crowd',
  about: 'many candidates in one election: they join, then the leader changes again and again',
  async run(world) {
    const results: Result[] = [];
    for (const count of world.amounts.crowds) {
      const many = count.toLocaleString('en');
      let joins: Measurement[] = [];
      const changes = await measured(world, `crowd-${count}`, `${many} candidates: one leader change`, async () => {
        const [joined, changed] = await measure(world, count);
        joins = joined;
        return changed;
      });
      const title = `${many} candidates join one election, in one process`;
      results.push({ id: `crowd-${count}-join`, title, load: [changes.load[0], load()], measurements: joins }, changes);
    }
    return results;
  },
};
