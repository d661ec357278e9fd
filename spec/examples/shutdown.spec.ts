import { expect } from 'chai';
import { NOBODY_LISTENS } from '../support/cluster/ports.js';
import { firstToSay, type Replica, replica } from '../support/replica.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const WORKS = /^works with token (\d+)/;
const ENDED = /^has ended its work/;

function expectHandedOver(from: Replica, to: Replica): void {
  const [ended] = from.all(ENDED);
  const [began] = to.all(WORKS);
  expect(ended?.line.at).to.be.at.most(began?.line.at ?? 0);
}

for (const example of ['fastify', 'nest'] as const) {
  describe(`the ${example} example`, () => {
    const cluster = sharedCluster();

    it('finishes its work on SIGTERM before the next replica begins, and is replaced when it is killed', async () => {
      const env = { ETCD_HOSTS: cluster().hosts.join(','), ELECTION: uniqueName(example), TTL: '12', PORT: '0' };
      const all = ['a', 'b', 'c'].map((NAME) => replica(example, { ...env, NAME }));
      const { first, others } = await firstToSay(all, WORKS);
      first.kill('SIGTERM');
      const { first: second, others: rest } = await firstToSay(others, WORKS);
      expect(await first.exited()).to.equal(0);
      expectHandedOver(first, second);
      second.kill('SIGKILL');
      await firstToSay(rest, WORKS);
    });
  });
}

describe('the probes of the fastify example', () => {
  const cluster = sharedCluster();

  it('say ready on leader and follower, and not ready on the way out while it still serves', async () => {
    const env = { ETCD_HOSTS: cluster().hosts.join(','), ELECTION: uniqueName('probes'), TTL: '12', PORT: '0' };
    const all = ['a', 'b'].map((NAME) => replica('fastify', { ...env, NAME, DRAIN: '30' }));
    const origins = await Promise.all(all.map((one) => one.says(/^listening at (\S+)/)));
    const status = async (origin: string | undefined, path: string): Promise<number> =>
      (await fetch(`${origin}${path}`, { headers: { connection: 'close' } })).status;
    const { first } = await firstToSay(all, WORKS);
    for (const origin of origins) {
      expect([await status(origin, '/healthz'), await status(origin, '/readyz')]).to.deep.equal([200, 200]);
    }
    first.kill('SIGTERM');
    const leaving = origins[all.indexOf(first)];
    await until(async () => (await status(leaving, '/readyz')) === 503, { what: 'the leader to drain' });
    expect(await status(leaving, '/healthz')).to.equal(200);
  });

  it('say alive while etcd cannot be reached', async () => {
    const alone = replica('fastify', { ETCD_HOSTS: `http://${NOBODY_LISTENS}`, NAME: 'a', PORT: '0' });
    const origin = await alone.says(/^listening at (\S+)/);
    await alone.says(/^UNAVAILABLE/);
    const answer = await fetch(`${origin}/healthz`, { headers: { connection: 'close' } });
    expect(answer.status).to.equal(200);
  });
});
