/**
 * Shows that the simulation and the specs of the pool find mistakes: tries them on the library with one mistake at a
 * time, and tells how often what this mistake must break was broken, and what else was. So with chaos, when asked.
 *
 *     npm run test:mutations                              all but chaos; fails if one is not found by its check
 *     npm run test:mutations -- --of simulation --schedules 200 --only guard
 *     npm run test:mutations -- --of pool
 *     npm run test:mutations -- --of chaos                on a real etcd; takes ten minutes
 */
import { Mutant } from '../spec/support/mutants/mutant.js';
import { MutantCompiler } from '../spec/support/mutants/mutant-compiler.js';
import { mutationsOfChaos } from './mutations/of-chaos.js';
import { mutationsOfPool } from './mutations/of-pool.js';
import { mutationsOfSimulation } from './mutations/of-simulation.js';
import { MUTATIONS_USAGE, type MutationOptions, parseMutationOptions, type SuiteName } from './mutations/options.js';
import { type MutationSuite, rowOf, TABLE_HEAD, whyNotFound } from './mutations/suite.js';

const SUITE_OF: Readonly<Record<SuiteName, (options: MutationOptions) => MutationSuite>> = {
  simulation: mutationsOfSimulation,
  pool: mutationsOfPool,
  chaos: mutationsOfChaos,
};

let options: MutationOptions;
try {
  options = parseMutationOptions(process.argv.slice(2));
} catch (err) {
  console.error(`${err instanceof Error ? err.message : String(err)}\n\n${MUTATIONS_USAGE}`);
  process.exit(2);
}
process.exitCode = await tryAll(options);

async function tryAll(chosen: MutationOptions): Promise<number> {
  const compiler = new MutantCompiler();
  // All of them compile, before an hour has passed.
  const suites = chosen.of.map((name) => {
    const suite = SUITE_OF[name](chosen);
    const asked = suite.attempts.filter(({ mutation }) => mutation.name.includes(chosen.only));
    return { name, suite, asked: asked.map((one) => ({ ...one, compiled: compiler.compile(one.mutation) })) };
  });
  const some = suites.filter(({ asked }) => asked.length > 0);
  if (some.length === 0) throw new Error(`\`--only\` must be part of a mutation's name; got ${chosen.only}`);

  const failures: string[] = [];
  for (const { name, suite, asked } of some) {
    await suite.control?.(asked);
    console.log(`\n${name}\n\n${TABLE_HEAD}`);
    for (const { mutation, compiled, tryOut } of asked) {
      const mutant = new Mutant(compiled);
      try {
        const tried = await tryOut(mutant);
        console.log(rowOf(mutation, tried));
        failures.push(...whyNotFound(mutation, tried));
      } finally {
        mutant.close();
      }
    }
  }
  if (failures.length > 0) console.error(`\n${failures.join('\n')}`);
  return failures.length > 0 ? 1 : 0;
}
