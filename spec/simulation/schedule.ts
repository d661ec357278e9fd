import { carryOut } from './calls.js';
import { end } from './ending.js';
import { befall } from './mishaps.js';
import type { Call, Deed, Mishap, Plan, Tampering } from './plan.js';
import type { Counts } from './tally.js';
import { tamper } from './tampering.js';
import { Violation } from './violation.js';
import { SimulatedWorld } from './world.js';

export interface ScheduleReport {
  readonly violation: Violation | undefined;
  readonly counts: Counts;
  readonly story: readonly string[];
  /** Milliseconds of virtual time, and events. */
  readonly time: number;
  readonly steps: number;
}

/** Runs one schedule to its end. Only one can run at a time, because the schedule replaces `Math.random`. */
export async function runSchedule(plan: Plan, how: { readonly story?: boolean } = {}): Promise<ScheduleReport> {
  const world = new SimulatedWorld(plan, how.story ?? false);
  const { random } = Math;
  const chance = world.random.fork();
  Math.random = () => chance.next();
  const onRejection = (reason: unknown): void => {
    world.guard(() => {
      const what = reason instanceof Error ? reason.stack : reason;
      throw new Violation('i: no surprises', `unhandled rejection: ${what}`, reason);
    });
  };
  process.on('unhandledRejection', onRejection);
  try {
    await play(world);
  } catch (err) {
    world.guard(() => {
      throw err;
    });
  } finally {
    world.etcd.close();
    Math.random = random;
    process.off('unhandledRejection', onRejection);
  }
  const { violation, tally, story, time } = world;
  return { violation, counts: tally.counts, story: story.lines, time: time.now, steps: time.steps };
}

async function play(world: SimulatedWorld): Promise<void> {
  for (const contender of world.contenders) {
    const { startsAt } = contender.plan;
    if (startsAt === undefined) continue;
    contender.process.user.after(startsAt, () => {
      if (!contender.isRetired) contender.election.start();
    });
  }
  // The schedule begins when the first candidates have found their places.
  await advance(world, 50);
  for (const { wait, deed } of world.plan.steps) {
    await advance(world, wait);
    if (world.violation !== undefined) return;
    world.guard(() => apply(world, deed));
  }
  await advance(world, 0);
  if (world.violation === undefined) await end(world);
}

/** Stops at the first violation, because what comes after it means nothing. */
async function advance(world: SimulatedWorld, ms: number): Promise<void> {
  await world.time.until(() => world.violation !== undefined, ms);
}

function apply(world: SimulatedWorld, deed: Deed): void {
  if (isCall(deed)) {
    if (carryOut(world, deed)) world.tally.add('call', deed.name);
    return;
  }
  const happened = isTampering(deed) ? tamper(world, deed) : befall(world, deed);
  if (happened) world.tally.add('fault', deed.name);
}

const CALLS: ReadonlySet<string> = new Set<Call['name']>([
  'start',
  'stop',
  'step down',
  'hand over',
  'ask',
  'prioritise',
  'read',
  'restart',
  'proclaim',
  'run',
  'await',
  'observe',
  'ambush',
  'health',
  'lock',
  'write',
  'close',
  'botch',
  'dither',
]);

const TAMPERING: ReadonlySet<string> = new Set<Tampering['name']>([
  'delete key',
  'revoke lease',
  'revoke unnoticed',
  'cancel watches',
  'overwrite key',
  'delete queue',
  'unseen end',
  'nested key',
  'forge ask',
  'foreign candidate',
  'compact',
]);

function isCall(deed: Deed): deed is Call {
  return CALLS.has(deed.name);
}

function isTampering(deed: Tampering | Mishap): deed is Tampering {
  return TAMPERING.has(deed.name);
}
