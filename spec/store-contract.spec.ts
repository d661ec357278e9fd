import { SystemClock } from '../lib/common/time.js';
import { MemoryStore } from '../lib/testing/memory-store.js';
import { FakeEtcd } from './support/fake-etcd/fake-etcd.js';
import { storeContract } from './support/store-contract.js';

/** The system's clock, but its timers can be ended: leases of a minute would keep timers beyond the spec. */
class SpecClock extends SystemClock {
  readonly #cancels = new Set<() => void>();

  override after(ms: number, fn: () => void): () => void {
    const cancel = super.after(ms, fn);
    this.#cancels.add(cancel);
    return cancel;
  }

  close(): void {
    for (const cancel of this.#cancels) cancel();
  }
}

for (const tellsLeases of [true, false]) {
  storeContract(`the model, which ${tellsLeases ? 'tells' : 'leaves out'} the leases of keys alone`, async () => {
    const etcd = new FakeEtcd({ tellsLeases });
    return {
      store: etcd.connect(),
      compact: async (revision) => etcd.compact(revision),
      close: async () => etcd.close(),
    };
  });
}

// The store behind `FakeElection`: time passes in this spec, and nobody can compact the store.
storeContract(
  'the store in memory',
  async () => {
    const clock = new SpecClock();
    return { store: new MemoryStore(clock), close: async () => clock.close() };
  },
  { compacts: false },
);
