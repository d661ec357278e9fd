import { expect } from 'chai';
import { Election } from '../lib/election.js';
import { ElectionError } from '../lib/errors.js';
import { record, tell } from './support/story.js';
import { type Process, recordLog, World } from './support/world.js';

describe('a candidate', () => {
  let world: World;
  let process: Process;
  let election: Election;
  let story: string[];

  const build = (options = {}): void => {
    world = new World();
    ({ election, ...process } = world.candidate('a', options));
    story = record(election);
  };
  beforeEach(() => build());
  const key = (): string => world.etcd.keys('jobs/').find(({ value }) => value.toString() === 'a')?.key ?? '';

  it('says that somebody has deleted its key, and queues again behind the others', async () => {
    const other = world.candidate('b').election;
    await world.queued(election, other);
    const both = tell({ a: election, b: other });
    world.etcd.delete(key());
    await world.until(() => other.isLeader() && election.state === 'waiting', 'it queues again', 100);
    // Both hear of it at the same time, and the other is elected by that. This one first asks for the reason.
    expect(both).to.deep.equal(['b elected', 'a unelected: KEY_DELETED']);
  });

  it('is no leader from the moment it hears that its key is gone, before the reason is known', async () => {
    await world.queued(election);
    const { leadership } = election;
    process.store.faults.keepAlive = 'hang';
    world.etcd.delete(key());
    await world.advance(2);
    expect(story).to.deep.equal(['elected with token 2']);
    expect([election.isLeader(), leadership?.isCurrent(), leadership?.expiresIn()]).to.deep.equal([false, false, 0]);
    await world.advance(50);
    expect(story.slice(0, 2)).to.deep.equal(['elected with token 2', 'unelected: KEY_DELETED']);
  });

  it('says that its lease was revoked, and takes another lease', async () => {
    await world.queued(election);
    world.etcd.revoke(world.etcd.leases()[0]?.id ?? 0n);
    await world.until(() => story.length === 3, 'it leads again', 200);
    expect(story).to.deep.equal(['elected with token 2', 'unelected: LEASE_LOST', 'elected with token 4']);
  });

  it('takes another lease when its own was revoked and refreshes succeed all the same', async () => {
    await world.queued(election);
    const lease = world.etcd.leases()[0]?.id ?? 0n;
    world.etcd.revokeUnnoticed(lease);
    await world.until(() => story.length === 3, 'it leads again', 5_000);
    expect(story).to.deep.equal(['elected with token 2', 'unelected: KEY_DELETED', 'elected with token 4']);
    expect(world.etcd.leases().map(({ id }) => id)).to.not.include(lease);
  });

  for (const from of ['nothing', 2] as const) {
    it(`follows etcd ten seconds after it has begun anew with ${from === 2 ? 'a snapshot' : from}`, async () => {
      for (let n = 0; n < 500; n++) world.etcd.put('filler', String(n));
      const other = world.candidate('b').election;
      await world.queued(election, other);
      const both = tell({ a: election, b: other });
      world.etcd.beginAnew(from, 500);
      await world.until(() => both.length > 0, 'the leader gives up', 5_000);
      expect(both).to.deep.equal(['a unelected: LEASE_LOST']);
      await world.advance(9_000 - world.now);
      expect(both).to.deep.equal(['a unelected: LEASE_LOST']);
      await world.until(() => both.length === 2, 'somebody leads', 10_000);
      await world.until(() => election.currentLeader() === other.currentLeader(), 'both agree who leads', 5_000);
      expect([election, other].filter((each) => each.isLeader())).to.have.length(1);
      expect(election.currentLeader()).to.equal(election.isLeader() ? 'a' : 'b');
    });
  }

  for (const harm of ['key deleted', 'lease revoked'] as const) {
    it(`queues again and tells nobody when this happens while it waits: ${harm}`, async () => {
      const first = world.candidate('first').election;
      await world.queued(first, election);
      const before = key();
      const token = world.etcd.get(before)?.createRevision ?? 0n;
      if (harm === 'key deleted') world.etcd.delete(before);
      else world.etcd.revoke(world.etcd.get(before)?.lease ?? 0n);
      await world.advance(200);
      expect([election.state, story]).to.deep.equal(['waiting', []]);
      expect((world.etcd.get(key())?.createRevision ?? 0n) > token).to.equal(true);
      await world.settled(first.stop());
      await world.until(() => election.isLeader(), 'it leads', 100);
    });
  }

  it('writes its key again in its place, and warns, when the key lost its lease and would never expire', async () => {
    const logger = recordLog();
    build({ logger });
    await world.queued(election);
    world.etcd.put(key(), 'a');
    await world.advance(50);
    expect(world.etcd.get(key())?.lease).to.equal(world.etcd.leases()[0]?.id);
    expect(story).to.deep.equal(['elected with token 2']);
    expect(logger.messages('warn')).to.deep.equal(['somebody wrote our key: writing it again']);
  });

  it('says so when the key that has lost its lease cannot be written again', async () => {
    const errors = record(election, ['error']);
    await world.queued(election);
    process.store.faults.next('txn', 'fail');
    world.etcd.put(key(), 'a');
    await world.advance(50);
    expect(errors).to.deep.equal(['error: UNAVAILABLE']);
  });

  it('tries to join until it succeeds when joining is refused or fails', async () => {
    const errors = record(election, ['error']);
    process.store.faults.next('txn', { error: new ElectionError('PERMISSION_DENIED', 'no') });
    process.store.faults.next('txn', 'fail');
    process.store.faults.next('txn', { error: new ElectionError('LEASE_LOST', 'no such lease') });
    election.start();
    await world.until(() => election.isLeader(), 'it leads', 1_000);
    expect(errors).to.deep.equal(['error: PERMISSION_DENIED', 'error: UNAVAILABLE']);
    expect(process.store.requests.grant, 'the lease that etcd does not know was replaced').to.equal(2);
  });

  it('joins with its new lease when the old one is replaced while a join is on its way, and is refused', async () => {
    build({ ttl: 2 });
    process.store.faults.next('txn', { arriveLateBy: 1_900 });
    process.store.faults.keepAlive = 'hang';
    election.start();
    await world.runUntil(1_800);
    process.store.faults.keepAlive = 'ok';
    await world.until(() => election.isLeader(), 'it leads', 2_000);
    expect(story).to.have.length(1);
  });

  it('releases the key of a join with the old lease that succeeds after the lease was replaced', async () => {
    build({ ttl: 2 });
    process.store.faults.revoke = 'hang';
    process.store.faults.next('txn', { lateBy: 1_900 });
    process.store.faults.keepAlive = 'hang';
    election.start();
    await world.runUntil(1_800);
    process.store.faults.keepAlive = 'ok';
    await world.until(() => election.isLeader(), 'it leads', 3_000);
    expect(world.etcd.keys('jobs/')).to.have.length(1);
    expect(story).to.have.length(1);
  });

  it('heals from a restart of etcd, with all that etcd had', async () => {
    const other = world.candidate('b').election;
    await world.queued(election, other);
    world.etcd.restart(1_000);
    await world.advance(30_000);
    expect([election.isLeader(), other.state]).to.deep.equal([true, 'waiting']);
    await world.settled(election.stop());
    await world.until(() => other.isLeader(), 'the other takes over', 1_000);
  });

  it('heals from a minute without a majority', async () => {
    const other = world.candidate('b').election;
    await world.queued(election, other);
    const both = tell({ a: election, b: other });
    world.etcd.loseQuorum();
    await world.advance(60_000);
    expect([both, election.isLeader(), other.isLeader()]).to.deep.equal([['a unelected: LEASE_EXPIRED'], false, false]);
    world.etcd.restoreQuorum();
    await world.until(() => election.isLeader() || other.isLeader(), 'somebody leads', 15_000);
  });

  it('is counted as one candidate however often its join is repeated', async () => {
    world.etcd.faults.txn = 'duplicate';
    await world.queued(election);
    world.etcd.faults.txn = 'ok';
    await world.advance(100);
    expect(world.etcd.keys('jobs/')).to.have.length(1);
    expect(election.isLeader()).to.equal(true);
  });

  describe('on a shared session, after a release that etcd did not confirm', () => {
    it('does not rely on the key that a late release may still delete', async () => {
      const { session, store } = world.session('s', { ttl: 60 });
      const one = new Election(session, 'one', { releaseTimeout: 0 });
      const story = record(one);
      await world.queued(one);
      store.faults.next('txn', { arriveLateBy: 1_500 });
      await world.settled(one.stop());
      await world.queued(one);
      await world.advance(5_000);
      expect(story).to.deep.equal(['elected with token 2', 'unelected: STOPPED', 'elected with token 4']);
      expect(one.isLeader()).to.equal(true);
    });

    it('does not join beside a join that it gave up, however often it is stopped and started meanwhile', async () => {
      const { session, store } = world.session('s', { ttl: 60 });
      const [one, two] = [new Election(session, 'one', { releaseTimeout: 0 }), new Election(session, 'two')];
      await world.queued(two);
      const story = record(one);
      store.faults.next('txn', { lateBy: 1_900 });
      one.start();
      await world.advance(10);
      await world.settled(one.stop());
      one.start();
      await world.advance(100);
      await world.settled(one.stop());
      await world.queued(one);
      await world.advance(5_000);
      expect(story).to.have.length(1);
      expect(one.isLeader()).to.equal(true);
    });
  });
});
