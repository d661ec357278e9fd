import { minutesText } from '../test/summary.js';

/** The result of one run. */
export interface RunResult {
  readonly passed: boolean;
  /** Milliseconds. */
  readonly took: number;
  /** Names of what failed. */
  readonly failures: readonly string[];
  /** Names of the steps that did not run. */
  readonly leftOut: readonly string[];
  /** The folder of the run's logs, if the run has failed. */
  readonly logs: string;
}

/** Formats one run: `run 3 of 10: failed in 9 min 1 s (left out: compose): cli: … | integration: …; logs: logs/…`. */
export function lineOf(result: RunResult, number: number, runs: number): string {
  const { passed, took, failures, leftOut, logs } = result;
  const missing = leftOut.length === 0 ? '' : ` (left out: ${leftOut.join(', ')})`;
  const beginning = `run ${number} of ${runs}: ${passed ? 'passed' : 'failed'} in ${minutesText(took)}${missing}`;
  return passed ? beginning : `${beginning}: ${failures.join(' | ')}; logs: ${logs}`;
}

/** Formats how many runs passed, and how often each failure came, the most frequent first. */
export function totalLines(results: readonly RunResult[], runs: number): string[] {
  const passed = results.filter((result) => result.passed).length;
  const left = runs - results.length;
  const times = new Map<string, number>();
  for (const name of results.flatMap(({ failures }) => failures)) times.set(name, (times.get(name) ?? 0) + 1);
  const sorted = [...times].sort(([, a], [, b]) => b - a);
  const total = results.reduce((sum, { took }) => sum + took, 0);
  return [
    `${passed} passed, ${results.length - passed} failed${left > 0 ? `, ${left} not run` : ''}, ${minutesText(total)}`,
    ...sorted.map(([name, count]) => `  ${count}× ${name}`),
  ];
}
