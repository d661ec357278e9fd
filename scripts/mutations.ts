/**
 * Shows that the simulation bites: runs it on the library with one mistake at a time, and tells which promise was
 * broken first and in how many schedules.
 *
 *     npm run test:mutations                              all of them; fails if one is not found
 *     npm run test:mutations -- --schedules 200 --only guard
 */
import { parseArgs } from 'node:util';
import { Mutant, mutated } from '../spec/simulation/mutate.js';
import { MUTATIONS, type Mutation } from '../spec/simulation/mutations.js';
import { runAll, type Summary } from '../spec/simulation/shards.js';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    /** Goes on with one that has not been found, up to so many. */
    most: { type: 'string', default: '8000' },
    shards: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
  },
});

const asked = MUTATIONS.filter(({ name }) => name.includes(values.only));
for (const mutation of MUTATIONS) mutated(mutation); // all are in the source, before an hour has passed

console.log('| mutation | found in | first check that failed |\n|---|---|---|');
const missed: string[] = [];
for (const mutation of asked) {
  const { schedules, found } = await tryOut(mutation);
  const [first] = found;
  if (first === undefined) missed.push(mutation.name);
  const share = `${found.length} of ${schedules}`;
  console.log(`| ${mutation.name} (\`${mutation.file}\`) | ${share} | ${first?.check ?? '**none**'} |`);
}
if (missed.length > 0) console.error(`\nnot found: ${missed.join('; ')}`);
process.exitCode = missed.length > 0 ? 1 : 0;

async function tryOut(mutation: Mutation): Promise<Pick<Summary, 'schedules' | 'found'>> {
  const mutant = new Mutant(mutation);
  const [many, most, shards] = [Number(values.schedules), Number(values.most), Number(values.shards)];
  try {
    for (let done = 0; ; ) {
      const from = Number(values.from) + done;
      const { found } = await runAll({ from, schedules: many, shards, persists: true, program: mutant.program });
      done += many;
      if (found.length > 0 || done >= most) return { schedules: done, found };
    }
  } finally {
    mutant.close();
  }
}
