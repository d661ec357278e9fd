import { expect } from 'chai';
import { firstToSay, type Replica, replica } from '../support/replica.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** ms for what takes some seconds on a machine that has nothing else to do. */
const LONG = 120_000;

describe('the example with 1,000 shards', () => {
  const cluster = sharedCluster();

  it('spreads them over the replicas, and loses none to a crash or a planned stop', async () => {
    const env = { ETCD_HOSTS: cluster().hosts.join(','), ELECTION: uniqueName('shards'), TTL: '12' };
    const all = ['a', 'b', 'c'].map((NAME) => replica('shards', { ...env, NAME }));
    const owns = (one: Replica): number => Number(one.all(/^owns (\d+) of 1000/).at(-1)?.captured ?? 0);
    const sum = (replicas: readonly Replica[]): number => replicas.reduce((total, one) => total + owns(one), 0);
    await until(() => sum(all) === 1_000 && all.every((one) => owns(one) >= 333 && owns(one) <= 334), {
      within: LONG,
      what: 'each of three replicas to own a third',
    });

    const { first, others } = await firstToSay(all, /^coordinates$/);
    first.kill('SIGKILL');
    await until(() => others.every((one) => owns(one) === 500), { within: LONG, what: 'both to own a half' });
    const [second, third] = others;
    second?.kill('SIGTERM');
    expect(await second?.exited()).to.equal(0);
    await until(() => third !== undefined && owns(third) === 1_000, { within: LONG, what: 'the last one to own all' });
  });
});
