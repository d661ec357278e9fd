import type { Mutant } from '../../spec/support/mutants/mutant.js';
import type { Mutation } from '../../spec/support/mutants/mutation.js';
import { CRASH, describeBesides, type MutantOutcome } from '../../spec/support/mutants/outcome.js';

/** What tries mutants: the simulation, the specs of the pool, or chaos. */
export interface MutationSuite {
  readonly attempts: readonly MutantAttempt[];
  /** @throws when the suite cannot tell a mistake, for example because it fails without one */
  control?(attempts: readonly MutantAttempt[]): Promise<void>;
}

/** One mutation, and how its mutant is tried. */
export interface MutantAttempt {
  readonly mutation: Mutation<string>;
  tryOut(mutant: Mutant): Promise<TriedMutant>;
}

export interface TriedMutant {
  /** How many schedules, specs or runs there were. */
  readonly tries: number;
  readonly outcome: MutantOutcome;
}

export const TABLE_HEAD = '| mutation | must break | found in | broke besides |\n|---|---|---|---|';

export function rowOf({ name, file, breaks }: Mutation<string>, { tries, outcome }: TriedMutant): string {
  const found = `${outcome.expected} of ${tries}`;
  const cells = [`${name} (\`${file}\`)`, breaks.join(', or '), found, describeBesides(outcome) || 'nothing'];
  return `| ${cells.join(' | ')} |`;
}

/** Why the mutant does not show that what it must break is watched; none when it does. */
export function whyNotFound({ name }: Mutation<string>, { outcome }: TriedMutant): string[] {
  const failures: string[] = [];
  if (outcome.expected === 0) failures.push(`not found by what it must break: ${name}`);
  if (outcome.besides.has(CRASH)) failures.push(`code that cannot run: ${name}`);
  return failures;
}
