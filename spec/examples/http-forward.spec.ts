import { expect } from 'chai';
import { firstToSay, type Replica, replica } from '../support/replica.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

describe('the HTTP example', () => {
  const cluster = sharedCluster();

  it('takes a write on any replica and lets the leader do it, also after a crash and a planned stop', async () => {
    const env = { ETCD_HOSTS: cluster().hosts.join(','), ELECTION: uniqueName('http'), TTL: '12' };
    const all = ['a', 'b', 'c'].map(() => replica('http-forward', env));
    const origin = new Map<Replica, string>();
    for (const one of all) {
      await one.says(/^listening/);
      origin.set(one, one.lines[0]?.name ?? '');
    }
    const put = async (to: Replica, text: string): Promise<string> => {
      const url = `${origin.get(to)}/notes/a`;
      return await until(
        async () => {
          const answer = await fetch(url, { method: 'PUT', body: text, headers: { connection: 'close' } });
          const said = await answer.text();
          if (!answer.ok) throw new Error(said);
          return said;
        },
        { within: 60_000, what: 'a write to be done' },
      );
    };
    const elected = /^elected with token (\d+)/;

    const { first, others, captured } = await firstToSay(all, elected);
    for (const one of all) {
      expect(await put(one, 'one')).to.equal(`written by ${origin.get(first)} under token ${captured}\n`);
    }
    first.kill('SIGKILL');
    const { first: second, others: rest } = await firstToSay(others, elected);
    for (const one of others) expect(await put(one, 'two')).to.contain(`written by ${origin.get(second)} `);
    second.kill('SIGTERM');
    expect(await second.exited()).to.equal(0);
    const [third] = rest;
    if (third === undefined) throw new Error('there were three');
    expect(await put(third, 'three')).to.contain(`written by ${origin.get(third)} `);
    const read = await fetch(`${origin.get(third)}/notes/a`, { headers: { connection: 'close' } });
    expect(await read.text()).to.equal('three\n');
  });
});
