import type { Contender } from './contender.js';
import { LockCaller } from './lock-caller.js';
import type { Call, Chosen, LockPlan } from './plan.js';
import type { SimulatedProcess } from './process.js';
import { takeAway } from './tampering.js';
import type { SimulatedWorld } from './world.js';

/** Calls the library as its users do. Returns false when there was nobody to make the call. */
export function carryOut(world: SimulatedWorld, call: Call): boolean {
  const contender = world.find(call.who);
  if (contender === undefined) return false;
  contender.process.act(() => {
    if (contender.isRetired || world.isCalm) return; // the process was paused meanwhile
    if (call.name !== 'read') contender.tell(() => `the user calls ${call.name}`);
    act(world, contender, call);
  });
  return true;
}

function act(world: SimulatedWorld, contender: Contender, call: Call): void {
  const { election, process } = contender;
  switch (call.name) {
    case 'start':
      election.start();
      return;
    case 'stop':
      void contender.stop();
      return;
    case 'step down':
      return contender.stepDown();
    case 'hand over':
      return call.past
        ? handOverPast(world, contender, call.who)
        : contender.handOver(valueAt(world, contender, call.to));
    case 'ask':
      return contender.ask(call.to === undefined ? undefined : valueAt(world, contender, call.to));
    case 'prioritise':
      return contender.prioritise(call.priority);
    case 'restart':
      void contender.stop();
      process.user.after(call.after, () => {
        if (!contender.isRetired) election.start();
      });
      return;
    case 'proclaim':
      for (let times = call.times; times > 0; times--) contender.proclaim();
      return;
    case 'run':
      return contender.run(call.task);
    case 'await':
      return contender.await(call.patience);
    case 'observe':
      return contender.observe(call.for);
    case 'ambush':
      contender.ambush = call.how;
      return;
    case 'health':
      contender.health = call.answer;
      process.user.after(call.for, () => {
        contender.health = 'good';
      });
      return;
    case 'write': {
      const term = contender.terms.at(call.late ? -2 : -1);
      if (term !== undefined) void contender.write(term);
      return;
    }
    case 'lock':
      return takeLock(world, contender, call.plan);
    case 'read':
      return contender.read();
    case 'botch':
      process.weather.script('txn', call.fault, 1);
      if (call.call === 'proclaim') return act(world, contender, { name: 'proclaim', who: call.who, times: 2 });
      return act(world, contender, { name: call.call, who: call.who });
    case 'dither':
      return dither(contender, call.after);
    case 'close':
      void renew(world, process, call.backAfter);
  }
}

function takeLock(world: SimulatedWorld, { process, name, electionName }: Contender, plan: LockPlan): void {
  const lock = process.lockOf(plan.of === 'locks' ? world.lockName : electionName);
  const { taken } = plan;
  if (taken !== undefined) world.time.at(world.time.now + taken.after, () => takeAway(world, lock.name, taken.by));
  for (let i = 1; i <= plan.callers; i++) new LockCaller(`${name}.${i}`, process, lock, plan).call();
}

/** Milliseconds for a candidate to leave the queue and come back, when nothing is wrong. */
const REJOINS_WITHIN = 300;

/** Another client's candidate queues, then one of ours, and the leader hands over to the last. */
function handOverPast(world: SimulatedWorld, contender: Contender, { election }: Chosen): void {
  const next = world.find({ election, as: 'next' });
  world.foreign.join(contender.electionName, 3_000);
  if (next !== undefined && next !== contender) {
    next.process.act(() => void next.stop());
    next.process.user.after(REJOINS_WITHIN / 2, () => {
      if (!next.isRetired && !world.isCalm) next.election.start();
    });
  }
  contender.process.user.after(REJOINS_WITHIN, () => {
    const last = world.referee.queueOf(contender.electionName).length - 1;
    if (!contender.isRetired && !world.isCalm) contender.handOver(valueAt(world, contender, Math.max(0, last)));
  });
}

/** What the candidate announces that stands at this place of the queue. */
function valueAt(world: SimulatedWorld, { electionName }: Contender, place: number): string {
  const queue = world.referee.queueOf(electionName);
  return queue[place % Math.max(1, queue.length)]?.value.toString() ?? 'nobody';
}

function dither(contender: Contender, [ms, ...rest]: readonly number[]): void {
  const { election, process } = contender;
  if (contender.isRetired) return;
  if (election.isRunning()) void contender.stop();
  else election.start();
  if (ms !== undefined) process.user.after(ms, () => dither(contender, rest));
}

/** Closes what is open, and begins anew in the same process. */
async function renew(world: SimulatedWorld, process: SimulatedProcess, backAfter: number): Promise<void> {
  process.renewals += 1;
  await closeAndReturn(world, process, backAfter);
  process.renewals -= 1;
}

async function closeAndReturn(world: SimulatedWorld, process: SimulatedProcess, backAfter: number): Promise<void> {
  const before = process.contenders;
  const wasRunning = before.map(({ election }) => election.isRunning());
  await (process.session === undefined ? process.leave() : process.close());
  await new Promise<void>((resolve) => {
    process.user.after(backAfter, resolve);
  });
  // A candidate that was started while it stopped is a candidate again.
  while (before.some(({ election }) => election.state !== 'idle')) await process.leave();
  if (process.contenders !== before) return; // closed twice
  for (const { watchers } of before) for (const watcher of watchers) watcher.stop();
  process.enlist();
  for (const [at, { election }] of process.contenders.entries()) if (wasRunning[at]) election.start();
  world.tally.add('outcome', 'sessions renewed');
}
