import { expect } from 'chai';
import { type Candidate, Election } from '../../lib/index.js';
import { revoke } from '../support/by-hand.js';
import { candidate, joinInOrder, leading, openClient } from '../support/candidates.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** Writes down who leads, as `observe()` tells, until the returned function is called. */
function follow(election: Election): { readonly story: string[]; end(): Promise<void> } {
  const abort = new AbortController();
  const story: string[] = [];
  const following = (async () => {
    for await (const leader of election.observe({ signal: abort.signal })) story.push(leader?.value ?? 'nobody');
  })();
  return tracked({
    story,
    end: async () => {
      abort.abort();
      await following;
    },
    [Symbol.asyncDispose]: async () => {
      abort.abort();
      await following;
    },
  });
}

describe('who leads', () => {
  const cluster = sharedCluster();

  it('is told by leader() and candidates() without being a candidate', async () => {
    const name = uniqueName();
    const onlooker = candidate(cluster().hosts, name);
    expect([await onlooker.leader(), await onlooker.candidates()]).to.deep.equal([undefined, []]);

    const a = candidate(cluster().hosts, name, { value: 'a' });
    const b = candidate(cluster().hosts, name, { value: 'b' });
    await joinInOrder(a, b);
    const term = await leading(a);
    const seen = (await onlooker.leader()) as Candidate;
    expect(seen).to.deep.equal({
      key: term.key,
      value: 'a',
      bytes: Buffer.from('a'),
      leaseId: term.leaseId,
      fencingToken: term.fencingToken,
      modRevision: term.fencingToken,
      blocks: false,
      isOurs: true,
    });
    expect((await onlooker.candidates()).map(({ value }) => value)).to.deep.equal(['a', 'b']);
    expect(onlooker.state).to.equal('idle');
  });

  it('is observed from the start: nobody, each leader in turn, nobody again', async () => {
    const name = uniqueName();
    const observer = follow(candidate(cluster().hosts, name));
    const heard = (count: number): Promise<unknown> =>
      until(() => observer.story.length === count, { what: `${count} changes` });
    await heard(1);
    const a = candidate(cluster().hosts, name, { value: 'a' });
    const b = candidate(cluster().hosts, name, { value: 'b' });
    await joinInOrder(a, b);
    await heard(2);
    await a.stop();
    await heard(3);
    await b.stop();
    await heard(4);
    expect(observer.story).to.deep.equal(['nobody', 'a', 'b', 'nobody']);
  });

  it('is observed also when the next leader announces the same value', async () => {
    const name = uniqueName();
    const observer = follow(candidate(cluster().hosts, name));
    const a = candidate(cluster().hosts, name, { value: 'same' });
    const b = candidate(cluster().hosts, name, { value: 'same' });
    const story = tell({ b }, ['leader']);
    await joinInOrder(a, b);
    await until(() => observer.story.at(-1) === 'same', { what: 'the first' });
    const before = observer.story.length;
    await a.stop();
    await until(() => observer.story.length === before + 1, { what: 'the second' });
    await until(() => story.length === 2, { what: 'b to hear of itself' });
    expect(story).to.deep.equal(['b leader: same', 'b leader: same']);
  });

  it('is observed, and told to followers, when the leader proclaims another value', async () => {
    const name = uniqueName();
    const a = candidate(cluster().hosts, name, { value: 'a' });
    const b = candidate(cluster().hosts, name, { value: 'b' });
    const story = tell({ b }, ['leader']);
    await joinInOrder(a, b);
    const observer = follow(b);
    await until(() => observer.story.length === 1, { what: 'the first' });
    const { fencingToken } = await leading(a);
    await a.proclaim('a at work');
    await until(() => observer.story.length === 2 && b.currentLeader() === 'a at work', { what: 'the proclamation' });
    expect(observer.story).to.deep.equal(['a', 'a at work']);
    expect(story).to.deep.equal(['b leader: a', 'b leader: a at work']);
    const leader = await b.leader();
    expect([leader?.value, leader?.fencingToken]).to.deep.equal(['a at work', fencingToken]);
    expect(a.leadership?.value).to.equal('a at work');
  });

  it('is announced with the proclaimed value in later terms too, also when it waited as it proclaimed', async () => {
    const name = uniqueName();
    const a = candidate(cluster().hosts, name, { value: 'a' });
    const b = candidate(cluster().hosts, name, { value: 'b' });
    await joinInOrder(a, b);
    await b.proclaim('b2');
    await a.stop();
    expect((await leading(b)).value).to.equal('b2');
    await b.stepDown();
    expect((await leading(b)).value).to.equal('b2');
    await b.stop();
    const code = await b.proclaim('b3').catch((err: { code: string }) => err.code);
    expect(code).to.equal('NOT_CANDIDATE');
  });

  it('is observed across a cut: what changed meanwhile is told afterwards', async () => {
    const name = uniqueName();
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    const observer = follow(candidate(proxy.hosts, name));
    const a = candidate(cluster().hosts, name, { value: 'a' });
    const b = candidate(cluster().hosts, name, { value: 'b' });
    await joinInOrder(a, b);
    await until(() => observer.story.at(-1) === 'a', { what: 'a' });
    proxy.cut();
    await a.stop();
    await leading(b);
    proxy.restore();
    await until(() => observer.story.at(-1) === 'b', { what: 'b' });
  });

  it('is observed when the leader loses its lease', async () => {
    const name = uniqueName();
    const operator = openClient(cluster().hosts);
    const observer = follow(candidate(cluster().hosts, name));
    const a = candidate(cluster().hosts, name, { value: 'a' });
    const b = candidate(cluster().hosts, name, { value: 'b' });
    await joinInOrder(a, b);
    await until(() => observer.story.at(-1) === 'a', { what: 'a' });
    await revoke(operator, (await leading(a)).leaseId);
    await until(() => observer.story.at(-1) === 'b', { what: 'b' });
    await b.stop();
    await until(() => observer.story.at(-1) === 'a', { what: 'a again' });
  });

  it('is never the one behind in a batch of keys written in one transaction', async () => {
    const name = uniqueName();
    const client = openClient(cluster().hosts);
    const observer = follow(new Election(client, name));
    await until(() => observer.story.length === 1, { what: 'the start' });
    const leases = ['0', '0'].map((ID) => client.leaseClient.leaseGrant({ ID, TTL: 60 }));
    const [a = '', b = ''] = (await Promise.all(leases)).map(({ ID }) => ID);
    const own = (lease: string): string => `${name}/${BigInt(lease).toString(16)}`;
    await client
      .if('never-there', 'Create', '==', 0)
      .then(
        client.put(own(b)).value('b').lease(b),
        client.put(own(a)).value('a').lease(a),
        client.put(`${own(a)}/x`).value('x'),
      )
      .commit();
    await until(() => observer.story.length > 1, { what: 'the change' });
    const first = (await candidate(client, name).leader())?.value;
    await until(() => observer.story.at(-1) === first, { what: 'the head of the queue' });
    await client.delete().prefix(`${name}/`);
    await until(() => observer.story.at(-1) === 'nobody', { what: 'nobody' });
    expect(observer.story).to.deep.equal(['nobody', first, 'nobody']);
  });
});
