import { expect } from 'chai';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { SystemClock } from '../lib/common/time.js';
import { Election } from '../lib/election.js';
import type { Connection } from './support/fake-etcd/connection.js';
import { FakeEtcd } from './support/fake-etcd/fake-etcd.js';
import type { MessageFault } from './support/fake-etcd/faults.js';
import { record } from './support/story.js';
import { tracked } from './support/track.js';

describe('a leader whose lease is not refreshed', () => {
  let time: SinonFakeTimers;
  let etcd: FakeEtcd;
  let store: Connection;
  let election: Election;
  let story: string[];

  /** The grant is sent at 0 and the candidate leads at 4. TTL 10, renew deadline 7.5: refreshes at 3333, 6667 ... */
  const build = async (options = {}): Promise<void> => {
    time = tracked(useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
    const clock = new SystemClock();
    etcd = new FakeEtcd({ clock });
    store = etcd.connect({ clock });
    election = new Election({ store, clock }, 'jobs', { value: 'a', ...options });
    story = record(election);
    election.start();
    await time.tickAsync(4);
    expect(story).to.deep.equal(['elected with token 2']);
  };
  const runUntil = (at: number): Promise<number> => time.tickAsync(at - Math.round(performance.now()));
  const LOST = ['elected with token 2', 'unelected: LEASE_EXPIRED'];
  const LEADS = LOST.slice(0, 1);

  it('leads on with any renew deadline that is allowed, when the lease is refreshed', async () => {
    await build({ ttl: 3, renewDeadline: 1.001 });
    await time.tickAsync(60_000);
    expect(story).to.deep.equal(LEADS);
    expect(store.requests.keepAlive).to.be.within(119, 121);
  });

  const faults: Record<string, MessageFault> = {
    fail: 'fail',
    hang: 'hang',
    'answer late': { lateBy: 8_000 },
    'are lost': 'lose request',
    'are answered in vain': 'lose reply',
  };

  for (const [refreshes, fault] of Object.entries(faults)) {
    it(`steps down at the deadline, to the millisecond, when refreshes ${refreshes}`, async () => {
      await build();
      store.faults.keepAlive = fault;
      await runUntil(7_499);
      expect(story).to.deep.equal(LEADS);
      expect(election.isLeader()).to.equal(true);
      await runUntil(7_500);
      expect(story).to.deep.equal(LOST);
      expect(election.isLeader()).to.equal(false);
      etcd.close();
    });
  }

  it('counts the deadline from when the last answered refresh was sent, not from its answer', async () => {
    await build();
    store.faults.next('keepAlive', { lateBy: 1_000 });
    await runUntil(5_000);
    store.faults.keepAlive = 'hang';
    const sentAt = 3_334; // a third of 10 s, in whole milliseconds
    await runUntil(sentAt + 7_499);
    expect(story).to.deep.equal(LEADS);
    await runUntil(sentAt + 7_500);
    expect(story).to.deep.equal(LOST);
    etcd.close();
  });

  it('is not saved by an answer that comes at the deadline', async () => {
    await build();
    store.faults.keepAlive = { lateBy: 7_500 - 3_334 - 2 };
    await runUntil(7_500);
    expect(story).to.deep.equal(LOST);
    etcd.close();
  });

  it('is saved by an answer that comes a millisecond before the deadline', async () => {
    await build();
    store.faults.keepAlive = { lateBy: 7_499 - 3_334 - 2 };
    await runUntil(7_500);
    expect(story).to.deep.equal(LEADS);
    etcd.close();
  });

  it('is not the leader after a pause past the deadline, before any timer or message has run', async () => {
    await build();
    const { leadership } = election;
    time.setSystemTime(Date.now() + 7_496); // as after a suspension: only the wall clock has gone on
    expect([election.isLeader(), leadership?.isCurrent(), leadership?.expiresIn()]).to.deep.equal([false, false, 0]);
    expect(() => leadership?.throwIfLost())
      .to.throw('run out')
      .with.property('code', 'NOT_LEADER');
    expect(story, 'no timer has run').to.deep.equal(LEADS);
    etcd.close();
  });

  it('is still the leader after a pause that ends a millisecond before the deadline', async () => {
    await build();
    time.setSystemTime(Date.now() + 7_495);
    expect(election.isLeader()).to.equal(true);
    expect(election.leadership?.expiresIn()).to.be.closeTo(1, 0.001);
    etcd.close();
  });

  it('has the end of its term told within 250 ms when the machine wakes up past the deadline', async () => {
    await build();
    const signal = election.leadership?.signal;
    await time.tickAsync(10);
    time.setSystemTime(Date.now() + 3_600_000);
    expect(election.isLeader()).to.equal(false);
    await time.tickAsync(251);
    expect([story.slice(0, 2), signal?.aborted]).to.deep.equal([LOST, true]);
    etcd.close();
  });

  it('is not revived by a reply that it finds after a pause past the deadline', async () => {
    await build();
    store.faults.keepAlive = { lateBy: 100 };
    await runUntil(3_350);
    time.setSystemTime(Date.now() + 10_000);
    await time.tickAsync(100);
    expect(story, 'it is elected anew, with a new lease').to.deep.equal([...LOST, 'elected with token 4']);
    etcd.close();
  });

  it('steps down at a renew deadline of its own', async () => {
    await build({ renewDeadline: 4 });
    store.faults.keepAlive = 'hang';
    await runUntil(3_999);
    expect(story).to.deep.equal(LEADS);
    await runUntil(4_000);
    expect(story).to.deep.equal(LOST);
    etcd.close();
  });

  it('steps down a hundredth of the TTL before the end when its renew deadline is later', async () => {
    await build({ renewDeadline: 9.999 });
    store.faults.keepAlive = 'hang';
    await runUntil(9_899);
    expect(story).to.deep.equal(LEADS);
    await runUntil(9_900);
    expect(story).to.deep.equal(LOST);
    etcd.close();
  });
});
