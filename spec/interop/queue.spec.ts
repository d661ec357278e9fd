import { expect } from 'chai';
import { keysUnder } from '../support/by-hand.js';
import { candidate, openClient } from '../support/candidates.js';
import { etcd3s, etcdctls, type ForeignCandidate, ours, queueIs } from '../support/other-clients.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

describe('one queue of this library, etcdctl and etcd3', () => {
  const cluster = sharedCluster();

  it('elects in the order of joining, and hands over in every direction', async () => {
    const { hosts } = cluster();
    const name = uniqueName();
    const queue = `election/${name}`;
    const reader = candidate(hosts, queue);
    const ourOwn = async (value: string): Promise<ForeignCandidate> => ours(candidate(hosts, queue, { value }), value);
    const etcdctl = (value: string): Promise<ForeignCandidate> => etcdctls(hosts, queue, value);
    const etcd3 = async (value: string): Promise<ForeignCandidate> => etcd3s(openClient(hosts), name, value);

    // Each kind of client joins before each other kind, and before its own kind.
    const joining = [ourOwn, etcdctl, etcd3, ourOwn, ourOwn, etcd3, etcdctl, etcdctl, ourOwn, etcd3, etcd3] as const;
    const contestants: ForeignCandidate[] = [];
    for (const [i, join] of joining.entries()) {
      contestants.push(await join(`${i}`));
      await queueIs(
        reader,
        contestants.map(({ value }) => value),
      );
    }

    for (const [i, contestant] of contestants.entries()) {
      await until(() => contestant.isLeader(), { what: `${contestant.value} to lead` });
      const leaders = contestants.filter((each) => each.isLeader()).map(({ value }) => value);
      expect(leaders).to.deep.equal([contestant.value]);
      expect((await reader.leader())?.value).to.equal(contestant.value);
      await contestant.leave();
      await queueIs(
        reader,
        contestants.slice(i + 1).map(({ value }) => value),
      );
    }
    expect(await keysUnder(openClient(hosts), queue)).to.deep.equal([]);
  });

  it('closes up when a candidate in the middle leaves, of whatever kind', async () => {
    const { hosts } = cluster();
    const name = uniqueName();
    const queue = `election/${name}`;
    const reader = candidate(hosts, queue);
    const first = ours(candidate(hosts, queue, { value: 'first' }), 'first');
    await queueIs(reader, ['first']);
    const middle = [await etcdctls(hosts, queue, 'etcdctl'), etcd3s(openClient(hosts), name, 'etcd3')];
    await until(async () => (await reader.candidates()).length === 3, { what: 'the others to queue' });
    const last = ours(candidate(hosts, queue, { value: 'last' }), 'last');
    await until(async () => (await reader.candidates()).length === 4, { what: 'the last to queue' });
    for (const each of middle) await each.leave();
    await queueIs(reader, ['first', 'last']);
    expect([first.isLeader(), last.isLeader()]).to.deep.equal([true, false]);
    await first.leave();
    await until(() => last.isLeader(), { what: 'the last to lead' });
  });

  it('waits, whatever the client, behind a key that is no candidate’s, and leads when that key is gone', async () => {
    const { hosts } = cluster();
    const name = uniqueName();
    const queue = `election/${name}`;
    const client = openClient(hosts);
    const key = `${queue}/config`;
    await client.put(key).value('x').exec();
    tracked({ close: () => client.delete().key(key).exec() });
    const contestants: ForeignCandidate[] = [];
    for (const join of [
      () => etcdctls(hosts, queue, 'etcdctl'),
      () => etcd3s(openClient(hosts), name, 'etcd3'),
      () => ours(candidate(hosts, queue, { value: 'ours' }), 'ours'),
    ]) {
      contestants.push(await join());
      await queueIs(candidate(hosts, queue), ['x', ...contestants.map(({ value }) => value)]);
    }
    expect(contestants.filter((each) => each.isLeader())).to.deep.equal([]);

    await client.delete().key(key);
    for (const contestant of contestants) {
      await until(() => contestant.isLeader(), { what: `${contestant.value} to lead` });
      await contestant.leave();
    }
  });
});
