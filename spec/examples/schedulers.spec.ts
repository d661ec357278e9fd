import { expect } from 'chai';
import { firstToSay, type Replica, replica } from '../support/replica.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** The fires that a replica has run; and all that it was asked about, where it says so. */
const REPORT = /^report of (\S+)/;

for (const example of ['node-cron', 'croner']) {
  describe(`the ${example} example`, () => {
    const cluster = sharedCluster();

    it('runs 20 fires on three replicas, each once, also across a crash and a planned stop', async () => {
      const ELECTION = uniqueName(example);
      const start = (NAME: string): Replica =>
        replica(example, { ETCD_HOSTS: cluster().hosts.join(','), ELECTION, NAME, TTL: '12', SCHEDULE: '* * * * * *' });
      const all = ['a', 'b', 'c'].map(start);
      const runs = (): string[] => all.flatMap((one) => one.all(REPORT).map(({ captured }) => captured));
      const { first, others } = await firstToSay(all, REPORT);
      await until(() => runs().length >= 6, { what: 'six reports' });

      first.kill('SIGKILL');
      const { first: second, others: rest } = await firstToSay(others, REPORT);
      await until(() => runs().length >= 13, { what: 'thirteen reports' });
      second.kill('SIGTERM');
      expect(await second.exited()).to.equal(0);
      const { first: third } = await firstToSay(rest, REPORT);
      await until(() => runs().length >= 20, { what: 'twenty reports' });
      third.kill('SIGTERM');
      expect(await third.exited()).to.equal(0);

      expect(runs(), 'no fire is run twice').to.have.length(new Set(runs()).size);
      const tokens = all.map((one) => new Set(one.all(/^report of .* token (\d+)/).map(({ captured }) => captured)));
      expect(tokens.map(({ size }) => size)).to.deep.equal([1, 1, 1]);
      const due = runs()
        .map((time) => Date.parse(time) / 1_000)
        .sort((a, b) => a - b);
      const gaps = due.slice(1).filter((second, index) => second !== (due[index] ?? 0) + 1);
      expect(gaps.length, 'fires are left out after the crash, and hardly anywhere else').to.be.at.most(3);
    });
  });
}
