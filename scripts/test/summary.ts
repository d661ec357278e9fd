import type { StepOutcome } from './outcome.js';

/** Failed specs of one step that are named; more have one cause, as a rule. */
const NAMED = 50;

/** The last lines of a run: what failed, by name, and where to read on; without logs nothing has failed. */
export function summaryLines(outcomes: readonly StepOutcome[], took: number, logs: string | undefined): string[] {
  const failed = outcomes.filter(({ result }) => result === 'failed');
  const leftOut = outcomes.filter(({ result }) => result === 'left out');
  const passed = outcomes.filter(({ result }) => result === 'passed');
  const others = leftOut.map(({ name, reason }) => `   left out: ${name}, ${reason}`);
  if (logs === undefined) return [`── passed in ${minutesText(took)}: ${namesOf(passed)}`, ...others];
  return [
    `── failed in ${minutesText(took)}: ${namesOf(failed)}`,
    ...(passed.length === 0 ? [] : [`   passed: ${namesOf(passed)}`]),
    ...others,
    ...failed.flatMap((outcome) => ['', ...failureOf(outcome)]),
    '',
    `logs: ${logs}`,
  ];
}

/** Names of what failed, each on one line: `integration: a leader … stops (spec/integration/expiry.spec.ts:42)`. */
export function failuresOf(outcomes: readonly StepOutcome[]): string[] {
  return outcomes
    .filter(({ result }) => result === 'failed')
    .flatMap(({ name, reason, specs: { failed } }) =>
      failed.length === 0 ? [`${name}: ${reason}`] : failed.map(({ title, file }) => `${name}: ${title} (${file})`),
    );
}

/**
 * How many specs passed and failed, one line, `<passed> <failed>`. A step that has failed without a failed spec is one.
 * Only the run counts: mocha counts nothing, because specs run mocha too, on specs that have to fail.
 */
export function countsOf(outcomes: readonly StepOutcome[]): string {
  let [passed, failed] = [0, 0];
  for (const { result, specs } of outcomes) {
    passed += specs.passed;
    failed += result === 'failed' ? Math.max(1, specs.failed.length) : 0;
  }
  return `${passed} ${failed}\n`;
}

/** `1 min 5 s` for 65,000 ms. */
export function minutesText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function failureOf({ name, reason, specs: { failed }, details }: StepOutcome): string[] {
  const more = failed.length > NAMED ? [`  … and ${failed.length - NAMED} more`] : [];
  return [
    `${name}: ${reason}`,
    ...failed.slice(0, NAMED).flatMap(({ title, file, error }) => [`  ✗ ${title}`, `    ${file}: ${error}`]),
    ...more,
    ...details.map((line) => `  ${line}`),
  ];
}

function namesOf(outcomes: readonly StepOutcome[]): string {
  return outcomes.map(({ name }) => name).join(', ');
}
