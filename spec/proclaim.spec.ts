import { expect } from 'chai';
import { record } from './support/story.js';
import { World } from './support/world.js';

describe('proclaim()', () => {
  let world: World;
  let a: ReturnType<World['candidate']>;
  let b: ReturnType<World['candidate']>;

  beforeEach(async () => {
    world = new World();
    [a, b] = [world.candidate('a'), world.candidate('b')];
    await world.queued(a.election, b.election);
  });

  it('changes the value, and neither the place, the lease nor the token', async () => {
    const story = record(a.election);
    const { leadership } = a.election;
    const before = await world.settled(a.election.leader());
    await world.settled(a.election.proclaim('new'));
    const after = await world.settled(a.election.leader());
    expect(after).to.include({ value: 'new', leaseId: before?.leaseId, fencingToken: before?.fencingToken });
    expect((after?.modRevision ?? 0n) > (before?.modRevision ?? 0n)).to.equal(true);
    expect(leadership?.value).to.equal('new');
    expect([a.election.leadership === leadership, story]).to.deep.equal([true, []]);
  });

  it('is heard by the leader itself and by its followers', async () => {
    const stories = [a, b].map(({ election }) => record(election, ['leader']));
    await world.settled(a.election.proclaim('new'));
    await world.advance(10);
    expect(stories).to.deep.equal([['leader: new'], ['leader: new']]);
    expect([a.election.currentLeader(), b.election.currentLeader()]).to.deep.equal(['new', 'new']);
  });

  it('is heard when a candidate that proclaimed while it waited is elected', async () => {
    const story = record(b.election, ['leader']);
    await world.settled(b.election.proclaim('b2'));
    await world.advance(10);
    expect(story).to.deep.equal([]);
    await world.settled(a.election.stop());
    await world.advance(10);
    expect(story).to.deep.equal(['leader: b2']);
    expect(b.election.leadership?.value).to.equal('b2');
  });

  it('holds when a waiting candidate is elected before the answer comes', async () => {
    const stories = [a, b].map(({ election }) => record(election, ['leader']));
    b.store.faults.next('txn', { lateBy: 200 });
    const proclaiming = b.election.proclaim('b2');
    await world.advance(5);
    await world.settled(a.election.stepDown());
    await world.until(() => b.election.isLeader(), 'b leads', 50);
    await world.settled(proclaiming);
    await world.advance(100);
    expect(b.election.leadership?.value).to.equal('b2');
    expect(b.election.currentLeader()).to.equal('b2');
    expect(stories.map((lines) => lines.at(-1))).to.deep.equal(['leader: b2', 'leader: b2']);
  });

  it('holds in later terms', async () => {
    await world.settled(a.election.proclaim('new'));
    await world.settled(b.election.stop());
    await world.settled(a.election.stepDown());
    expect(a.election.leadership?.value).to.equal('new');
    world.etcd.revoke(world.etcd.leases()[0]?.id ?? 0n);
    await world.advance(500);
    expect((await world.settled(a.election.leader()))?.value).to.equal('new');
  });

  it('takes bytes', async () => {
    const bytes = Buffer.from([0, 255, 128]);
    await world.settled(a.election.proclaim(bytes));
    expect((await world.settled(a.election.leader()))?.bytes).to.deep.equal(bytes);
  });

  it('rejects with NOT_CANDIDATE outside the queue', async () => {
    const { election } = world.candidate('c');
    expect(await world.refusal(election.proclaim('x'))).to.equal('NOT_CANDIDATE');
    election.start();
    expect(await world.refusal(election.proclaim('x'))).to.equal('NOT_CANDIDATE');
    await world.queued(election);
    const stopping = election.stop();
    expect(await world.refusal(election.proclaim('x'))).to.equal('NOT_CANDIDATE');
    await world.settled(stopping);
  });

  it('rejects with NOT_CANDIDATE when its key is gone, writes nothing, and keeps the old value', async () => {
    a.store.silenceStreams('watch');
    const key = a.election.leadership?.key ?? '';
    world.etcd.delete(key);
    expect(await world.refusal(a.election.proclaim('new'))).to.equal('NOT_CANDIDATE');
    expect([world.etcd.get(key), a.election.leadership?.value]).to.deep.equal([undefined, 'a']);
  });

  it('rejects with UNAVAILABLE when etcd does not answer, and may be called again', async () => {
    a.store.faults.next('txn', 'lose request');
    expect(await world.refusal(a.election.proclaim('new'))).to.equal('UNAVAILABLE');
    await world.settled(a.election.proclaim('newer'));
    expect(a.election.leadership?.value).to.equal('newer');
  });
});
