import { FakeEtcd } from './support/fake-etcd/fake-etcd.js';
import { storeContract } from './support/store-contract.js';

storeContract('the model', async () => {
  const etcd = new FakeEtcd();
  return {
    store: etcd.connect(),
    compact: async (revision) => etcd.compact(revision),
    close: async () => etcd.close(),
  };
});
