import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/wait.js';
import { ownersOf } from './candidate/profile.js';
import { readRunJournal } from './journal.js';
import { microseconds } from './log/clock.js';
import { type FaultKind, kindsFor } from './nemesis/kinds.js';
import { Nemesis } from './nemesis/nemesis.js';
import { plan } from './nemesis/plan.js';
import { Upgrade } from './upgrade.js';
import { ChaosWorld } from './world.js';

/** Milliseconds in which a process must have started, because a busy machine takes its time. */
const STARTS_WITHIN = 120_000;
/** Milliseconds to wait for recovery: more than the checker allows, so that the checker finds a failure in the logs. */
const RECOVERS_WITHIN = 35_000;
/** Milliseconds in which all are led: a leader at the end of the faults may have a lease that runs out only then. */
const PEACE = 3_000;

export interface ChaosRunOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly faults: readonly FaultKind[] | undefined;
  readonly upgrade: boolean;
}

async function isAtPeace(world: ChaosWorld): Promise<boolean> {
  if (!world.allLed || !world.isBalanced) return false;
  await sleep(PEACE);
  return world.allLed && world.isBalanced;
}

/**
 * Runs chaos once, from beginning to end. Everything that happens is in the folder afterwards.
 *
 * @returns what no log can tell: processes that ended though nobody had asked them to
 */
export async function runChaos(
  options: ChaosRunOptions,
  folder: string,
  say: (line: string) => void,
): Promise<string[]> {
  const upgrade = options.upgrade ? await Upgrade.find(say) : undefined;
  const world = await ChaosWorld.start(folder, upgrade);
  const { log, candidates } = world;
  const problems: string[] = [];
  try {
    const duration = options.minutes * 60_000;
    const kinds = options.faults ?? kindsFor(world.cluster.own);
    log.add(['P', microseconds(), duration, kinds, world.elections]);
    log.add(['O', microseconds(), ownersOf(world.run), world.workers.map(({ name }) => name)]);
    await until(() => world.allLed, {
      within: STARTS_WITHIN,
      what: 'every election to be led before the faults begin',
    });
    say(`${candidates.length} candidate processes, ${world.elections.length} elections, all led`);

    await new Nemesis(world, say).carryOut(plan(options.seed, kinds), duration);
    await world.cluster.healthy();
    const missing = upgrade?.missing(world.cluster.members);
    if (missing !== undefined) problems.push(missing);
    log.add(['Q', microseconds(), 'healed']);
    await until(() => isAtPeace(world), {
      within: RECOVERS_WITHIN,
      what: 'every election to be led, and the pool to be balanced',
    }).catch((err) => say(String(err)));
    log.add(['Q', microseconds(), 'ending']);
    await Promise.all(candidates.map((candidate) => candidate.end()));
    await readRunJournal(world, folder);
  } catch (err) {
    problems.push(`the run broke off: ${err instanceof Error ? (err.stack ?? err.message) : String(err)}`);
  } finally {
    await world.close();
  }
  return [...problems, ...candidates.flatMap(({ crashes }) => crashes)];
}
