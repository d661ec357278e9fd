/**
 * Runs the specs on every release of etcd and every runtime that this machine can have, one after the other, and ends
 * with a table:
 *
 *     npm run test:matrix                                everything
 *     npm run test:matrix -- --short --only etcd-3.6,bun
 *     npm run test:matrix -- --page                      docs/compatibility.md from the last result of each column
 *
 * Releases of etcd are kept in .etcd, runtimes in .runtimes. What cannot be had is left out, and a line says why.
 */
import { constants } from 'node:os';
import { join } from 'node:path';
import { ColumnStep } from './matrix/column-step.js';
import { MATRIX_USAGE, type MatrixOptions, parseMatrixOptions } from './matrix/options.js';
import { remarksOn, tableOf, warningsFor } from './matrix/page.js';
import { readKept, writePage } from './matrix/page-file.js';
import { type MatrixResult, merge, readResult, resultOf, writeResult } from './matrix/result.js';
import { Run } from './test/run.js';
import { RunLogs } from './test/run-logs.js';
import { summaryLines } from './test/summary.js';
import { root } from './test/tool.js';

/** The last result of each column, in a folder that git ignores. */
const LAST = join(root, 'logs', 'matrix.json');

let options: MatrixOptions;
try {
  options = parseMatrixOptions(process.argv.slice(2));
} catch (err) {
  console.error(`${err instanceof Error ? err.message : String(err)}\n\n${MATRIX_USAGE}`);
  process.exit(2);
}
if (options.onlyPage) writePage(merge(readKept(), readResult(LAST)));
else await runColumns(options);

async function runColumns({ columns, form }: MatrixOptions): Promise<void> {
  const logs = new RunLogs();
  const run = new Run({ logs, mochaArgs: [], print: (text) => process.stdout.write(text) });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      run.interrupt(signal);
      process.exitCode = 128 + constants.signals[signal];
    });
  }
  const startedAt = performance.now();
  const steps = columns.map((column) => new ColumnStep(column, form));
  await run.carryOut(steps);
  const { outcomes, hasPassed } = run;
  logs.close(!hasPassed);
  const result: MatrixResult = steps.flatMap((step) => {
    const outcome = outcomes.find(({ name }) => name === step.name);
    return outcome === undefined ? [] : [resultOf(step, outcome, new Date())];
  });
  writeResult(LAST, merge(readResult(LAST), result));
  const took = performance.now() - startedAt;
  console.log(`\n${summaryLines(outcomes, took, hasPassed ? undefined : logs.place).join('\n')}`);
  console.log(`\n${[...tableOf(result), '', ...remarksOn(result), ...warningsFor(result)].join('\n')}`);
  if (!hasPassed) process.exitCode ??= 1;
}
