/**
 * Shows that the simulation finds mistakes: runs the simulation on the library with one mistake at a time, and tells in
 * how many schedules the promise was broken that this mistake must break, and what else was broken.
 *
 *     npm run test:mutations                              all of them; fails if one is not found by what it must break
 *     npm run test:mutations -- --schedules 200 --only guard
 */
import { parseArgs } from 'node:util';
import { MUTATIONS, type SimulationMutation } from '../spec/simulation/mutations.js';
import { runAll } from '../spec/simulation/shards.js';
import type { Check } from '../spec/simulation/violation.js';
import { Mutant } from '../spec/support/mutants/mutant.js';
import { type CompiledFile, MutantCompiler } from '../spec/support/mutants/mutant-compiler.js';
import {
  type Broken,
  CRASH,
  describeBesides,
  type MutantOutcome,
  mutantOutcome,
} from '../spec/support/mutants/outcome.js';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    /** Schedules to run at the most for a mutation that has not been found. */
    most: { type: 'string', default: '8000' },
    shards: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
  },
});

const compiler = new MutantCompiler();
const asked = MUTATIONS.filter(({ name }) => name.includes(values.only));
if (asked.length === 0) throw new Error(`\`--only\` must be part of a mutation's name; got ${values.only}`);
// All of them compile, before an hour has passed.
const mutants = asked.map((mutation) => ({ mutation, compiled: compiler.compile(mutation) }));

console.log('| mutation | must break | found in | broke besides |\n|---|---|---|---|');
const failures: string[] = [];
for (const { mutation, compiled } of mutants) {
  const { name, file, breaks } = mutation;
  const { schedules, outcome } = await tryOut(mutation, compiled);
  const cells = [
    `${name} (\`${file}\`)`,
    breaks.join(', or '),
    `${outcome.expected} of ${schedules}`,
    describeBesides(outcome) || 'nothing',
  ];
  console.log(`| ${cells.join(' | ')} |`);
  if (outcome.expected === 0) failures.push(`not found by what it must break: ${name}`);
  if (outcome.besides.has(CRASH)) failures.push(`code that cannot run: ${name}`);
}
if (failures.length > 0) console.error(`\n${failures.join('\n')}`);
process.exitCode = failures.length > 0 ? 1 : 0;

async function tryOut(
  mutation: SimulationMutation,
  compiled: CompiledFile,
): Promise<{ readonly schedules: number; readonly outcome: MutantOutcome }> {
  const mutant = new Mutant(compiled);
  const program = mutant.program('spec/simulation/shard.js');
  const [many, most, shards] = [Number(values.schedules), Number(values.most), Number(values.shards)];
  try {
    const broken: Broken<Check>[] = [];
    for (let done = 0; ; ) {
      const from = Number(values.from) + done;
      const { found } = await runAll({ from, schedules: many, shards, persists: true, program });
      broken.push(...found.map(({ check, isCrash }) => ({ promise: check, isCrash })));
      done += many;
      const outcome = mutantOutcome(mutation, broken);
      if (outcome.expected > 0 || done >= most) return { schedules: done, outcome };
    }
  } finally {
    mutant.close();
  }
}
