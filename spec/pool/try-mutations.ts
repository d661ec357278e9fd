/**
 * Shows that the specs of the pool bite: runs on the library with one mistake at a time those of them that must fail.
 *
 *     node dist/spec/pool/try-mutations.js
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../support/docs/pages.js';
import { Mutant } from '../support/mutants/mutant.js';
import { MutantCompiler } from '../support/mutants/mutant-compiler.js';
import { MUTATIONS } from './mutations.js';

const compiler = new MutantCompiler();
const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
for (const mutation of MUTATIONS) {
  const mutant = new Mutant(compiler.compile(mutation));
  try {
    const isFound = mutation.breaks.some((spec) => {
      const setup = mutant.program('spec/support/setup.js');
      const args = [
        '--no-config',
        '--timeout',
        '60000',
        '--bail',
        '--require',
        setup,
        mutant.program(`spec/pool/${spec}`),
      ];
      return spawnSync(process.execPath, [mocha, ...args], { stdio: 'ignore' }).status !== 0;
    });
    console.log(`${isFound ? 'found' : 'NOT FOUND'}: ${mutation.name}`);
    if (!isFound) process.exitCode = 1;
  } finally {
    mutant.close();
  }
}
