import { expect } from 'chai';
import { record, tell } from './support/story.js';
import { World } from './support/world.js';

describe('stepDown()', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  it('reads nothing to hear who leads now, since joining again tells so', async () => {
    const [leader, next] = [world.candidate('first'), world.candidate('next')];
    await world.queued(leader.election, next.election);
    await world.advance(500);
    const before = leader.store.requests.txn;
    await world.settled(leader.election.stepDown());
    expect(leader.election.currentLeader()).to.equal('next');
    await world.advance(1_000);
    expect(leader.store.requests.txn - before).to.equal(2); // leave, join
  });

  it('goes to the end of the queue and stays a candidate', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => world.candidate(name).election);
    if (!a || !b || !c) throw new Error('three');
    await world.queued(a, b, c);
    const story = tell({ a, b, c });
    await world.settled(a.stepDown());
    expect(a.state).to.equal('waiting');
    await world.advance(10);
    const queue = await world.settled(a.candidates());
    expect(queue.map(({ value }) => value)).to.deep.equal(['b', 'c', 'a']);
    expect(story).to.deep.equal(['a unelected: STEPPED_DOWN', 'b elected']);
  });

  it('elects a candidate again that is alone in the queue, with a greater token', async () => {
    const { election } = world.candidate('a');
    const story = record(election);
    await world.queued(election);
    await world.settled(election.stepDown());
    expect(election.isLeader()).to.equal(true);
    expect(story).to.deep.equal(['elected with token 2', 'unelected: STEPPED_DOWN', 'elected with token 4']);
  });

  it('keeps the lease', async () => {
    const { election, store } = world.candidate('a');
    await world.queued(election);
    const { leaseId } = election.leadership ?? {};
    await world.settled(election.stepDown());
    expect(election.leadership?.leaseId).to.equal(leaseId);
    expect(store.requests).to.include({ grant: 1, revoke: 0 });
  });

  it('rejects with NOT_LEADER whoever does not lead', async () => {
    const [a, b] = [world.candidate('a').election, world.candidate('b').election];
    expect(await world.refusal(a.stepDown())).to.equal('NOT_LEADER');
    await world.queued(a, b);
    expect(await world.refusal(b.stepDown())).to.equal('NOT_LEADER');
    const stopping = a.stop();
    expect(await world.refusal(a.stepDown())).to.equal('NOT_LEADER');
    await world.settled(stopping);
    await world.advance(10);
    expect(b.isLeader()).to.equal(true);
  });

  it('steps down once when it is called twice', async () => {
    const { election } = world.candidate('a');
    const story = record(election);
    await world.queued(election);
    const first = election.stepDown();
    expect(await world.refusal(election.stepDown())).to.equal('NOT_LEADER');
    await world.settled(first);
    expect(story).to.have.length(3);
  });

  it('leaves the candidate stopped when stop() follows it', async () => {
    const { election } = world.candidate('a');
    await world.queued(election);
    const stepping = election.stepDown();
    await world.settled(Promise.all([stepping, election.stop()]));
    await world.advance(1_000);
    expect([election.state, world.etcd.keys()]).to.deep.equal(['idle', []]);
  });

  it('goes to the end also when etcd did not say whether the key was deleted', async () => {
    const [a, b] = [world.candidate('a'), world.candidate('b')];
    await world.queued(a.election, b.election);
    const story = tell({ a: a.election, b: b.election });
    a.store.faults.next('txn', 'lose request');
    await world.settled(a.election.stepDown());
    await world.until(() => b.election.isLeader(), 'the next one leads', 100);
    expect(a.election.state).to.equal('waiting');
    expect(story).to.deep.equal(['a unelected: STEPPED_DOWN', 'b elected']);
  });

  it('is not undone by a deletion that arrives when the candidate leads again', async () => {
    const { election, store } = world.candidate('a', { ttl: 60 });
    const story = record(election, ['elected', 'unelected', 'error']);
    await world.queued(election);
    store.faults.next('txn', { arriveLateBy: 3_000 });
    await world.settled(election.stepDown());
    await world.advance(10_000);
    expect(story).to.deep.equal([
      'elected with token 2',
      'unelected: STEPPED_DOWN',
      'error: UNAVAILABLE',
      'elected with token 4',
    ]);
  });

  it('resolves although the next join fails, and joins all the same', async () => {
    const { election, store } = world.candidate('a');
    await world.queued(election);
    const stepping = election.stepDown();
    store.faults.next(
      'txn',
      'fail',
      (request) => request.kind === 'txn' && request.txn.success.some((op) => op.type === 'put'),
    );
    await world.settled(stepping, 100);
    await world.until(() => election.isLeader(), 'it leads again', 500);
  });
});
