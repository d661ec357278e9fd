import { firstToSay, replica } from '../support/replica.js';
import { sharedCluster, uniqueName } from '../support/shared-cluster.js';
import { until } from '../support/wait.js';

describe('the example with 1,000 shards', () => {
  const cluster = sharedCluster();

  it('spreads them over the replicas, and loses none to a crash or a planned stop', async () => {
    const env = {
      ETCD_HOSTS: cluster().hosts.join(','),
      ELECTION: uniqueName('shards'),
      TTL: '10',
      BALANCE_EVERY: '0.5',
    };
    const all = ['a', 'b', 'c'].map((NAME) => replica('shards', { ...env, NAME }));
    const leads = (one: (typeof all)[number]): number => Number(one.all(/^leads (\d+) of 1000/).at(-1)?.captured ?? 0);
    await until(() => all.every((one) => leads(one) >= 332 && leads(one) <= 334), {
      within: 120_000,
      what: 'each of three replicas to lead a third',
    });

    const { first, others } = await firstToSay(all, /^leads/);
    first.kill('SIGKILL');
    await until(() => others.every((one) => leads(one) === 500), { within: 120_000, what: 'both to lead a half' });
    const [second, third] = others;
    second?.kill('SIGTERM');
    await second?.exited();
    await until(() => third !== undefined && leads(third) === 1_000, {
      within: 120_000,
      what: 'the last one to lead all',
    });
  });
});
