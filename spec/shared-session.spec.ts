import { expect } from 'chai';
import { Election } from '../lib/election.js';
import type { Session } from '../lib/session.js';
import { record, tell } from './support/story.js';
import { type Process, World } from './support/world.js';

describe('elections that share a session', () => {
  let world: World;
  let process: Process;
  let session: Session;
  let one: Election;
  let two: Election;

  beforeEach(async () => {
    world = new World();
    ({ session, ...process } = world.session('s'));
    one = new Election(session, 'one', { value: 's' });
    two = new Election(session, 'two', { value: 's' });
  });
  const names = (): string[] => world.etcd.keys().map(({ key }) => key.split('/')[0] ?? '');

  it('use one lease, one stream of refreshes and one stream of watches', async () => {
    await world.queued(one, two);
    expect(one.leadership?.leaseId).to.equal(two.leadership?.leaseId);
    await world.advance(3_400);
    expect(process.store.requests).to.include({ grant: 1, keepAliveStream: 1, keepAlive: 1, watchStream: 1 });
  });

  it('lose only their own key when they stop', async () => {
    await world.queued(one, two);
    const story = record(two);
    await world.settled(one.stop());
    expect(names()).to.deep.equal(['two']);
    expect(world.etcd.leases()).to.have.length(1);
    await world.advance(30_000);
    expect([two.isLeader(), story]).to.deep.equal([true, []]);
  });

  for (const fault of ['hang', 'lose reply'] as const) {
    it(`do not take the key of one for that of another whose join was given up: ${fault}`, async () => {
      const hasty = new Election(session, 'one', { value: 'hasty', releaseTimeout: 0 });
      const next = new Election(session, 'one', { value: 'next' });
      await world.queued(two); // the session has a lease
      process.store.faults.next('txn', fault);
      hasty.start();
      next.start();
      await world.advance(1);
      await world.settled(hasty.stop());
      await world.until(() => next.isLeader(), 'the next one leads');
      const story = record(next);
      await world.advance(30_000);
      expect([story, next.isLeader(), names().sort()]).to.deep.equal([[], true, ['one', 'two']]);
    });
  }

  it('keep their lease for the next one after the last of them has stopped', async () => {
    await world.queued(one);
    const { leaseId } = one.leadership ?? {};
    await world.settled(one.stop());
    await world.advance(30_000);
    await world.queued(two);
    expect(two.leadership?.leaseId).to.equal(leaseId);
    expect(process.store.requests.grant).to.equal(1);
  });

  it('all lose their leadership with the lease, and all come back with another lease', async () => {
    await world.queued(one, two);
    const story = tell({ one, two }, ['elected', 'unelected', 'error']);
    const before = one.leadership?.leaseId;
    world.etcd.revoke(world.etcd.leases()[0]?.id ?? 0n);
    await world.until(() => one.isLeader() && two.isLeader() && story.length >= 4, 'both lead again', 500);
    expect(story.slice(0, 2)).to.deep.equal(['one unelected: LEASE_LOST', 'two unelected: LEASE_LOST']);
    expect(story.slice(2).sort()).to.deep.equal(['one elected', 'two elected']);
    expect(one.leadership?.leaseId).to.equal(two.leadership?.leaseId).and.not.to.equal(before);
    expect(names().sort()).to.deep.equal(['one', 'two']);
  });

  it('all lose their leadership at the same deadline', async () => {
    await world.queued(one, two);
    const story = tell({ one, two });
    process.store.faults.keepAlive = 'hang';
    await world.runUntil(7_499);
    expect(story).to.deep.equal([]);
    await world.runUntil(7_500);
    expect(story).to.deep.equal(['one unelected: LEASE_EXPIRED', 'two unelected: LEASE_EXPIRED']);
  });

  it('hear of every refresh', async () => {
    await world.queued(one, two);
    const heard: string[] = [];
    one.on('refresh', ({ roundTrip, expiresIn }) => heard.push(`one ${roundTrip} ${Math.round(expiresIn)}`));
    two.on('refresh', ({ roundTrip, expiresIn }) => heard.push(`two ${roundTrip} ${Math.round(expiresIn)}`));
    await world.advance(3_400);
    expect(heard).to.deep.equal(['one 2 7498', 'two 2 7498']);
  });

  it('can be a thousand, which idle at one request every third of the TTL', async () => {
    const many = Array.from({ length: 1_000 }, (_, n) => new Election(session, `many/${n}`).start());
    await world.until(() => many.every((election) => election.isLeader()), 'all lead');
    expect(process.store.requests.txn, 'they join together').to.be.lessThan(60);
    await world.advance(1_000);
    const before = { ...process.store.requests };
    await world.advance(30_000);
    const after = process.store.requests;
    expect(after.keepAlive - before.keepAlive).to.equal(9);
    expect(after.txn - before.txn + after.watch - before.watch + after.grant - before.grant).to.equal(0);
    expect(after.ping - before.ping, 'the stream of watches is asked for a sign of life').to.be.within(3, 10);
    const stopping = session.close();
    await world.settled(stopping);
    expect(names()).to.deep.equal([]);
  });

  it('do not let a second candidate join the same election until the first has left', async () => {
    const second = new Election(session, 'one', { value: 'second' });
    const third = new Election(session, 'one', { value: 'third' });
    await world.queued(one);
    const story = tell({ one, second, third }, ['elected', 'unelected', 'error']);
    second.start();
    third.start();
    await world.advance(10_000);
    expect(story).to.deep.equal(['second error: INVALID_OPTION', 'third error: INVALID_OPTION']);
    expect([one.isLeader(), second.state, third.state]).to.deep.equal([true, 'joining', 'joining']);
    await world.settled(one.stop());
    await world.until(() => second.isLeader(), 'the second leads', 50);
    expect(world.etcd.keys('one/').map(({ value }) => value.toString())).to.deep.equal(['second']);
    expect(third.state).to.equal('joining');
    await world.settled(second.stop());
    await world.until(() => third.isLeader(), 'the third leads', 50);
    expect(story.slice(2)).to.deep.equal([
      'one unelected: STOPPED',
      'second elected',
      'second unelected: STOPPED',
      'third elected',
    ]);
  });

  it('can be started again by a listener while the next candidate takes over the place in the session', async () => {
    const next = new Election(session, 'one', { value: 'next' });
    await world.queued(one);
    next.start();
    await world.advance(1);
    process.store.faults.keepAlive = 'hang';
    await world.advance(5_100); // suspended; a candidate that comes now is told
    let isRestarted = false;
    next.once('suspended', () => {
      isRestarted = true;
      one.start();
    });
    await world.settled(one.stop());
    process.store.faults.keepAlive = 'ok';
    expect([isRestarted, one.isRunning()]).to.deep.equal([true, true]);
    await world.until(() => next.isLeader(), 'the next one leads');
    await world.settled(next.stop());
    await world.until(() => one.isLeader(), 'the first one leads again');
  });

  it('let a candidate stop that waits until another candidate has left', async () => {
    const second = new Election(session, 'one');
    second.on('error', () => {});
    await world.queued(one);
    second.start();
    await world.advance(100);
    await world.settled(second.stop());
    expect([second.state, one.isLeader()]).to.deep.equal(['idle', true]);
    await world.settled(one.stop());
    await world.advance(1_000);
    expect(names()).to.deep.equal([]);
  });

  it('close with their session while one candidate waits until another has left', async () => {
    const second = new Election(session, 'one');
    second.on('error', () => {});
    await world.queued(one);
    second.start();
    await world.advance(100);
    await world.settled(session.close());
    expect([one.state, second.state]).to.deep.equal(['idle', 'idle']);
  });

  it('release the key of a join that comes too late', async () => {
    await world.queued(two);
    world.etcd.next('txn', { lateBy: 500 });
    one.start();
    await world.advance(100);
    const stopping = one.stop();
    await world.settled(stopping);
    expect(names()).to.deep.equal(['two']);
  });

  it('hear that etcd does not answer, also when they come after etcd fell silent', async () => {
    await world.queued(one);
    process.store.network = 'silent';
    await world.advance(5_500);
    const story = record(two, ['suspended', 'resumed']);
    two.start();
    await world.advance(100);
    expect(story).to.deep.equal(['suspended: UNAVAILABLE']);
    process.store.network = 'up';
    await world.until(() => two.isLeader(), 'it leads');
    expect(story).to.deep.equal(['suspended: UNAVAILABLE', 'resumed']);
  });
});
