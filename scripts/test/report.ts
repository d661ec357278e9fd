import { writeFileSync } from 'node:fs';
import type { StepOutcome } from './outcome.js';
import { countsOf, failuresOf } from './summary.js';

/** What other programs are told of a run. */
export interface TestReport {
  /** Names of what failed. */
  readonly failures: readonly string[];
  /** Names of the steps that did not run. */
  readonly leftOut: readonly string[];
  /** The folder of the logs, if the run has failed. */
  readonly logs: string;
}

/** Writes the report into the files that `SPEC_COUNTS` and `TEST_REPORT` name. */
export function tellOthers(outcomes: readonly StepOutcome[], logs: string): void {
  const { SPEC_COUNTS: counts, TEST_REPORT: file } = process.env;
  if (counts !== undefined) writeFileSync(counts, countsOf(outcomes));
  const leftOut = outcomes.filter(({ result }) => result === 'left out').map(({ name }) => name);
  const told: TestReport = { failures: failuresOf(outcomes), leftOut, logs };
  if (file !== undefined) writeFileSync(file, JSON.stringify(told));
}
