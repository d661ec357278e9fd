import { expect } from 'chai';
import type { Election } from '../../../lib/index.js';
import { queue } from '../../support/by-hand.js';
import { CLIENTS, type ClientKind, candidate, joinInOrder, leading, queued } from '../../support/candidates.js';
import type { MemberProcess } from '../../support/cluster/member.js';
import { figure, stopwatch, times } from '../../support/figures.js';
import { ownCluster } from '../../support/own-cluster.js';
import { tell } from '../../support/story.js';
import { uniqueName } from '../../support/unique-name.js';
import { pause, until } from '../../support/wait.js';

/** Seconds: a busy machine does not use them up while a member is away, and four refreshes come soon enough. */
const TTL = 12;

describe('on a cluster', () => {
  const cluster = ownCluster();

  const followers = async (): Promise<MemberProcess[]> => {
    const leader = await cluster().raftLeader();
    return cluster().members.filter((member) => member !== leader);
  };

  /** Ten leaders, five with either kind of client, and what happens to each. */
  async function tenLeaders(): Promise<{
    leaders: Election[];
    stories: string[][];
    refreshed(times: number): Promise<void>;
  }> {
    const leaders = times(10).map((i) =>
      candidate(cluster().hosts, uniqueName(), { ttl: TTL, client: CLIENTS[i % 2] as ClientKind }),
    );
    const stories = leaders.map((it) => tell({ it }));
    await Promise.all(leaders.map((leader) => leading(leader)));
    const counts = leaders.map(() => 0);
    for (const [i, leader] of leaders.entries()) leader.on('refresh', () => (counts[i] = (counts[i] ?? 0) + 1));
    const refreshed = async (times: number): Promise<void> => {
      counts.fill(0);
      const all = (): boolean => counts.every((count) => count >= times);
      await until(all, { what: `${times} refreshes of every leader` });
    };
    return { leaders, stories, refreshed };
  }

  it('no leader loses its leadership while one member is stopped, 10 of 10', async () => {
    const { leaders, stories, refreshed } = await tenLeaders();
    (await followers())[0]?.pause();
    await refreshed(4);
    expect(stories).to.deep.equal(leaders.map(() => ['it elected']));
    expect(leaders.every((leader) => leader.isLeader())).to.equal(true);
  });

  it('a new candidate is queued though one member is stopped, 10 of 10', async () => {
    (await followers())[0]?.pause();
    const took = await Promise.all(
      times(10).map(async (i) => {
        const options = { ttl: TTL, client: CLIENTS[i % 2] as ClientKind };
        const election = candidate(cluster().hosts, uniqueName(), options);
        const since = stopwatch();
        await queued(election);
        return since();
      }),
    );
    figure('start() to queued with one member stopped', ...took);
  });

  it('no leader loses its leadership when one member is killed, 10 of 10', async () => {
    const { leaders, stories, refreshed } = await tenLeaders();
    await (await followers())[0]?.kill();
    await refreshed(2);
    expect(stories).to.deep.equal(leaders.map(() => ['it elected']));
  });

  it('no leader loses its leadership and the next are elected when the raft leader is killed', async () => {
    const pairs = await Promise.all(
      CLIENTS.map(async (client) => {
        const name = uniqueName();
        const leader = candidate(cluster().hosts, name, { ttl: 15, client });
        const next = candidate(cluster().hosts, name, { ttl: 15, client });
        const story = tell({ leader, next });
        await joinInOrder(leader, next);
        return { leader, next, story };
      }),
    );
    await (await cluster().raftLeader()).kill();
    const since = stopwatch();
    await Promise.all(
      pairs.map(async ({ leader }) => {
        const refreshed = (): Promise<void> => new Promise((resolve) => leader.once('refresh', () => resolve()));
        await refreshed();
        figure('raft leader killed to refreshed', since());
        await refreshed();
      }),
    );
    for (const { leader, next, story } of pairs) {
      await leader.stop();
      await leading(next);
      expect(story).to.deep.equal(['leader elected', 'leader unelected: STOPPED', 'next elected']);
    }
  });

  it('everybody leads in the end, and never two at a time, when the raft leader is stopped', async () => {
    const name = uniqueName();
    const all = times(4).map((i) =>
      candidate(cluster().hosts, name, { ttl: TTL, client: CLIENTS[i % 2] as ClientKind }),
    );
    let most = 0;
    for (const election of all) {
      election.on('elected', () => {
        most = Math.max(most, all.filter((e) => e.isLeader()).length);
      });
    }
    await joinInOrder(...all);
    (await cluster().raftLeader()).pause();
    const since = stopwatch();
    const refreshed = new Promise<void>((resolve) => {
      for (const election of all) election.on('refresh', () => election.isLeader() && resolve());
    });
    await refreshed;
    figure('raft leader stopped to a leader that is refreshed', since());
    for (const _ of all) {
      const current = await until(() => all.find((e) => e.isLeader()), { what: 'the next leader' });
      await current.stop();
    }
    expect(most).to.equal(1);
  });

  it('the leader stays or comes back and the queue is as before when the whole cluster is restarted', async () => {
    const name = uniqueName();
    const [a, b] = CLIENTS.map((client, i) => candidate(cluster().hosts, name, { value: 'ab'[i] ?? '', client }));
    if (a === undefined || b === undefined) throw new Error('two were made');
    const story = tell({ a, b });
    await joinInOrder(a, b);
    await cluster().restart();
    const since = stopwatch();
    await until(async () => (await queue(a)).join() === 'a,b', { what: 'the queue' });
    await leading(a);
    figure('restart of the whole cluster to a leader and its successor in the queue', since());
    await a.stop();
    await leading(b);
    expect(story).to.deep.equal(['a elected', 'a unelected: STOPPED', 'b elected']);
  });

  it('one candidate leads again, and one only, soon after the majority was away longer than the lease', async () => {
    const name = uniqueName();
    const all = times(4).map((i) => candidate(cluster().hosts, name, { ttl: 3, client: CLIENTS[i % 2] as ClientKind }));
    await joinInOrder(...all);
    const [one, other] = cluster().members;
    await Promise.all([one?.kill(), other?.kill()]);
    await until(() => all.every((e) => !e.isLeader()), { what: 'the deadline' });
    await pause(1_500);
    one?.launch();
    other?.launch();
    const since = stopwatch();
    await until(() => all.some((e) => e.isLeader()), { what: 'a leader' });
    figure('two of three members started again to elected', since());
    const inState = (state: string): number => all.filter((e) => e.state === state).length;
    await until(() => inState('leading') === 1 && inState('waiting') === 3, {
      what: 'one leader, and the others behind',
    });
  });
});
