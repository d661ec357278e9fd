import { expect } from 'chai';
import { Election } from '../lib/election.js';
import type { Request } from './support/fake-etcd/faults.js';
import { record } from './support/story.js';
import { World } from './support/world.js';

describe('a key that could not be released at once', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  it('does not stay in the queue of a session that goes on', async () => {
    const { session, store } = world.session('a');
    const election = new Election(session, 'jobs', { value: 'a' });
    const other = world.candidate('b').election;
    await world.queued(election, other);
    store.faults.next('txn', 'lose request');
    await world.settled(election.stop());
    await world.until(() => other.isLeader(), 'the next one leads', 1_000);
    await world.settled(session.close());
    expect([store.open, world.etcd.keys('jobs/').length]).to.deep.equal([[], 1]);
  });

  it('does not stay in the queue when the join that wrote it was not answered', async () => {
    const { session, store } = world.session('a');
    const election = new Election(session, 'jobs', { value: 'a' });
    const other = world.candidate('b').election;
    store.faults.next('txn', 'lose reply');
    election.start();
    await world.advance(10);
    expect(world.etcd.keys('jobs/')).to.have.length(1);
    await world.settled(election.stop());
    await world.queued(other);
    await world.until(() => other.isLeader(), 'the other one leads', 3_000);
  });

  it('does not stay when the join was not answered and the candidate stops before the next attempt', async () => {
    const { session, store } = world.session('a');
    const election = new Election(session, 'jobs', { value: 'a' });
    const other = world.candidate('b').election;
    store.faults.next('txn', 'lose reply');
    store.faults.next('txn', 'fail');
    election.start();
    await world.advance(2_010);
    await world.settled(election.stop());
    await world.queued(other);
    await world.until(() => other.isLeader(), 'the other one leads', 100);
  });

  for (const [when, turns] of [
    ['in the moment in which that is told', 0],
    ['a turn later', 1],
    ['a few turns later', 3],
  ] as const) {
    it(`does not stay when the join was not answered and the candidate stops ${when}`, async () => {
      const { session, store } = world.session('a');
      const election = new Election(session, 'jobs', { value: 'a' });
      const other = world.candidate('b').election;
      let stopped: Promise<void> | undefined;
      election.once('error', async () => {
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        stopped = election.stop();
      });
      store.faults.next('txn', 'lose reply');
      election.start();
      await world.until(() => stopped !== undefined, 'the error is told', 3_000);
      await world.settled(stopped ?? Promise.reject(new Error('not stopped')));
      expect(world.etcd.keys('jobs/')).to.deep.equal([]);
      await world.queued(other);
      expect(other.isLeader()).to.equal(true);
    });
  }

  it('is gone before its candidate leads again: every term has a token of its own', async () => {
    const { election, store } = world.candidate('a');
    const story = record(election);
    await world.queued(election);
    store.faults.next('txn', 'lose request');
    await world.settled(election.stepDown());
    await world.until(() => election.isLeader(), 'it leads again', 3_000);
    expect(story).to.deep.equal(['elected with token 2', 'unelected: STEPPED_DOWN', 'elected with token 4']);
  });

  it('is left to the end of its lease when the session has given the lease up', async () => {
    const { session, store, clock } = world.session('a');
    const election = new Election(session, 'jobs', { value: 'a' });
    await world.queued(election);
    store.faults.txn = 'fail';
    await world.settled(election.stop());
    await world.settled(session.close());
    await world.advance(100);
    expect([store.open, clock.timers, world.etcd.keys('jobs/')]).to.deep.equal([[], [], []]);
  });

  it('does not come back with a join that is carried out a second time', async () => {
    const { session, store } = world.session('a');
    const election = new Election(session, 'jobs', { value: 'a' });
    const other = world.candidate('b').election;
    store.faults.next('txn', { repeatAfter: 5_000 });
    await world.queued(election, other);
    await world.settled(election.stop());
    await world.settled(other.stop());
    await world.advance(5_100);
    expect(world.etcd.keys('jobs/')).to.deep.equal([]);
    await world.advance(10_000);
    expect(store.open.filter((what) => what.startsWith('watch'))).to.deep.equal([]);
  });

  it('is not taken up by another candidate of the session while it is being deleted', async () => {
    const { session, store } = world.session('a');
    const election = new Election(session, 'jobs', { value: 'a', releaseTimeout: 0 });
    await world.queued(election);
    store.faults.next('txn', 'hang', isDeletion);
    await world.settled(election.stop());
    const key = world.etcd.oldest('jobs/');
    const next = new Election(session, 'jobs', { value: 'b' });
    const story = record(next);
    next.start();
    await world.until(() => next.isLeader(), 'the other one leads', 1_000);
    expect(Number(next.leadership?.fencingToken)).to.be.greaterThan(Number(key?.createRevision));
    await world.advance(20_000);
    expect(story).to.have.length(1);
  });

  it('is not taken up when a join carried out a second time has brought it back and it is being deleted', async () => {
    const { session, store } = world.session('a');
    const election = new Election(session, 'jobs', { value: 'a' });
    store.faults.next('txn', { repeatAfter: 5_000 });
    await world.queued(election);
    await world.settled(election.stop());
    store.faults.next('txn', 'lose request', isDeletion);
    await world.until(() => world.etcd.oldest('jobs/') !== undefined, 'the key comes back', 6_000);
    await world.advance(10);
    expect(store.faults.unused).to.equal(0);
    const next = new Election(session, 'jobs', { value: 'b' });
    const story = record(next);
    next.start();
    await world.until(() => next.isLeader(), 'the other one leads', 10_000);
    await world.advance(20_000);
    expect(story).to.have.length(1);
  });
});

function isDeletion(request: Request): boolean {
  return request.kind === 'txn' && request.txn.success.some(({ type }) => type === 'delete');
}
