import { expect } from 'chai';
import { openClient } from '../support/candidates.js';
import { firstToSay, replica } from '../support/replica.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

describe('the cron example', () => {
  const cluster = sharedCluster();

  it('does each run once, on one replica, also across a crash and a planned stop', async () => {
    const ELECTION = uniqueName('cron');
    const start = (NAME: string) =>
      replica('cron', { ETCD_HOSTS: cluster().hosts.join(','), ELECTION, NAME, TTL: '12', EVERY: '0.2' });
    const all = ['a', 'b', 'c'].map(start);
    const { first, others } = await firstToSay(all, /^report of/);

    first.kill('SIGKILL');
    const { first: second, others: rest } = await firstToSay(others, /^report of/);
    second.kill('SIGTERM');
    expect(await second.exited()).to.equal(0);
    const { first: third } = await firstToSay(rest, /^report of/);
    await until(() => third.all(/^report of/).length > 2, { within: 60_000, what: 'some more reports' });
    third.kill('SIGTERM');
    expect(await third.exited()).to.equal(0);

    const reports = await openClient(cluster().hosts).getAll().prefix(`${ELECTION}-reports/`).strings();
    const runs = Object.keys(reports)
      .map((key) => Number(key.slice(key.indexOf('/') + 1)))
      .sort((a, b) => a - b);
    const tokens = runs.map((run) => BigInt(/token (\d+)/.exec(reports[`${ELECTION}-reports/${run}`] ?? '')?.[1] ?? 0));
    expect(tokens).to.deep.equal(tokens.toSorted((a, b) => Number(a - b)));
    expect(new Set(tokens).size).to.equal(3);
    expect(runs, 'no run is left out').to.deep.equal(runs.map((_, i) => (runs[0] ?? 0) + 200 * i));
    const said = all.flatMap((one) => one.all(/^report of (\S+) done/).map(({ captured }) => captured));
    expect(said, 'no run is done twice').to.have.length(new Set(said).size);
  });
});
