/**
 * Shows that the specs of the pool find mistakes: makes one mistake at a time in the library, and runs the specs that
 * must fail then.
 *
 *     node dist/spec/pool/try-mutations.js
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../support/docs/pages.js';
import { Mutant } from '../support/mutants/mutant.js';
import { MutantCompiler } from '../support/mutants/mutant-compiler.js';
import { POOL_MUTATIONS, type PoolMutation } from './mutations.js';

const compiler = new MutantCompiler();
const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');

/** Whether one of these specs fails with this mistake in the library. */
function isFound(mutation: PoolMutation, specs: readonly string[]): boolean {
  const mutant = new Mutant(compiler.compile(mutation));
  try {
    return specs.some((spec) => {
      const paths = ['--require', mutant.program('spec/support/setup.js'), mutant.program(`spec/pool/${spec}`)];
      const args = [mocha, '--no-config', '--timeout', '120000', '--bail', ...paths];
      return spawnSync(process.execPath, args, { stdio: 'ignore' }).status !== 0;
    });
  } finally {
    mutant.close();
  }
}

const [first] = POOL_MUTATIONS;
if (first === undefined) throw new Error('there are no mutations');
const specs = [...new Set(POOL_MUTATIONS.flatMap(({ breaks }) => breaks))];
if (isFound({ ...first, replace: first.search }, specs)) throw new Error('the specs fail without a mistake');

for (const mutation of POOL_MUTATIONS) {
  const found = isFound(mutation, mutation.breaks);
  console.log(`${found ? 'found' : 'NOT FOUND'}: ${mutation.name}`);
  if (!found) process.exitCode = 1;
}
