import { before } from 'mocha';
import { Cluster } from './cluster/cluster.js';

let starting: Promise<Cluster> | undefined;

/**
 * The cluster that all integration specs of a mocha run share. Call it in a `describe`; the cluster is there in its
 * hooks and specs, and is started once, by whoever needs it first. A spec that harms it makes it whole again before it
 * ends, or starts one of its own.
 *
 * @example
 * ```ts
 * describe('an election', () => {
 *   const cluster = sharedCluster();
 *   it('…', async () => {
 *     const client = tracked(createClient({ hosts: [...cluster().hosts] }));
 * ```
 */
export function sharedCluster(): () => Cluster {
  let cluster: Cluster | undefined;
  before(async function () {
    this.timeout(120_000);
    starting ??= Cluster.start();
    cluster = await starting;
  });
  return () => {
    if (cluster === undefined)
      throw new Error('the shared cluster is there in hooks and specs, not while they are being defined');
    return cluster;
  };
}

/** Ends the cluster after the last spec. */
export async function stopSharedCluster(): Promise<void> {
  await (await starting)?.stop();
  starting = undefined;
}
