import { expect } from 'chai';
import { type Election, Session } from '../../lib/index.js';
import { keysUnder, leases } from '../support/by-hand.js';
import { candidate, leading, openClient } from '../support/candidates.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

describe('when etcd carries requests out and replies are lost,', () => {
  const cluster = sharedCluster();

  /**
   * A candidate on a session that has its lease already, so that the request under test is the only one. There is one
   * member, so there is one connection.
   */
  async function onSession(): Promise<{ proxy: TcpProxy; joining: Election; written(): Promise<boolean> }> {
    const proxy = tracked(await TcpProxy.to(cluster().hosts.slice(0, 1)));
    const operator = openClient(cluster().hosts);
    const session = tracked(new Session(openClient(proxy.hosts), { ttl: 60 }));
    await leading(candidate(session, uniqueName()));
    const name = uniqueName();
    const written = async (): Promise<boolean> => (await keysUnder(operator, name)).length === 1;
    return { proxy, joining: candidate(session, name, { value: 'it' }), written };
  }

  for (const how of ['and the connection is cut', 'and the connection stays open'] as const) {
    it(`the candidate finds that it has joined, once, when the reply to its join is lost ${how}`, async () => {
      const { proxy, joining, written } = await onSession();
      const story = tell({ it: joining });
      const lost = proxy.loseReplies();
      joining.start();
      await until(written, { what: 'the join to be carried out' });
      expect(joining.state).to.equal('joining');
      if (how === 'and the connection is cut') lost.cut();

      const term = await leading(joining);
      const queue = await joining.candidates();
      expect(queue.map(({ key, fencingToken }) => ({ key, fencingToken }))).to.deep.equal([
        { key: term.key, fencingToken: term.fencingToken },
      ]);
      expect(queue[0]?.modRevision).to.equal(term.fencingToken);
      expect(story).to.deep.equal(['it elected']);
    });

    it(`stop() still ends when the reply to the deletion of the key is lost ${how}`, async () => {
      const { proxy, joining, written } = await onSession();
      await leading(joining);
      const lost = proxy.loseReplies();
      const stopped = joining.stop();
      await until(async () => !(await written()), { what: 'the deletion to be carried out' });
      if (how === 'and the connection is cut') lost.cut();
      await stopped;
      expect([joining.state, await written()]).to.deep.equal(['idle', false]);
      proxy.restore();
    });
  }

  it('no second lease is left behind when the reply to the grant is lost', async () => {
    const proxy = tracked(await TcpProxy.to(cluster().hosts.slice(0, 1)));
    const client = openClient(proxy.hosts);
    await client.get('anything'); // opens the connection
    const before = await leases(cluster().hosts);
    const granted = async (): Promise<string[]> => (await leases(cluster().hosts)).filter((id) => !before.includes(id));

    const lost = proxy.loseReplies();
    const election = candidate(client, uniqueName()).start();
    const [id] = await until(async () => ((await granted()).length > 0 ? granted() : undefined), { what: 'the grant' });
    lost.cut();
    const term = await leading(election);
    expect([term.leaseId, await granted()]).to.deep.equal([id, [id]]);
  });
});
