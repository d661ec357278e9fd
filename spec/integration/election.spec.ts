import { hostname } from 'node:os';
import { expect } from 'chai';
import { Etcd3 } from 'etcd3';
import { Election } from '../../lib/index.js';
import { queue } from '../support/by-hand.js';
import { candidate, joinInOrder, leading, openClient, queued } from '../support/candidates.js';
import { figure, stopwatch, times } from '../support/figures.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { BUSY, until } from '../support/wait.js';

describe('an election', () => {
  const cluster = sharedCluster();

  it('makes a single candidate the leader, with its key, its value and its lease in etcd', async () => {
    const name = uniqueName();
    const only = candidate(cluster().hosts, name, { value: 'only' });
    const term = await leading(only);
    const [first, ...others] = await only.candidates();
    expect(others).to.deep.equal([]);
    expect(first).to.deep.include({ key: `${name}/${term.leaseId}`, value: 'only', leaseId: term.leaseId });
    expect(first?.fencingToken).to.equal(term.fencingToken);
    expect([only.state, only.isLeader(), only.isRunning(), only.currentLeader()]).to.deep.equal([
      'leading',
      true,
      true,
      'only',
    ]);
  });

  it('announces the host and the process unless told otherwise', async () => {
    const election = candidate(cluster().hosts, uniqueName());
    await leading(election);
    expect((await election.leader())?.value).to.equal(`${hostname()}:${process.pid}`);
  });

  it('elects candidates in the order in which they queued', async () => {
    const name = uniqueName();
    const join = (): Election => candidate(cluster().hosts, name);
    const [a, b, c, d] = [join(), join(), join(), join()];
    const story = tell({ a, b, c, d });
    await joinInOrder(c, a, d, b);
    for (const [leader, next] of [
      [c, a],
      [a, d],
      [d, b],
    ] as const) {
      await leader.stop();
      await leading(next);
    }
    expect(story).to.deep.equal([
      'c elected',
      'c unelected: STOPPED',
      'a elected',
      'a unelected: STOPPED',
      'd elected',
      'd unelected: STOPPED',
      'b elected',
    ]);
  });

  it('skips a waiting candidate that has left, and elects the one behind it', async () => {
    const name = uniqueName();
    const join = (): Election => candidate(cluster().hosts, name);
    const [a, b, c] = [join(), join(), join()];
    const story = tell({ a, b, c });
    await joinInOrder(a, b, c);
    await b.stop();
    await a.stop();
    await leading(c);
    expect(story).to.deep.equal(['a elected', 'a unelected: STOPPED', 'c elected']);
  });

  it('elects the successor at once when the leader stops', async () => {
    const name = uniqueName();
    const [a, b] = [candidate(cluster().hosts, name), candidate(cluster().hosts, name)];
    const took: number[] = [];
    await joinInOrder(a, b);
    for (const i of times(10)) {
      const [leader, next] = i % 2 === 0 ? [a, b] : [b, a];
      const elected = new Promise<void>((resolve) => next.once('elected', () => resolve()));
      const since = stopwatch();
      const stopped = leader.stop();
      await elected;
      took.push(since());
      await stopped;
      await queued(leader);
    }
    figure('stop() of the leader to elected', ...took);
    expect(Math.max(...took)).to.be.below(2_000 + BUSY);
  });

  it('lets followers hear who leads, and a newcomer too', async () => {
    const name = uniqueName();
    const a = candidate(cluster().hosts, name, { value: 'a' });
    const b = candidate(cluster().hosts, name, { value: 'b' });
    const c = candidate(cluster().hosts, name, { value: 'c' });
    const story = tell({ a, b, c }, ['leader']);
    await joinInOrder(a, b);
    await until(() => a.currentLeader() === 'a' && b.currentLeader() === 'a', { what: 'both to know a' });
    await a.stop();
    await until(() => b.currentLeader() === 'b', { what: 'b to know b' });
    await queued(c);
    await until(() => c.currentLeader() === 'b', { what: 'c to know b' });
    const heard = story.filter((line) => line !== 'a leader: b'); // `a` may hear of that while it is leaving
    expect(heard.sort()).to.deep.equal(['a leader: a', 'b leader: a', 'b leader: b', 'c leader: b']);
    expect(a.currentLeader()).to.equal(undefined);
  });

  it('is not blocked by an election nested under it, nor blocks that', async () => {
    const outer = uniqueName();
    const inner = `${outer}/a`;
    const join = (name: string): Election => candidate(cluster().hosts, name);
    const [outer1, inner1, outer2, inner2] = [join(outer), join(inner), join(outer), join(inner)];
    const story = tell({ outer1, inner1, outer2, inner2 });
    await queued(inner1); // its key is the oldest of all under the outer name
    await leading(outer1);
    await joinInOrder(inner2, outer2);
    await outer1.stop();
    await leading(outer2); // the key created just before its own is a nested one
    expect(inner1.isLeader()).to.equal(true);
    await inner1.stop();
    await leading(inner2);
    expect(story).to.deep.equal([
      'inner1 elected',
      'outer1 elected',
      'outer1 unelected: STOPPED',
      'outer2 elected',
      'inner1 unelected: STOPPED',
      'inner2 elected',
    ]);
  });

  it('takes names and values of any characters', async () => {
    const name = `${uniqueName()}/Ünïcode · 名前 \u0000 %`;
    const value = Buffer.from([0, 255, 128, 47]);
    const a = candidate(cluster().hosts, name, { value });
    const b = candidate(cluster().hosts, name);
    await joinInOrder(a, b);
    expect((await b.leader())?.bytes).to.deep.equal(value);
    await a.stop();
    await leading(b);
  });

  it('elects fifty candidates one after another, in order, with tokens that grow', async () => {
    const name = uniqueName();
    const clients = times(5).map(() => openClient(cluster().hosts));
    const all = times(50).map((i) =>
      tracked(new Election(clients[i % 5] as (typeof clients)[number], name, { value: String(i), observe: false })),
    );
    const terms: { value: string; token: bigint }[] = [];
    let leaders = 0;
    let mostLeaders = 0;
    for (const election of all) {
      election.on('elected', (term) => {
        terms.push({ value: term.value, token: term.fencingToken });
        mostLeaders = Math.max(mostLeaders, ++leaders);
        void election.stop();
      });
      election.on('unelected', () => leaders--);
    }
    const guard = candidate(cluster().hosts, name, { value: 'guard' });
    await leading(guard); // holds the rest back until everybody has queued
    await Promise.all(all.map((election) => queued(election)));
    const [head, ...waiting] = await queue(guard);
    expect([head, waiting.length]).to.deep.equal(['guard', 50]);

    const since = stopwatch();
    await guard.stop();
    await until(() => terms.length === 50, { what: 'the last to be elected' });
    figure('fifty terms one after another', since());
    expect(terms.map(({ value }) => value)).to.deep.equal(waiting);
    for (const [i, { token }] of terms.entries()) if (i > 0) expect(token > (terms[i - 1]?.token ?? 0n)).to.equal(true);
    expect(mostLeaders).to.equal(1);
  });

  it('knows who leads though the nested elections under it are larger than an answer may be', async () => {
    const name = uniqueName();
    const client = openClient(cluster().hosts);
    for (let n = 0; n < 6; n++) await client.put(`${name}/nested/${n}`).value(Buffer.alloc(10_000));
    await leading(candidate(client, name, { value: 'leader' }));
    const grpcOptions = { 'grpc.max_receive_message_length': 50_000 };
    const narrow = new Etcd3({ hosts: [...cluster().hosts], grpcOptions });
    tracked({ close: () => narrow.close() });
    expect((await new Election(narrow, name).leader())?.value).to.equal('leader');
  });
});
