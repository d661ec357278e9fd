import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mutant } from '../support/mutants/mutant.js';
import { MutantCompiler } from '../support/mutants/mutant-compiler.js';
import { type Broken, describeBesides, mutantOutcome } from '../support/mutants/outcome.js';
import { checkLogs } from './checker/check.js';
import { type Promised, verdictOn } from './checker/verdict.js';
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
    const { code, found } = await runMutant(mutant, args, logs, 'stdout');
    return found === undefined ? code : tell(mutation, found);
  } finally {
    mutant.close();
    if (folder === undefined) rmSync(logs, { recursive: true, force: true });
  }
}

/** How a run of chaos on a mutant ended. */
export interface MutantRun {
  readonly code: number;
  /** What the checker of this library, which has no mistake in it, finds in the logs. Undefined: the run broke off. */
  readonly found: readonly Broken<Promised>[] | undefined;
}

/** `to` gets what the run prints. */
export async function runMutant(
  mutant: Mutant,
  args: readonly string[],
  logs: string,
  to: 'stdout' | 'stderr',
): Promise<MutantRun> {
  const code = await runToItsEnd([mutant.program('spec/chaos/main.js'), ...args, `--folder=${logs}`], to);
  if (code !== 0 && code !== 1) return { code, found: undefined };
  const failures = verdictOn(await checkLogs(logs));
  return { code, found: failures.map(({ promise }) => ({ promise, isCrash: promise === 'no crash' })) };
}

function runToItsEnd(args: readonly string[], to: 'stdout' | 'stderr'): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: ['inherit', to === 'stdout' ? 1 : 2, 2] });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 130));
  });
}

/** Prints what the mutant was found by, and returns the exit code. */
function tell(mutation: ChaosMutation, found: readonly Broken<Promised>[]): number {
  const outcome = mutantOutcome(mutation, found);
  const isFound = outcome.expected > 0;
  const besides = describeBesides(outcome);
  console.log(`"${mutation.name}" must break: ${mutation.breaks.join(', or ')}; found ${outcome.expected} times`);
  if (besides !== '') console.log(`broken besides: ${besides}`);
  console.log(isFound ? 'the mistake was found' : 'the mistake was NOT found');
  return isFound ? 1 : 0;
}
