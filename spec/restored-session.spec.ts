import { expect } from 'chai';
import { Election } from '../lib/election.js';
import { Pool } from '../lib/pool/pool.js';
import { Session } from '../lib/session.js';
import { tell } from './support/story.js';
import { type Process, World } from './support/world.js';

/** Milliseconds that etcd is down while a snapshot is restored. */
const DOWN = 500;
/** Milliseconds after which a new history is believed, and a refresh more. */
const FOLLOWED_WITHIN = 15_000;
/** Milliseconds in which a session looks out for a key that it has released, in case a late join writes it again. */
const LOOKED_OUT_FOR = 10_000;

describe('a session whose lease a snapshot has brought back', () => {
  let world: World;
  let process: Process;
  let session: Session;
  let one: Election;
  let two: Election;
  let other: Election;

  beforeEach(async () => {
    world = new World();
    ({ session, ...process } = world.session('s'));
    one = new Election(session, 'one', { value: 's' });
    two = new Election(session, 'two', { value: 's' });
    other = new Election(world.process('other'), 'one', { value: 'other' });
    await world.queued(one, two);
  });

  /** Others have written since the snapshot was taken, and the session has heard of that by a refresh. */
  const restore = async (revision: bigint, cluster: 'same' | 'another' = 'same'): Promise<void> => {
    for (let n = 0; n < 100; n++) world.etcd.put('filler', String(n));
    await world.advance(4_000);
    world.etcd.beginAnew(Number(world.etcd.revision - revision), DOWN, cluster);
  };
  const leave = async (...all: readonly Election[]): Promise<void> => {
    await world.settled(Promise.all(all.map((each) => each.stop())));
    await world.advance(LOOKED_OUT_FOR);
  };
  const names = (): string[] => world.etcd.keys().map(({ key }) => key.split('/')[0] ?? '');

  for (const cluster of ['same', 'another'] as const) {
    it(`gives the lease up, and with it the keys of candidates that have left: ${cluster} cluster`, async () => {
      const before = world.etcd.revision;
      await leave(one, two);
      await world.queued(other);
      await restore(before, cluster);
      await world.until(() => !other.isLeader(), 'it hears of the restore', DOWN + 5_000);
      await world.until(() => other.isLeader(), 'it leads again', FOLLOWED_WITHIN);
      expect(names()).to.deep.equal(['one']);
      await world.queued(two);
      expect([two.isLeader(), world.etcd.leases().length]).to.deep.equal([true, 2]);
    });
  }

  it('gives it up when some of its candidates have left and others are in the queue', async () => {
    const before = world.etcd.revision;
    await leave(one);
    await world.queued(other);
    const story = tell({ two });
    await restore(before);
    await world.until(() => !other.isLeader(), 'it hears of the restore', DOWN + 5_000);
    await world.until(() => other.isLeader() && two.isLeader(), 'both lead again', FOLLOWED_WITHIN);
    expect(story).to.deep.equal(['two unelected: LEASE_LOST', 'two elected']);
    expect(names().sort()).to.deep.equal(['one', 'two']);
  });

  it('gives it up when a candidate of it has left, and another is not fit to join', async () => {
    let isGood = true;
    const three = new Election(session, 'three', { healthCheck: () => isGood });
    await world.queued(three);
    const before = world.etcd.revision;
    isGood = false;
    await leave(one, two);
    await world.until(() => three.state === 'joining', 'it has left the queue', 10_000);
    await world.queued(other);
    await restore(before);
    await world.until(() => !other.isLeader(), 'it hears of the restore', DOWN + 5_000);
    // The lease that was given up is left alone for as long as the work of a leader may last.
    await world.until(() => other.isLeader(), 'it leads again', FOLLOWED_WITHIN + 10_000);
    isGood = true;
    await world.until(() => three.isLeader(), 'it is fit again', FOLLOWED_WITHIN);
    expect(names().sort()).to.deep.equal(['one', 'three']);
  });

  it('gives it up though nobody answers the first reads', async () => {
    const before = world.etcd.revision;
    await leave(one, two);
    await world.queued(other);
    await restore(before);
    for (let times = 0; times < 2; times++) process.store.faults.next('txn', 'fail');
    await world.until(() => !other.isLeader(), 'it hears of the restore', DOWN + 5_000);
    await world.until(() => other.isLeader(), 'it leads again', FOLLOWED_WITHIN + 5_000);
    expect(process.store.faults.unused).to.equal(0);
  });

  it('gives it up for a pool whose partitions it had let go', async () => {
    await leave(one, two);
    const options = { partitions: ['p'] };
    const worker = new Pool(session, 'pool', { ...options, member: 'leaves' });
    worker.start();
    await world.until(() => worker.owns('p'), 'it owns the partition');
    const before = world.etcd.revision;
    await world.settled(worker.stop());
    await world.advance(LOOKED_OUT_FOR);
    const next = new Pool(new Session(world.process('next')), 'pool', { ...options, member: 'next' });
    next.start();
    await world.until(() => next.owns('p'), 'the next one owns the partition');
    await restore(before);
    await world.until(() => !next.owns('p'), 'it hears of the restore', DOWN + 5_000);
    await world.until(() => next.owns('p'), 'it owns the partition again', FOLLOWED_WITHIN + 15_000);
    expect(world.etcd.keys().filter(({ value }) => value.toString().includes('leaves'))).to.deep.equal([]);
    await world.settled(next.stop());
  });

  it('takes another lease once, and no third one while the restore is not believed yet', async () => {
    const before = world.etcd.revision;
    await restore(before - 1n);
    await world.until(() => !two.isLeader(), 'it hears of the restore', DOWN + 5_000);
    await world.until(() => one.isLeader() && two.isLeader(), 'both lead again', DOWN + 25_000);
    expect(process.store.requests.grant).to.equal(2);
  });

  it('reads once when a member lags, and not again for a minute', async () => {
    await world.advance(4_000);
    const { txn, grant } = process.store.requests;
    process.store.faults.keepAlive = { staleBy: 1 };
    await world.advance(60_000);
    expect(process.store.requests.txn - txn).to.equal(1);
    await world.advance(10_000);
    expect([process.store.requests.txn - txn, process.store.requests.grant]).to.deep.equal([2, grant]);
    expect([one.isLeader(), two.isLeader()]).to.deep.equal([true, true]);
  });
});

describe('an observer that has seen the history before a snapshot was restored', () => {
  it('is told of no candidate that queues behind a leader whom the snapshot has brought back', async () => {
    const world = new World();
    const [before, after] = [world.candidate('before', { ttl: 60 }), world.candidate('after')];
    const { election: observer } = world.candidate('observer');
    await world.queued(before.election);
    const { revision } = world.etcd;
    await world.settled(before.election.stop());
    const controller = new AbortController();
    const story: string[] = [];
    const observe = async (): Promise<void> => {
      for await (const leader of observer.observe({ signal: controller.signal })) story.push(leader?.value ?? 'nobody');
    };
    const observing = observe();
    await world.advance(10);
    world.etcd.beginAnew(Number(world.etcd.revision - revision), DOWN);
    await world.advance(DOWN + 3_000);
    // The new history gets as far as the one before, and farther.
    for (let n = 0; n < 10; n++) world.etcd.put('filler', String(n));
    await world.queued(after.election);
    await world.until(() => story.length > 1, 'it believes the new history', FOLLOWED_WITHIN);
    await world.advance(1_000);
    controller.abort();
    await world.settled(observing);
    expect(story).to.deep.equal(['nobody', 'before']);
    await world.settled(after.election.stop());
  });
});
