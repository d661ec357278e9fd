import { expect } from 'chai';
import { type Election, Session } from '../../lib/index.js';
import { keysUnder, leases, queue, revoke, withRevoked } from '../support/by-hand.js';
import { candidate, joinInOrder, leading, openClient, queued } from '../support/candidates.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { closedBySpec, tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

describe('a session', () => {
  const cluster = sharedCluster();

  const open = (ttl = 60): Session => tracked(new Session(openClient(cluster().hosts), { ttl }));

  it('carries several elections on one lease', async () => {
    const session = open();
    const terms = await Promise.all([1, 2, 3].map(() => leading(candidate(session, uniqueName()))));
    expect(new Set(terms.map(({ leaseId }) => leaseId)).size).to.equal(1);
    expect(new Set(terms.map(({ key }) => key)).size).to.equal(3);
  });

  it('loses only the key of the election that is stopped', async () => {
    const operator = openClient(cluster().hosts);
    const session = open();
    const [a, b] = [candidate(session, uniqueName()), candidate(session, uniqueName())];
    const story = tell({ a, b });
    const { leaseId } = await leading(a);
    const { key } = await leading(b);
    await a.stop();
    expect(await keysUnder(operator, a.name)).to.deep.equal([]);
    expect(await keysUnder(operator, b.name)).to.deep.equal([key]);
    expect(await leases(cluster().hosts)).to.include(leaseId);
    expect(await b.leadership?.verify()).to.equal(true);
    expect(story).to.deep.equal(['a elected', 'b elected', 'a unelected: STOPPED']);
  });

  it('takes all its elections through unelected and back when its lease is lost', async () => {
    const operator = openClient(cluster().hosts);
    const session = open();
    const [a, b] = [candidate(session, uniqueName()), candidate(session, uniqueName())];
    const waiting = candidate(session, uniqueName(), { value: 'waiting' });
    const stories = [tell({ a }), tell({ b }), tell({ waiting })];
    const before = await leading(a);
    await leading(b);
    const other = candidate(cluster().hosts, waiting.name, { value: 'other' });
    await joinInOrder(other, waiting);
    await revoke(operator, before.leaseId);
    await until(() => stories[0]?.length === 3 && stories[1]?.length === 3, { what: 'both to be elected again' });
    await until(async () => (await queue(other)).join() === 'other,waiting', { what: 'the third to queue again' });
    expect(stories.map(withRevoked)).to.deep.equal([
      ['a elected', 'a unelected: REVOKED', 'a elected'],
      ['b elected', 'b unelected: REVOKED', 'b elected'],
      [],
    ]);
    expect(a.leadership?.leaseId).to.equal(b.leadership?.leaseId);
    expect(a.leadership?.leaseId).not.to.equal(before.leaseId);
  });

  it('takes all its elections through unelected and back when it is cut off for too long', async () => {
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    const session = tracked(new Session(openClient(proxy.hosts), { ttl: 12 }));
    const elections = [1, 2, 3].map(() => candidate(session, uniqueName()));
    const stories = elections.map((it) => tell({ it }));
    for (const election of elections) await leading(election);
    proxy.blackhole();
    await until(() => stories.every((story) => story.length === 2), { what: 'the deadline' });
    expect(elections.map((election) => election.isLeader())).to.deep.equal([false, false, false]);
    proxy.restore();
    for (const election of elections) await leading(election);
    const whole = ['it elected', 'it unelected: LEASE_EXPIRED', 'it elected'];
    expect(stories).to.deep.equal([whole, whole, whole]);
  });

  it('never lets two candidates of one election lead: the second waits until the first has left', async () => {
    const session = open();
    const name = uniqueName();
    const first = candidate(session, name, { value: 'first' });
    const second = candidate(session, name, { value: 'second' });
    const story = tell({ first, second }, ['elected', 'unelected', 'error']);
    const { fencingToken } = await leading(first);
    second.start();
    await until(() => story.length === 2, { what: 'the second to be told' });
    expect([second.state, second.isLeader(), await queue(first)]).to.deep.equal(['joining', false, ['first']]);
    await first.stop();
    const next = await leading(second);
    expect(next.fencingToken > fencingToken).to.equal(true);
    expect(story).to.deep.equal([
      'first elected',
      'second error: INVALID_OPTION',
      'first unelected: STOPPED',
      'second elected',
    ]);
  });

  it('queues behind a session of another client in the same election', async () => {
    const name = uniqueName();
    const [a, b] = [candidate(open(), name, { value: 'a' }), candidate(open(), name, { value: 'b' })];
    await joinInOrder(a, b);
    expect([await queue(a), a.isLeader(), b.isLeader()]).to.deep.equal([['a', 'b'], true, false]);
  });

  it('stops its elections and revokes its lease when it is closed, and lets the next ones lead', async () => {
    const session = closedBySpec(open());
    const mine = [1, 2, 3].map(() => candidate(session, uniqueName()));
    const next: Election[] = [];
    for (const { name } of mine) next.push(candidate(cluster().hosts, name));
    for (const election of mine) await queued(election);
    for (const election of next) await queued(election);
    const leaseId = mine[0]?.leadership?.leaseId;
    const stories = mine.map((it) => tell({ it }));
    await session.close();
    expect(await leases(cluster().hosts)).not.to.include(leaseId);
    expect(stories).to.deep.equal(mine.map(() => ['it unelected: STOPPED']));
    expect(mine.map(({ state }) => state)).to.deep.equal(['idle', 'idle', 'idle']);
    for (const election of next) await leading(election);
  });

  it('joins five hundred elections in no time, each with its own leader and key', async () => {
    const session = open();
    const name = uniqueName();
    const elections = Array.from({ length: 500 }, (_, i) => candidate(session, `${name}/${i}`, { observe: false }));
    for (const election of elections) election.start();
    await until(() => elections.every((e) => e.isLeader()), { what: 'all to lead' });
    const tokens = elections.map(({ leadership }) => leadership?.key);
    expect(new Set(tokens).size).to.equal(500);
    await session.close();
    expect(await keysUnder(openClient(cluster().hosts), name)).to.deep.equal([]);
  });
});
