import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runMutant } from '../../spec/chaos/broken.js';
import type { Promised } from '../../spec/chaos/checker/verdict.js';
import { CHAOS_MUTATIONS, type ChaosMutation } from '../../spec/chaos/mutations.js';
import { findEtcd } from '../../spec/support/cluster/etcd-server.js';
import type { Mutant } from '../../spec/support/mutants/mutant.js';
import { type Broken, mutantOutcome } from '../../spec/support/mutants/outcome.js';
import type { MutationSuite, TriedMutant } from './suite.js';

/** A single run can miss a mistake, because the machine decides whom a fault meets. */
const MOST_RUNS = 3;

/** Tries a mutant in runs of chaos, until one breaks what the mutation must break. Needs an etcd. */
export function mutationsOfChaos(): MutationSuite {
  return {
    attempts: CHAOS_MUTATIONS.map((mutation) => ({ mutation, tryOut: (mutant) => tryInChaos(mutation, mutant) })),

    async control() {
      if ((await findEtcd()) === undefined) throw new Error('no etcd server: run `npm run setup`');
    },
  };
}

/** Each promise counts once a run, however often it was broken there. */
async function tryInChaos(mutation: ChaosMutation, mutant: Mutant): Promise<TriedMutant> {
  const { minutes, faults } = mutation;
  const broken: Broken<Promised>[] = [];
  for (let run = 1; ; run++) {
    const logs = mkdtempSync(join(tmpdir(), 'etcd-leader-chaos-'));
    try {
      const args = [`--minutes=${minutes}`, `--faults=${faults.join(',')}`, `--seed=${run}`];
      const { code, found } = await runMutant(mutant, args, logs, 'stderr');
      if (found === undefined) throw new Error(`chaos ended with ${code}`);
      const promises = new Map(found.map((one) => [one.promise, one]));
      broken.push(...promises.values());
    } finally {
      rmSync(logs, { recursive: true, force: true });
    }
    const outcome = mutantOutcome(mutation, broken);
    if (outcome.expected > 0 || run === MOST_RUNS) return { tries: run, outcome };
  }
}
