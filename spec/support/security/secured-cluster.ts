import { after, before } from 'mocha';
import { Cluster, type ClusterOptions } from '../cluster/cluster.js';
import { Access } from './access.js';

/** The lowest cost of bcrypt, because the time of a password check is not what is tested. */
const CHEAP = '--bcrypt-cost=4';

export interface Secured {
  readonly cluster: Cluster;
  readonly hosts: string[];
  readonly access: Access;
}

/** Starts a cluster with passwords. */
export async function startSecured(options: ClusterOptions = {}): Promise<Secured> {
  const cluster = await Cluster.start({ ...options, flags: [CHEAP, ...(options.flags ?? [])] });
  return { cluster, hosts: [...cluster.hosts], access: await Access.enable(cluster.hosts) };
}

/** A cluster with passwords for the specs of one `describe`. It is there in their hooks and bodies. */
export function securedCluster(options: ClusterOptions = {}): () => Secured {
  let secured: Secured | undefined;
  before(async function () {
    this.timeout(120_000);
    secured = await startSecured(options);
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
