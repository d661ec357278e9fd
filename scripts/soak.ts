/**
 * Runs everything many times in a row while the machine has other work. A failure that a quiet machine does not show is
 * a race, or a bound that is too tight.
 *
 *     npm run test:soak -- --runs 10
 *     npm run test:soak -- --runs 20 --suite integration
 *     npm run test:soak -- --only-load
 */
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lineOf, type RunResult, totalLines } from './soak/lines.js';
import { Load } from './soak/load.js';
import { runOnce } from './soak/one-run.js';
import { parseSoakOptions, SOAK_USAGE, type SoakOptions } from './soak/options.js';
import { suiteOf } from './test/step.js';
import { STEPS } from './test/steps.js';
import { root } from './test/tool.js';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    process.exitCode = 128 + constants.signals[signal];
    interrupted.abort();
  });
}

let options: SoakOptions;
try {
  options = parseSoakOptions(process.argv.slice(2), [...new Set(STEPS.map(suiteOf))]);
} catch (err) {
  console.error(`${err instanceof Error ? err.message : String(err)}\n\n${SOAK_USAGE}`);
  process.exit(2);
}
const load = options.withoutLoad ? undefined : new Load(join(root, 'logs'));
try {
  if (options.onlyLoad) await onlyLoad();
  else await soak(options);
} finally {
  load?.close();
}

async function onlyLoad(): Promise<void> {
  console.log('one process keeps the disk busy and one keeps a core busy, until Ctrl-C');
  const forEver = sleep(2 ** 31 - 1, undefined, { signal: interrupted.signal });
  await forEver.catch(() => {});
}

async function soak({ runs, suite }: SoakOptions): Promise<void> {
  const results: RunResult[] = [];
  while (results.length < runs && !interrupted.signal.aborted) {
    results.push(await runOnce(suite));
    console.log(lineOf(results.at(-1) as RunResult, results.length, runs));
    for (const line of load?.renew() ?? []) console.log(`  ${line}`);
  }
  console.log(`\n${totalLines(results, runs).join('\n')}`);
  if (results.some(({ passed }) => !passed)) process.exitCode ??= 1;
}
