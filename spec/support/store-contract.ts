import { compactionSpecs } from './store-contract/compaction.js';
import { ContractContext, type OpenStore } from './store-contract/context.js';
import { leaseSpecs } from './store-contract/leases.js';
import { rangeSpecs } from './store-contract/ranges.js';
import { transactionSpecs } from './store-contract/transactions.js';
import { watchSpecs } from './store-contract/watches.js';
import { tracked } from './track.js';

export type { OpenStore };

export interface ContractOptions {
  /** Whether somebody can shorten the store's history. @default true */
  readonly compacts?: boolean;
}

/**
 * What every `Store` must do, in words of `Store` alone. The model, the store in memory and the real store are held to
 * the same contract. The store needs an etcd of its own, because other writes and compactions move its revisions.
 */
export function storeContract(
  name: string,
  open: () => Promise<OpenStore>,
  { compacts = true }: ContractOptions = {},
): void {
  describe(`the store contract: ${name}`, () => {
    const spec = new ContractContext();

    beforeEach(async () => spec.start(tracked(await open())));

    transactionSpecs(spec);
    rangeSpecs(spec);
    leaseSpecs(spec);
    watchSpecs(spec);
    if (compacts) compactionSpecs(spec);
  });
}
