import { setTimeout as sleep } from 'node:timers/promises';
import { type Case, measured } from '../case.js';
import { Child } from '../child.js';
import { load } from '../machine.js';
import type { CrowdCommands } from '../programs/crowd.js';
import { CONTESTANTS, type Measurement, type Requests, type Result, type Who } from '../report.js';
import { add, difference, scale } from '../requests.js';
import { round, summarize } from '../statistics.js';
import { uniqueName, type World } from '../world.js';

const PATIENCE = 180_000;
/** ms between changes that are not counted. */
const PAUSE = 100;

interface Member {
  readonly who: Who;
  readonly child: Child<CrowdCommands>;
  join: number;
  readonly changes: number[];
  requests: Requests;
}

/** All four crowds are there all the time, and change leaders in turn. */
async function measure(world: World, count: number): Promise<[joins: Measurement[], changes: Measurement[]]> {
  const members = CONTESTANTS.map((who): Member => {
    const child = new Child<CrowdCommands>('crowd', [who, world.hosts.join(',')]);
    return { who, child, join: 0, changes: [], requests: {} };
  });
  try {
    for (const member of members) {
      await member.child.ask('warmUp', { name: uniqueName('crowd') }, PATIENCE);
      member.join = await member.child.ask('join', { name: uniqueName('crowd'), count }, PATIENCE);
    }
    const changes = Math.min(world.amounts.changes, count - 2);
    const counted = Math.max(1, Math.round(changes / 5));
    await changeInTurn(members, changes - counted);
    await countInTurn(world, members, counted);
    await Promise.all(members.map(({ child }) => child.ask('close', undefined as never, PATIENCE)));
    const joins = members.map(({ who, join }) => measurement(who, [join], undefined));
    return [joins, members.map(({ who, changes: ms, requests }) => measurement(who, ms, scale(requests, 1 / counted)))];
  } finally {
    for (const { child } of members) child.kill();
  }
}

async function changeInTurn(members: readonly Member[], times: number): Promise<void> {
  for (let at = 0; at < times; at++) {
    for (let turn = 0; turn < members.length; turn++) {
      const member = members[(at + turn) % members.length];
      member?.changes.push(round(await member.child.ask('change', undefined as never, PATIENCE)));
      await sleep(PAUSE);
    }
  }
}

/** What all of them ask of etcd anyway, signs of life above all, is measured as well, and taken off. */
async function countInTurn({ counter, amounts }: World, members: readonly Member[], times: number): Promise<void> {
  const window = async (act: () => Promise<void>): Promise<Requests> => {
    await sleep(amounts.aftermath);
    const before = await counter.read();
    await act();
    await sleep(amounts.aftermath);
    return difference(before, await counter.read());
  };
  for (let at = 0; at < times; at++) {
    const idle = scale(await window(async () => {}), -1);
    for (const member of members) {
      const change = async (): Promise<void> => {
        member.changes.push(round(await member.child.ask('change', undefined as never, PATIENCE)));
      };
      member.requests = add(member.requests, add(await window(change), idle));
    }
  }
}

function measurement(who: Who, samples: readonly number[], requests: Requests | undefined): Measurement {
  const time = summarize(samples);
  const { LeaseKeepAlive: _, ...caused } = requests ?? {}; // comes by the clock, whatever happens
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
