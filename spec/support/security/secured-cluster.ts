import { after, before } from 'mocha';
import { Cluster, type ClusterOptions } from '../cluster/cluster.js';
import { Access } from './access.js';

/** bcrypt at its cheapest: how long a password check takes is not what is tested, and two cores have other work. */
const CHEAP = '--bcrypt-cost=4';

export interface Secured {
  readonly cluster: Cluster;
  readonly hosts: string[];
  readonly access: Access;
}

/** A cluster of its own for the specs of one `describe`, with passwords; there in their hooks and bodies. */
export function securedCluster(options: ClusterOptions = {}): () => Secured {
  let secured: Secured | undefined;
  before(async function () {
    this.timeout(120_000);
    const cluster = await Cluster.start({ ...options, flags: [CHEAP, ...(options.flags ?? [])] });
    secured = { cluster, hosts: [...cluster.hosts], access: await Access.enable(cluster.hosts) };
  });
  after(async () => {
    secured?.access.close();
    await secured?.cluster.stop();
  });
  return () => {
    if (secured === undefined) throw new Error('the cluster is there in hooks and specs only');
    return secured;
  };
}
