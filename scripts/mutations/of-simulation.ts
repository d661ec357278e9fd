import { MUTATIONS, type SimulationMutation } from '../../spec/simulation/mutations.js';
import { runAll } from '../../spec/simulation/shards.js';
import type { Check } from '../../spec/simulation/violation.js';
import type { Mutant } from '../../spec/support/mutants/mutant.js';
import { type Broken, mutantOutcome } from '../../spec/support/mutants/outcome.js';
import type { MutationOptions } from './options.js';
import type { MutationSuite, TriedMutant } from './suite.js';

/** Tries a mutant in schedules of the simulation, until one breaks what the mutation must break. */
export function mutationsOfSimulation(options: MutationOptions): MutationSuite {
  return {
    attempts: MUTATIONS.map((mutation) => ({
      mutation,
      tryOut: (mutant) => tryInSchedules(mutation, mutant, options),
    })),
  };
}

async function tryInSchedules(
  mutation: SimulationMutation,
  mutant: Mutant,
  { schedules, from, most, shards }: MutationOptions,
): Promise<TriedMutant> {
  const program = mutant.program('spec/simulation/shard.js');
  const broken: Broken<Check>[] = [];
  for (let tries = 0; ; ) {
    const { found } = await runAll({ from: from + tries, schedules, shards, persists: true, program });
    broken.push(...found.map(({ check, isCrash }) => ({ promise: check, isCrash })));
    tries += schedules;
    const outcome = mutantOutcome(mutation, broken);
    if (outcome.expected > 0 || tries >= most) return { tries, outcome };
  }
}
