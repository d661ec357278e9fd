import { expect } from 'chai';
import { candidate, joinInOrder, openClient } from '../support/candidates.js';
import { etcd3s, etcdctls, goCandidate, queueIs, withGo } from '../support/other-clients.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

describe('a leader that hands over past candidates of other clients', () => {
  const cluster = sharedCluster();
  withGo();

  for (const [peer, queues] of [
    ['`etcdctl elect`', etcdctls],
    ['Go’s `concurrency.Election`', goCandidate],
  ] as const) {
    it(`leaves ${peer} between leader and target where it is`, async () => {
      const { hosts } = cluster();
      const name = uniqueName();
      const make = (value: string) => candidate(hosts, name, { value });
      const [a, b, c] = [make('a'), make('b'), make('c')];
      await joinInOrder(a, b);
      const go = await queues(hosts, name, 'go');
      await queueIs(a, ['a', 'b', 'go']);
      await joinInOrder(c);
      const story = tell({ a, b, c });

      const leader = await a.stepDown({ to: 'c' });
      expect([leader?.value, leader?.isOurs]).to.deep.equal(['go', false]);
      await until(() => go.isLeader(), { what: 'the other client to lead' });
      expect(story).to.deep.equal(['a unelected: STEPPED_DOWN']);
      await until(async () => (await a.candidates()).length === 4, { what: 'all to queue again' });
      expect((await a.candidates()).slice(0, 2).map(({ value }) => value)).to.deep.equal(['go', 'c']);

      await go.leave();
      await until(() => c.isLeader(), { what: 'the target to lead' });
      expect(story).to.deep.equal(['a unelected: STEPPED_DOWN', 'c elected']);
    });

    it(`hands over to ${peer} or etcd3’s election as to any other, and never asks it`, async () => {
      const { hosts } = cluster();
      const name = uniqueName();
      const queue = `election/${name}`;
      const [a, b] = [candidate(hosts, queue, { value: 'a' }), candidate(hosts, queue, { value: 'b' })];
      await joinInOrder(a, b);
      const client = openClient(hosts);
      const etcd3 = etcd3s(client, name, 'etcd3');
      await queueIs(a, ['a', 'b', 'etcd3']);
      const go = await queues(hosts, queue, 'go');
      await queueIs(a, ['a', 'b', 'etcd3', 'go']);

      expect((await a.stepDown({ to: 'etcd3' }))?.value).to.equal('etcd3');
      await until(() => etcd3.isLeader(), { what: 'etcd3 to lead' });
      const refused = await b.ask().catch((err: { code: string }) => err.code);
      expect(refused).to.equal('TIMEOUT');
      expect(await client.getAll().prefix(`${queue}!`).keys()).to.deep.equal([]);
      await etcd3.leave();
      await until(() => go.isLeader(), { what: 'the other client to lead' });
      await go.leave();
    });
  }
});
