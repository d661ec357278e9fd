import { after, afterEach, before } from 'mocha';
import { Cluster } from './cluster/cluster.js';
import { closeTracked } from './track.js';

/**
 * A cluster for one `describe`, whose members its specs may kill and pause. After each spec all members run again, so
 * that the next spec finds them whole. What the spec has opened is closed only then, because closing may wait for an
 * answer.
 */
export function ownCluster(): () => Cluster {
  let cluster: Cluster | undefined;
  const get = (): Cluster => {
    if (cluster === undefined)
      throw new Error('the cluster is there in hooks and specs, not while they are being defined');
    return cluster;
  };
  before(async function () {
    this.timeout(120_000);
    cluster = await Cluster.start();
  });
  afterEach(async function () {
    this.timeout(120_000);
    for (const member of get().members) {
      if (member.paused) member.resume();
      else member.launch();
    }
    await get().healthy();
  });
  after(async function () {
    this.timeout(120_000);
    await closeTracked();
    await cluster?.stop();
  });
  return get;
}
