import { ContractContext, type OpenStore } from './store-contract/context.js';
import { leaseSpecs } from './store-contract/leases.js';
import { rangeSpecs } from './store-contract/ranges.js';
import { transactionSpecs } from './store-contract/transactions.js';
import { watchSpecs } from './store-contract/watches.js';
import { tracked } from './track.js';

export type { OpenStore };

/**
 * What every `Store` must do, in words of `Store` alone: the model and the real one are held to the same. It wants an etcd of
 * its own, since others' writes and compactions move its revisions.
 */
export function storeContract(name: string, open: () => Promise<OpenStore>): void {
  describe(`the store contract: ${name}`, () => {
    const spec = new ContractContext();

    beforeEach(async () => spec.start(tracked(await open())));

    transactionSpecs(spec);
    rangeSpecs(spec);
    leaseSpecs(spec);
    watchSpecs(spec);
  });
}
