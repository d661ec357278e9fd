import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import type { Election } from '../../../lib/index.js';
import { compact, queue } from '../../support/by-hand.js';
import { candidate, joinInOrder, leading, openClient } from '../../support/candidates.js';
import { ownCluster } from '../../support/own-cluster.js';
import { TcpProxy } from '../../support/proxy/proxy.js';
import { tell } from '../../support/story.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { pause, until } from '../../support/wait.js';

/** Bytes of all requests up to now. */
function sent(proxy: TcpProxy): number {
  return proxy.connections.reduce((sum, { forwarded }) => sum + forwarded.requests, 0);
}

/** Whether in a second as little is asked as in calm: a refresh and a sign of life are less, ten watches are not. */
async function isCalm(proxy: TcpProxy): Promise<boolean> {
  const before = sent(proxy);
  await pause(1_000);
  return sent(proxy) - before < 1_000;
}

/** On a cluster of our own: somebody else's history is not ours to forget. */
describe('when etcd compacts its history', () => {
  const cluster = ownCluster();

  /** A leader, and a candidate that waits behind the leader and reaches etcd through a proxy. */
  async function scene(): Promise<{
    leader: Election;
    waiting: Election;
    proxy: TcpProxy;
    operator: Etcd3;
    story: string[];
  }> {
    const name = uniqueName();
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    const leader = candidate(cluster().hosts, name, { value: 'leader' });
    const waiting = candidate(proxy.hosts, name, { value: 'waiting' });
    const story = tell({ leader, waiting }, ['elected', 'unelected']);
    await joinInOrder(leader, waiting);
    return { leader, waiting, proxy, operator: openClient(cluster().hosts), story };
  }

  const ENDS = ['leader elected', 'leader unelected: STOPPED', 'waiting elected'];

  it('a waiting candidate keeps its place and is elected', async () => {
    const { leader, waiting, operator, story } = await scene();
    const [, before] = await waiting.candidates();
    await compact(operator);
    await leader.stop();
    const term = await leading(waiting);
    expect([term.fencingToken, story]).to.deep.equal([before?.fencingToken, ENDS]);
  });

  it('a waiting candidate whose watch is cut keeps its place, goes on quietly and is elected later', async () => {
    const { leader, waiting, proxy, operator, story } = await scene();
    const [, before] = await waiting.candidates();
    proxy.cut();
    await compact(operator);
    await compact(operator);
    proxy.restore();
    await until(() => proxy.connections.length > 0, { what: 'the candidate to connect again' });
    await until(() => waiting.leader(), { what: 'it to reach etcd again' });
    await until(() => isCalm(proxy), { what: 'the candidate to go on quietly' });
    await leader.stop();
    const term = await leading(waiting);
    expect([term.fencingToken, story]).to.deep.equal([before?.fencingToken, ENDS]);
  });

  it('a waiting candidate whose watch is cut finds out that the leader has gone meanwhile', async () => {
    const { leader, waiting, proxy, operator, story } = await scene();
    proxy.cut();
    await leader.stop();
    await compact(operator);
    await compact(operator);
    expect(waiting.state).to.equal('waiting');
    proxy.restore();
    await leading(waiting);
    expect(story).to.deep.equal(ENDS);
  });

  it('a waiting candidate whose key is deleted while its watch is cut queues again', async () => {
    const { leader, waiting, proxy, operator } = await scene();
    const [, own] = await leader.candidates();
    proxy.cut();
    await operator.delete().key(own?.key ?? '');
    await compact(operator);
    await compact(operator);
    proxy.restore();
    await until(async () => (await queue(leader)).join() === 'leader,waiting', {
      what: 'the candidate to queue again',
    });
    await until(() => waiting.state === 'waiting', { what: 'it to know' });
  });

  it('a leader whose key is deleted while its watch is cut is told', async () => {
    const name = uniqueName();
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    const operator = openClient(cluster().hosts);
    const leader = candidate(proxy.hosts, name);
    const story = tell({ leader });
    const { key } = await leading(leader);
    proxy.cut();
    await operator.delete().key(key);
    await compact(operator);
    await compact(operator);
    proxy.restore();
    await until(() => story.length === 3, { what: 'it to be told and elected again' });
    expect(story).to.deep.equal(['leader elected', 'leader unelected: KEY_DELETED', 'leader elected']);
  });

  it('an observer whose watch is cut tells who leads now', async () => {
    const { leader, waiting, proxy, operator } = await scene();
    const third = candidate(cluster().hosts, waiting.name, { value: 'third' });
    await joinInOrder(third);
    await until(() => waiting.currentLeader() === 'leader', { what: 'it to know the leader' });
    proxy.cut();
    await leader.proclaim('leader at work');
    await compact(operator);
    await compact(operator);
    proxy.restore();
    await until(() => waiting.currentLeader() === 'leader at work', { what: 'it to know what the leader announces' });
  });
});
