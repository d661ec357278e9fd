import { expect } from 'chai';
import type { Election } from '../../lib/index.js';
import { CLIENTS, candidate, joinInOrder, leading, openClient } from '../support/candidates.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { StaleMember } from '../support/stale-member.js';
import { tell } from '../support/story.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

describe('behind a member of etcd that answers a read from before', () => {
  const cluster = sharedCluster();

  for (const client of CLIENTS) {
    /** Three candidates in a row. The last one reaches etcd through the member alone. */
    const scene = async (): Promise<{ all: [Election, Election, Election]; member: StaleMember; now: string }> => {
      const name = uniqueName();
      const member = await StaleMember.of(cluster().hosts[0] ?? '');
      const [a, b] = ['a', 'b'].map((value) => candidate(cluster().hosts, name, { value })) as [Election, Election];
      const c = candidate([member.host], name, { value: 'c', client });
      await joinInOrder(a, b, c);
      await until(() => c.currentLeader() === 'a', { what: 'c to know the leader' });
      const { header } = await openClient(cluster().hosts).kv.range({ key: Buffer.from(name) });
      return { all: [a, b, c], member, now: header.revision };
    };

    it(`a candidate finds its new place, though its read shows one that has left, with ${client}`, async () => {
      const { all, member, now } = await scene();
      const [a, b, c] = all;
      const story = tell({ a, b, c });
      member.answerFrom(now);
      await b.stop();
      await until(() => member.answered === 1, { what: 'the read from before' });
      await a.stop();
      await leading(c);
      expect(story).to.deep.equal(['a unelected: STOPPED', 'c elected']);
    });

    it(`nobody names a leader that has left, with ${client}`, async () => {
      const { all, member, now } = await scene();
      const [a, b, c] = all;
      await a.stop();
      await leading(b);
      await until(() => c.currentLeader() === 'b', { what: 'c to know the next leader' });
      member.answerFrom(now, 2);
      const named = await c.leader();
      const queue = await c.candidates();
      expect([named?.value, queue.map(({ value }) => value), member.answered]).to.deep.equal(['b', ['b', 'c'], 2]);
    });
  }
});
