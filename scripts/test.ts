/**
 * Runs what is to be tested, and says at its end what has failed:
 *
 *     npm test                                  every step
 *     npm run test:unit                         one of them
 *     npm run test:integration -- --grep watch  mocha's options are passed on
 */
import { constants } from 'node:os';
import { collect } from './test/coverage.js';
import { tellOthers } from './test/report.js';
import { Run } from './test/run.js';
import { RunLogs } from './test/run-logs.js';
import { suiteOf } from './test/step.js';
import { COVERAGE, STEPS } from './test/steps.js';
import { summaryLines } from './test/summary.js';

const [, , name] = process.argv;
const asked = STEPS.filter((step) => suiteOf(step) === name);
const mochaArgs = process.argv.slice(asked.length === 0 ? 2 : 3);
const logs = new RunLogs();
const run = new Run({
  logs,
  mochaArgs,
  asked: asked.length === 0 ? undefined : name,
  print: (text) => process.stdout.write(text),
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    run.interrupt(signal);
    process.exitCode = 128 + constants.signals[signal];
  });
}

const startedAt = performance.now();
if (asked.length === 0) {
  collect();
  await run.carryOut(mochaArgs.length === 0 ? [...STEPS, COVERAGE] : STEPS);
} else {
  await run.carryOut(asked);
}
conclude(run);

function conclude({ outcomes, hasPassed }: Run): void {
  logs.close(!hasPassed);
  if (!hasPassed) process.exitCode ??= 1;
  tellOthers(outcomes, logs.place);
  console.log(
    `\n${summaryLines(outcomes, performance.now() - startedAt, hasPassed ? undefined : logs.place).join('\n')}`,
  );
}
