import type { FailedSpec } from '../../spec/support/journal.js';
import type { SpecResults } from './journal.js';
import type { Ending } from './tool.js';

/** Lines of a step's output to repeat at the end of the run, at the most. */
const TOLD = 10;
/** Lines to repeat for a step that does not mark the lines that matter. */
const LAST = 5;

/** What is known of a step that has ended. */
export interface Facts {
  readonly name: string;
  readonly passed: boolean;
  /** Milliseconds. */
  readonly took: number;
  readonly endings: readonly Ending[];
  /** What the step itself threw. */
  readonly thrown?: unknown;
  readonly specs?: SpecResults | undefined;
  readonly output: string;
  readonly telling?: RegExp | undefined;
}

export interface StepOutcome {
  readonly name: string;
  readonly result: 'passed' | 'failed' | 'left out';
  /** Milliseconds. */
  readonly took: number;
  /** A few words that tell why the step failed or was left out. */
  readonly reason: string;
  readonly specs: { readonly passed: number; readonly failed: readonly FailedSpec[] };
  /** Lines that say more. */
  readonly details: readonly string[];
}

export function stepOutcome(facts: Facts): StepOutcome {
  const { name, took, specs } = facts;
  const failed = specs?.failed ?? [];
  // A failed spec is a failure, whatever the exit code claims.
  const problems = facts.passed && failed.length === 0 ? [] : problemsOf(facts);
  const interrupted = interruptionOf(specs);
  if (interrupted !== undefined) problems.push(interrupted);
  // Failed specs speak for themselves.
  const details = failed.length > 0 || problems.length === 0 ? [] : tellingLines(facts);
  return {
    name,
    took,
    result: problems.length === 0 ? 'passed' : 'failed',
    reason: problems.join(', '),
    specs: { passed: specs?.passed ?? 0, failed },
    details,
  };
}

/** The outcome of a step that was not run. */
export function leftOut(name: string, reason: string): StepOutcome {
  const specs = { passed: 0, failed: [] };
  return { name, result: 'left out', took: 0, reason, specs, details: [] };
}

function problemsOf({ endings, thrown, specs }: Facts): string[] {
  const problems: string[] = [];
  if (thrown !== undefined) problems.push(thrown instanceof Error ? thrown.message : String(thrown));
  const failed = specs?.failed.length ?? 0;
  if (failed > 0) problems.push(`${failed} failed`);
  for (const ending of endings) {
    const { code, signal, hungFor } = ending;
    if (hungFor !== undefined) problems.push(`hung: silent for ${hungFor / 1_000} s, then killed`);
    else if (signal !== null) problems.push(`killed by ${signal}`);
    // The exit code of mocha is the number of failures.
    else if (code !== 0 && failed === 0) problems.push(`exit code ${code}`);
  }
  if (problems.length === 0) problems.push('failed');
  return problems;
}

function interruptionOf(specs: SpecResults | undefined): string | undefined {
  const left = specs === undefined || specs.left === 0 ? '' : `, ${specs.left} specs did not run`;
  if (specs?.interrupted !== undefined) {
    const { title, file } = specs.interrupted;
    return `ended ${title === '' ? 'between two specs' : `in "${title}" (${file})`}${left}`;
  }
  return left === '' ? undefined : left.slice(2);
}

function tellingLines({ output, telling }: Facts): string[] {
  const lines = output.split('\n').map((line) => line.trimEnd());
  const marked = telling === undefined ? [] : lines.filter((line) => telling.test(line));
  if (marked.length > TOLD) return [...marked.slice(0, TOLD), `… and ${marked.length - TOLD} more`];
  return marked.length > 0 ? marked : lines.filter((line) => line.trim() !== '').slice(-LAST);
}
