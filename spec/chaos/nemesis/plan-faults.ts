import { setTimeout as sleep } from 'node:timers/promises';
import { PlanForger } from '../../support/pool/plan-forger.js';
import { Random } from '../../support/random.js';
import { PARTITIONS, poolOf } from '../candidate/profile.js';
import { microseconds } from '../log/clock.js';
import type { Apply } from './fault.js';

/** Milliseconds between two forgeries, at the least and at the most. */
const EVERY = [20, 400] as const;

/**
 * Forges plans of the pool all the while: wrong, old and doubled ones on the workers' leases, and deletes plans. That
 * may cost balance until the fault is healed, and nothing else at any moment.
 */
export const forgedPlans: Apply = ({ client, run, log }, { roll }) => {
  const random = new Random(Math.floor(roll * 2 ** 32));
  const forger = new PlanForger(client, poolOf(run), PARTITIONS, random);
  const over = new AbortController();
  const forge = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const at = microseconds();
      // Rejected when another fault keeps etcd from answering, or has ended the lease: what counts is written down.
      const forged = await forger.forge().catch(() => undefined);
      if (forged !== undefined) log.add(['G', at, forged.how, forged.lease]);
      await sleep(random.between(...EVERY), undefined, { signal: over.signal }).catch(() => {});
    }
  };
  const forging = forge();
  return {
    target: 'the pool',
    heal: async () => {
      over.abort();
      await forging;
    },
  };
};
