import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mutant } from '../support/mutants/mutant.js';
import { MutantCompiler } from '../support/mutants/mutant-compiler.js';
import { describeBesides, mutantOutcome } from '../support/mutants/outcome.js';
import { checkLogs } from './checker/check.js';
import { verdictOn } from './checker/verdict.js';
import { CHAOS_MUTATIONS, type ChaosMutation } from './mutations.js';

/**
 * Runs chaos on a copy of what was compiled, with a mistake in the copy. The copy is removed afterwards. `folder` gets
 * the logs; without it the logs are removed.
 *
 * @returns the exit code: 1 when what the mistake must break was found broken, and 0 when it was not, whatever else was
 * @throws when the mistake is unknown, or the source has changed so that the mistake cannot be made
 */
export async function runBroken(name: string, args: readonly string[], folder: string | undefined): Promise<number> {
  const mutation = CHAOS_MUTATIONS.find((one) => one.name === name);
  if (mutation === undefined) {
    const names = CHAOS_MUTATIONS.map((one) => one.name);
    throw new Error(`\`--break\` must be one of: ${names.join(', ')}; got ${name}`);
  }
  const logs = folder ?? mkdtempSync(join(tmpdir(), 'etcd-leader-chaos-'));
  const mutant = new Mutant(new MutantCompiler().compile(mutation));
  try {
    const program = mutant.program('spec/chaos/main.js');
    const code = await runToItsEnd([program, ...args, `--folder=${logs}`]);
    return code === 0 || code === 1 ? await judge(mutation, logs) : code;
  } finally {
    mutant.close();
    if (folder === undefined) rmSync(logs, { recursive: true, force: true });
  }
}

function runToItsEnd(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 130));
  });
}

/** Judges the logs with the checker of this library, which has no mistake in it. */
async function judge({ name, breaks }: ChaosMutation, logs: string): Promise<number> {
  const failures = verdictOn(await checkLogs(logs));
  const broken = failures.map(({ promise }) => ({ promise, isCrash: promise === 'no crash' }));
  const outcome = mutantOutcome({ breaks }, broken);
  const isFound = outcome.expected > 0;
  const besides = describeBesides(outcome);
  console.log(`"${name}" must break: ${breaks.join(', or ')}; found ${outcome.expected} times`);
  if (besides !== '') console.log(`broken besides: ${besides}`);
  console.log(isFound ? 'the mistake was found' : 'the mistake was NOT found');
  return isFound ? 1 : 0;
}
