import { expect } from 'chai';
import type { Election } from '../../lib/index.js';
import { CLIENTS, type ClientKind, candidate, joinInOrder, leading, queued } from '../support/candidates.js';
import { figure, stopwatch } from '../support/figures.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { pause, until } from '../support/wait.js';

/** Seconds: what is broken for seconds does not use them up, on a busy machine neither. */
const TTL = 12;

interface Behind {
  readonly proxy: TcpProxy;
  readonly leader: Election;
  readonly story: readonly string[];
  refreshed(times: number): Promise<unknown>;
}

describe('on a bad network', () => {
  const cluster = sharedCluster();

  /** A leader that reaches etcd through a proxy of its own. */
  async function leaderBehindProxy(
    client: ClientKind,
    { hosts = cluster().hosts, ttl = TTL }: { readonly hosts?: readonly string[]; readonly ttl?: number } = {},
  ): Promise<Behind> {
    const proxy = tracked(await TcpProxy.to(hosts));
    const leader = candidate(proxy.hosts, uniqueName(), { ttl, client });
    const story = tell({ it: leader });
    await leading(leader);
    let seen = 0;
    leader.on('refresh', () => seen++);
    const refreshed = async (times: number): Promise<unknown> => {
      const goal = seen + times;
      return await until(() => seen >= goal, { what: `${times} refreshes` });
    };
    return { proxy, leader, story, refreshed };
  }

  const withEveryClient = async (run: (kind: ClientKind) => Promise<void>): Promise<void> => {
    await Promise.all(CLIENTS.map(run));
  };

  it('a leader stays leader while its connections are cut for a moment', async () => {
    await withEveryClient(async (kind) => {
      const { proxy, leader, story, refreshed } = await leaderBehindProxy(kind);
      await refreshed(1);
      proxy.cut();
      await pause(1_500);
      proxy.restore();
      await refreshed(1);
      expect([leader.isLeader(), story]).to.deep.equal([true, ['it elected']]);
    });
  });

  it('a leader stays leader while its connections are silent for a moment', async () => {
    await withEveryClient(async (kind) => {
      const { proxy, leader, story, refreshed } = await leaderBehindProxy(kind);
      await refreshed(1);
      proxy.blackhole();
      await pause(2_500);
      proxy.restore();
      await refreshed(1);
      expect([leader.isLeader(), story]).to.deep.equal([true, ['it elected']]);
    });
  });

  it('a leader that was cut off for longer than its lease leads again soon after', async () => {
    await withEveryClient(async (kind) => {
      const { proxy, leader, story } = await leaderBehindProxy(kind, { ttl: 3 });
      proxy.cut();
      await until(() => !leader.isLeader(), { what: 'the deadline' });
      await pause(1_300); // now the lease is gone in etcd, too
      proxy.restore();
      const since = stopwatch();
      await leading(leader);
      figure(`end of a long cut to elected again, with ${kind}`, since());
      expect(story).to.deep.equal(['it elected', 'it unelected: LEASE_EXPIRED', 'it elected']);
    });
  });

  for (const silent of ['requests', 'replies'] as const) {
    it(`a leader heals by itself when its open connections lose the ${silent}`, async () => {
      const heal = async (kind: ClientKind, hosts: readonly string[]): Promise<void> => {
        const { proxy, leader, refreshed } = await leaderBehindProxy(kind, { hosts });
        proxy.halfOpen(silent, { on: 'existing' });
        const since = stopwatch();
        await refreshed(1);
        await leading(leader);
        figure(`connections to ${hosts.length} half-open to leading and refreshed, with ${kind}`, since());
        proxy.restore();
      };
      await withEveryClient(async (kind) => {
        await Promise.all([heal(kind, cluster().hosts), heal(kind, cluster().hosts.slice(0, 1))]);
      });
    });
  }

  it('a waiting candidate whose open connections have fallen silent is elected all the same', async () => {
    await withEveryClient(async (kind) => {
      const name = uniqueName();
      const proxy = tracked(await TcpProxy.to(cluster().hosts));
      const leader = candidate(cluster().hosts, name);
      const next = candidate(proxy.hosts, name, { ttl: TTL, client: kind });
      await joinInOrder(leader, next);
      proxy.blackhole({ on: 'existing' });
      const since = stopwatch();
      await leader.stop();
      await leading(next);
      figure(`stop() to elected, the successor's connections half-open, with ${kind}`, since());
      proxy.restore();
    });
  });

  it('candidates are elected, and stay leaders, with 300 ms of latency each way', async () => {
    await withEveryClient(async (kind) => {
      const name = uniqueName();
      const proxy = tracked(await TcpProxy.to(cluster().hosts));
      const a = candidate(proxy.hosts, name, { ttl: TTL, client: kind });
      const b = candidate(proxy.hosts, name, { ttl: TTL, client: kind });
      const story = tell({ a, b });
      let refreshes = 0;
      a.on('refresh', () => refreshes++);
      proxy.delay(300);
      const since = stopwatch();
      await queued(a);
      figure(`start() to elected with 300 ms each way, with ${kind}`, since());
      await queued(b);
      await until(() => refreshes >= 2, { what: 'two refreshes' });
      await a.stop();
      await leading(b);
      expect(story).to.deep.equal(['a elected', 'a unelected: STOPPED', 'b elected']);
      proxy.restore();
    });
  });

  it('a candidate is told that etcd does not answer, and that it answers again', async () => {
    const { proxy, leader } = await leaderBehindProxy('createClient');
    const story = tell({ it: leader }, ['suspended', 'resumed', 'unelected']);
    proxy.cut();
    await until(() => story.length === 1, { what: 'the suspension' });
    proxy.restore();
    await until(() => story.length === 2, { what: 'the resumption' });
    expect(story).to.deep.equal(['it suspended: UNAVAILABLE', 'it resumed']);
  });
});
