/**
 * Runs the deterministic simulation:
 *
 *     npm run test:simulation                                      schedules 1 to 1,000
 *     npm run test:simulation -- --schedules 100000 --from 5000    for a night
 *     npm run test:simulation -- --seed 4711                       one of them, with its story
 *     npm run test:simulation -- --seed 4711 --shrink              the shortest that breaks the same promise
 */
import { parseArgs } from 'node:util';
import { missing } from '../spec/simulation/required.js';
import { runSchedule } from '../spec/simulation/schedule.js';
import { planOf, shrink } from '../spec/simulation/search.js';
import { runAll, type ShardsSummary } from '../spec/simulation/shards.js';
import { writePlan } from '../spec/simulation/written.js';

/** Schedules after which everything must have occurred: what never occurs in so many was forgotten. */
const ENOUGH = 1_000;
const SPEAKS_EVERY = 10_000;

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    shards: { type: 'string', default: '2' },
    seed: { type: 'string' },
    shrink: { type: 'boolean', default: false },
  },
});

const passed = values.seed === undefined ? await simulate() : await repeat(Number(values.seed), values.shrink);
process.exitCode = passed ? 0 : 1;

async function simulate(): Promise<boolean> {
  const [from, schedules, shards] = [Number(values.from), Number(values.schedules), Number(values.shards)];
  console.log(`   schedules ${from} to ${from + schedules - 1}, on ${shards} processes`);
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1_000;
  let spokenAt = startedAt;
  const onProgress = (soFar: ShardsSummary): void => {
    if (performance.now() - spokenAt < SPEAKS_EVERY) return;
    spokenAt = performance.now();
    const elections = soFar.counts.outcome['elections'] ?? 0;
    console.log(`   ${soFar.schedules} schedules in ${seconds().toFixed(0)} s, ${elections} elections`);
  };
  const summary = await runAll({ from, schedules, shards, onProgress });
  const [first] = summary.found;
  if (first !== undefined) {
    console.error(`\n   schedule ${first.seed}: ${first.message}\n   looking for a shorter one`);
    await repeat(first.seed, true);
    return false;
  }
  describe(summary, seconds());
  const lacking = schedules < ENOUGH ? [] : missing(summary.counts);
  if (lacking.length > 0) console.error(`\n   this never happened: ${lacking.join('; ')}`);
  return lacking.length === 0;
}

function describe({ schedules, steps, time, counts }: ShardsSummary, seconds: number): void {
  const hours = (time / 3_600_000).toFixed(1);
  console.log(`   ${schedules} schedules in ${seconds.toFixed(1)} s: ${hours} h of virtual time, ${steps} events`);
  for (const [topic, all] of Object.entries(counts)) {
    const list = Object.entries(all).sort(([, a], [, b]) => b - a);
    console.log(`   ${topic}s: ${list.map(([what, times]) => `${what} ${times}`).join(', ')}`);
  }
}

/** True when no promise was broken. */
async function repeat(seed: number, isShortened: boolean): Promise<boolean> {
  const shortest = isShortened ? await shrink(seed) : undefined;
  const plan = shortest?.plan ?? planOf(seed);
  const report = shortest?.report ?? (await runSchedule(plan, { story: true }));
  console.log(writePlan(plan));
  console.log(report.story.join('\n'));
  if (shortest !== undefined) console.log(`\n   the shortest of ${shortest.tried} tried`);
  if (report.violation === undefined) console.log(`\n   schedule ${seed}: no promise was broken`);
  else console.error(`\n   schedule ${seed}: ${report.violation.message}`);
  console.log(`   npm run test:simulation -- --seed ${seed}${isShortened ? ' --shrink' : ''}`);
  return report.violation === undefined;
}
