import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { POOL_MUTATIONS, type PoolMutation } from '../../spec/pool/mutations.js';
import type { Mutant } from '../../spec/support/mutants/mutant.js';
import { mutantOutcome } from '../../spec/support/mutants/outcome.js';
import { MOCHA } from '../test/mocha.js';
import { root, runTool } from '../test/tool.js';
import { type BrokenSpecs, brokenSpecs } from './broken-specs.js';
import type { MutationSuite, TriedMutant } from './suite.js';

/** Milliseconds that a spec may take. All but a few take less than a second, because the time in them is virtual. */
const SPEC_ENDS_WITHIN = 120_000;

/** Tries a mutant with the specs that the mutation names. Others may never end with the mistake, and are not run. */
export function mutationsOfPool(): MutationSuite {
  return {
    attempts: POOL_MUTATIONS.map((mutation) => ({ mutation, tryOut: (mutant) => trySpecs(mutation, mutant) })),

    async control(attempts) {
      const asked = POOL_MUTATIONS.filter((mutation) => attempts.some((attempt) => attempt.mutation === mutation));
      const files = [...new Set(asked.flatMap(({ specs }) => specs))];
      const breaks = asked.flatMap((mutation) => mutation.breaks);
      const { broken } = await runSpecs((file) => join(root, 'dist', file), { specs: files, breaks });
      if (broken.length > 0) throw new Error(`specs of the pool fail without a mistake: ${files.join(', ')}`);
    },
  };
}

export async function trySpecs(mutation: PoolMutation, mutant: Mutant): Promise<TriedMutant> {
  const { specs, broken } = await runSpecs((file) => mutant.program(file), mutation);
  return { tries: specs, outcome: mutantOutcome(mutation, broken) };
}

/** `compiled` gives the path of a file of `dist`. */
async function runSpecs(
  compiled: (file: string) => string,
  { specs, breaks }: { readonly specs: readonly string[]; readonly breaks: readonly string[] },
): Promise<BrokenSpecs> {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-specs-'));
  const journal = join(folder, 'journal');
  // What the library catches and logs is looked at too.
  const env = { ...process.env, SPEC_JOURNAL: journal, ETCD_LEADER_LOG: 'error' };
  const args = [
    ...['--no-config', '--timeout', String(SPEC_ENDS_WITHIN), '--grep', grepFor(breaks)],
    ...['--require', compiled('spec/support/setup.js'), '--reporter', compiled('spec/support/reporter.js')],
    ...specs.map((file) => compiled(`spec/pool/${file}`)),
  ];
  let output = '';
  const onOutput = (text: string): void => {
    output += text;
  };
  try {
    await runTool(MOCHA, args, { env, onOutput });
    return brokenSpecs(breaks, existsSync(journal) ? readFileSync(journal, 'utf8') : '', output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Matches the titles that have one of these texts in them. */
function grepFor(breaks: readonly string[]): string {
  return breaks.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
}
