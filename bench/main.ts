/**
 * Measures this library beside etcd3's own election and beside the bare etcd operations, on a cluster of its own. See
 * docs/performance.md for what is measured, and how.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type Arguments, BENCH_USAGE, parse } from './arguments.js';
import { chosen } from './catalogue.js';
import { describeMachine } from './machine.js';
import { draw } from './pictures/draw.js';
import type { BenchReport } from './report.js';
import { tableOfReport, verdicts } from './table.js';
import { judge } from './targets.js';
import { FULL, openWorld, QUICK } from './world.js';

// On `exit` children and members are killed, and the cluster's folder is removed.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

try {
  await main(parse(process.argv.slice(2)));
} catch (err) {
  console.error(err instanceof Error ? err.message : String(err));
  process.exit(1);
}

async function main(args: Arguments): Promise<void> {
  if (args.help) return console.log(BENCH_USAGE);
  const say = args.json ? console.error : console.log;
  const fresh = args.from === undefined ? await measure(args, say) : read(args.from);
  const report = args.into === undefined ? fresh : merge(args.into, fresh);
  if (args.into !== undefined) writeFileSync(args.into, `${JSON.stringify(report, undefined, 1)}\n`);

  say(tableOfReport(report));
  const judged = judge(report);
  say(verdicts(judged));
  if (args.svg) for (const file of draw(report)) say(`drawn: ${file}`);
  if (args.json) console.log(JSON.stringify(report));
  if (args.check && judged.some(({ met }) => met === false)) process.exitCode = 1;
}

async function measure(args: Arguments, say: (text: string) => void): Promise<BenchReport> {
  const cases = chosen(args.cases);
  const begun = performance.now();
  const world = await openWorld(args.quick ? QUICK : FULL, (text) => {
    say(`${((performance.now() - begun) / 1_000).toFixed(0).padStart(5)} s  ${text}`);
  });
  try {
    const machine = await describeMachine(world.hosts, world.folder);
    const results = [];
    for (const each of cases) results.push(...(await each.run(world)));
    return { version: 1, date: new Date().toISOString(), quick: args.quick, machine, results };
  } finally {
    await world.close();
  }
}

function read(file: string): BenchReport {
  return JSON.parse(readFileSync(file, 'utf8')) as BenchReport;
}

/** Puts the measured cases into `file`, in place of earlier results of the same cases. */
function merge(file: string, fresh: BenchReport): BenchReport {
  if (!existsSync(file)) return fresh;
  const kept = read(file).results.filter(({ id }) => !fresh.results.some((result) => result.id === id));
  return { ...fresh, results: [...kept, ...fresh.results] };
}
