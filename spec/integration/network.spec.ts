import { expect } from 'chai';
import type { Election } from '../../lib/index.js';
import { CLIENTS, type ClientKind, candidate, inOrder, leading, openClient, queued } from '../support/candidates.js';
import { figure, stopwatch } from '../support/figures.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster, uniqueName } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { tracked } from '../support/track.js';
import { until } from '../support/wait.js';

const TTL = 5;

describe('on a bad network', () => {
  const cluster = sharedCluster();

  /** A leader behind a proxy of its own, with the way to one member or to all three. */
  async function leaderBehindProxy(
    client: ClientKind,
    hosts: readonly string[] = cluster().hosts,
  ): Promise<{ proxy: TcpProxy; leader: Election; story: string[]; refreshes(count: number): Promise<unknown> }> {
    const proxy = tracked(await TcpProxy.to(hosts));
    const leader = candidate(proxy.hosts, uniqueName(), { ttl: TTL, client });
    const story = tell({ it: leader });
    await leading(leader);
    let seen = 0;
    leader.on('refresh', () => seen++);
    const refreshes = async (count: number): Promise<unknown> => {
      const goal = seen + count;
      return await until(() => seen >= goal, { within: 25_000, what: `${count} refreshes` });
    };
    return { proxy, leader, story, refreshes };
  }

  for (const kind of CLIENTS) {
    it(`a leader stays leader when its connections are cut for a moment, with ${kind}`, async () => {
      const { proxy, leader, story, refreshes } = await leaderBehindProxy(kind);
      await refreshes(1);
      proxy.cut();
      const since = stopwatch();
      await until(() => since() > 1_200, { what: 'a cut of 1.2 s' });
      proxy.restore();
      await refreshes(2);
      expect([leader.isLeader(), story]).to.deep.equal([true, ['it elected']]);
    });

    it(`a leader stays leader when its connections fall silent for a moment, with ${kind}`, async () => {
      const { proxy, leader, story, refreshes } = await leaderBehindProxy(kind);
      await refreshes(1);
      proxy.blackhole();
      const since = stopwatch();
      await until(() => since() > 2_000, { what: 'a silence of 2 s' });
      proxy.restore();
      await refreshes(2);
      expect([leader.isLeader(), story]).to.deep.equal([true, ['it elected']]);
    });

    it(`a leader that was cut off for longer than its lease leads again soon after, with ${kind}`, async () => {
      const { proxy, leader, story } = await leaderBehindProxy(kind);
      proxy.cut();
      await until(() => !leader.isLeader(), { within: 10_000, what: 'the deadline' });
      const since = stopwatch();
      await until(() => since() > 2_000, { what: 'the lease to expire in etcd' });
      proxy.restore();
      const restored = stopwatch();
      await leading(leader, 15_000);
      figure('end of a cut to elected again', restored());
      expect(restored()).to.be.below(8_000);
      expect(story).to.deep.equal(['it elected', 'it unelected: LEASE_EXPIRED', 'it elected']);
    });

    for (const silent of ['requests', 'replies'] as const) {
      it(`a leader heals by itself when its connections lose all ${silent}, with ${kind}`, async () => {
        const { proxy, leader, refreshes } = await leaderBehindProxy(kind);
        proxy.halfOpen(silent, { on: 'existing' });
        const since = stopwatch();
        await refreshes(2);
        figure('half-open connections to the second refresh after', since());
        await leading(leader, 20_000);
        proxy.restore();
      });

      it(`a leader heals by itself when the only connection loses all ${silent}, with ${kind}`, async () => {
        const { proxy, leader, refreshes } = await leaderBehindProxy(kind, cluster().hosts.slice(0, 1));
        proxy.halfOpen(silent, { on: 'existing' });
        const since = stopwatch();
        await refreshes(2);
        figure('half-open connections to the second refresh after', since());
        await leading(leader, 20_000);
        proxy.restore();
      });
    }

    it(`a waiting candidate whose connections have fallen silent is elected all the same, with ${kind}`, async () => {
      const name = uniqueName();
      const proxy = tracked(await TcpProxy.to(cluster().hosts));
      const leader = candidate(cluster().hosts, name, { ttl: TTL });
      const next = candidate(proxy.hosts, name, { ttl: TTL, client: kind });
      await inOrder(leader, next);
      proxy.halfOpen('replies', { on: 'existing' });
      const since = stopwatch();
      await leader.stop();
      await leading(next, 25_000);
      figure('stop() of the leader to elected, the connections of the successor half-open', since());
      proxy.restore();
    });

    it(`elects and keeps a leader with 300 ms of latency each way, with ${kind}`, async () => {
      const name = uniqueName();
      const proxy = tracked(await TcpProxy.to(cluster().hosts));
      proxy.delay(300);
      const a = candidate(proxy.hosts, name, { ttl: TTL, client: kind });
      const b = candidate(proxy.hosts, name, { ttl: TTL, client: kind });
      const story = tell({ a, b });
      const since = stopwatch();
      await queued(a);
      figure('start() to queued with 300 ms each way', since());
      await queued(b);
      let refreshes = 0;
      a.on('refresh', () => refreshes++);
      await until(() => refreshes === 3, { within: 20_000, what: 'three refreshes' });
      await a.stop();
      await leading(b);
      expect(story).to.deep.equal(['a elected', 'a unelected: STOPPED', 'b elected']);
    });
  }

  it('tells that etcd does not answer, and that it answers again', async () => {
    const { proxy, leader } = await leaderBehindProxy('createClient');
    const story = tell({ it: leader }, ['suspended', 'resumed', 'unelected']);
    proxy.cut();
    await until(() => story.length === 1, { within: 10_000, what: 'the suspension' });
    proxy.restore();
    await until(() => story.length === 2, { within: 10_000, what: 'the resumption' });
    expect(story).to.deep.equal(['it suspended: UNAVAILABLE', 'it resumed']);
  });

  it('joins once when the reply to the join is lost', async () => {
    await joinWithLostReply({ cut: true });
  });

  it('joins once when the reply to the join never comes', async () => {
    await joinWithLostReply({ cut: false });
  });

  /** The lease is there already, so that what is lost is the reply to the join itself. */
  async function joinWithLostReply({ cut }: { readonly cut: boolean }): Promise<void> {
    const { Session } = await import('../../lib/index.js');
    const proxy = tracked(await TcpProxy.to(cluster().hosts.slice(0, 1)));
    const operator = openClient(cluster().hosts);
    const session = tracked(new Session(openClient(proxy.hosts), { ttl: 10 }));
    await leading(candidate(session, uniqueName()));
    const name = uniqueName();
    const joining = candidate(session, name, { value: 'it' });
    const story = tell({ it: joining });

    const lost = proxy.loseReplies();
    joining.start();
    const written = async (): Promise<boolean> => (await operator.getAll().prefix(`${name}/`).keys()).length === 1;
    await until(written, { what: 'the join to be carried out' });
    expect(joining.state).to.equal('joining');
    if (cut) lost.cut();
    const term = await leading(joining, 15_000);
    const [only, ...others] = await joining.candidates();
    expect([only?.fencingToken, others]).to.deep.equal([term.fencingToken, []]);
    expect(only?.modRevision).to.equal(only?.fencingToken);
    expect(story).to.deep.equal(['it elected']);
  }
});
