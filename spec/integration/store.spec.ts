import { createClient } from '../../lib/client.js';
import { SystemClock } from '../../lib/common/time.js';
import { EtcdStore } from '../../lib/etcd/etcd-store.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { storeContract } from '../support/store-contract.js';

describe('on real etcd', () => {
  const cluster = sharedCluster();

  storeContract('the store on etcd3', async () => {
    const client = createClient({ hosts: [...cluster().hosts] });
    return {
      store: new EtcdStore(client, new SystemClock()),
      compact: async (revision) => {
        await client.kv.compact({ revision: revision.toString(), physical: false });
      },
      close: async () => client.close(),
    };
  });
});
