import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { openClient } from '../support/candidates.js';
import { replica } from '../support/replica.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** ms for what takes some seconds on a machine that has nothing else to do. */
const LONG = 60_000;
const PARTITIONS = 4;
const JOBS = 10;

describe('the example with a partitioned queue', () => {
  const cluster = sharedCluster();
  let client: Etcd3;
  let ELECTION: string;

  const enqueue = async (batch: string): Promise<void> => {
    for (let number = 0; number < JOBS; number++) {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const job = `${batch}${number}`;
        await client.put(`${ELECTION}-jobs/${partition}/${job}`).value(job);
      }
    }
  };

  const left = async (): Promise<number> => (await client.getAll().prefix(`${ELECTION}-jobs/`).keys()).length;

  /** The jobs of a partition in the order in which they were done, and the tokens with which they were. */
  const done = async (partition: number): Promise<{ readonly jobs: string[]; readonly tokens: bigint[] }> => {
    const all = await client.getAll().prefix(`${ELECTION}-done/${partition}/`).sort('Create', 'Ascend').strings();
    const parts = Object.values(all).map((text) => text.split(' '));
    return { jobs: parts.map(([job = '']) => job), tokens: parts.map(([, , token = '0']) => BigInt(token)) };
  };

  it('does the jobs of each partition in their order, each once, whatever becomes of its processes', async () => {
    client = openClient(cluster().hosts);
    ELECTION = uniqueName('queue');
    const env = { ETCD_HOSTS: cluster().hosts.join(','), ELECTION, TTL: '12', WORKERS: '2', PARTITIONS: '4' };
    await enqueue('a');
    const first = replica('partitioned-queue', { ...env, NAME: 'first' });
    await until(async () => (await left()) < JOBS * PARTITIONS, { within: LONG, what: 'a job to be done' });
    const second = replica('partitioned-queue', { ...env, NAME: 'second' });
    await until(() => second.all(/^works on (\d+)/).length > 0, { within: LONG, what: 'the second to own something' });
    await enqueue('b');
    first.kill('SIGKILL'); // and with the primary its workers
    await until(async () => (await left()) === 0, { within: LONG, what: 'all jobs to be done' });
    second.kill('SIGTERM');
    expect(await second.exited()).to.equal(0);

    const names = ['a', 'b'].flatMap((batch) => Array.from({ length: JOBS }, (_, number) => `${batch}${number}`));
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const { jobs, tokens } = await done(partition);
      expect(jobs, `partition ${partition}`).to.deep.equal(names);
      expect(tokens.every((token, at) => token >= (tokens[at - 1] ?? 0n))).to.equal(true);
    }
  });
});
