import { expect } from 'chai';
import { type Granted, Lease, type LeaseTimes } from '../lib/lease/lease.js';
import { tracked } from './support/track.js';
import { type Process, World } from './support/world.js';

describe('a lease', () => {
  let world: World;
  let process: Process;
  let story: string[];

  beforeEach(() => {
    world = new World();
    process = world.process('one');
    story = [];
  });

  /** A lease of 10 s with a renew deadline of 7.5 s. The request that granted the lease was sent at 0. */
  const lease = (granted: Partial<Granted> = {}, times: Partial<LeaseTimes> = {}): Lease => {
    const made: Lease = new Lease(
      { ...process, currentEpoch: () => Promise.resolve(0) },
      { id: 0x1fn, sentAt: 0, ttl: 10, ...granted },
      { ttl: 10, renewDeadline: 7.5, ...times },
      {
        refreshing: () => story.push(`${world.now} refreshing`),
        refreshed: ({ roundTrip, expiresIn }) =>
          story.push(`${world.now} refreshed in ${roundTrip}, ${expiresIn} left`),
        failed: ({ code }) => story.push(`${world.now} failed: ${code}`),
        lost: ({ code }, mayLive) => {
          story.push(`${world.now} lost: ${code}${mayLive ? ', and etcd may have it still' : ''}`);
          made.close();
        },
      },
    );
    return tracked(made);
  };

  it('can be relied on until the renew deadline, counted from the sending', async () => {
    await world.advance(400);
    const { remaining } = lease({ sentAt: 100 });
    expect(remaining).to.equal(7_200);
  });

  it('is lost at the renew deadline, and not a millisecond before', async () => {
    process.store.faults.keepAlive = 'hang';
    const made = lease();
    await world.runUntil(7_499);
    expect(made.remaining).to.equal(1);
    expect(story.filter((line) => line.includes('lost'))).to.deep.equal([]);
    await world.runUntil(7_500);
    expect(story.at(-1)).to.equal('7500 lost: LEASE_EXPIRED, and etcd may have it still');
  });

  it('is never relied on for the last hundredth of its TTL, whatever the renew deadline', () => {
    expect(lease({}, { renewDeadline: 9.99 }).remaining).to.equal(9_900);
  });

  it('counts the TTL that was granted when that is shorter than the renew deadline', () => {
    const made = lease();
    made.refreshed({ sentAt: 5_000, ttl: 4 });
    expect(made.remaining).to.equal(8_960);
  });

  it('keeps the renew deadline when more is granted than was asked for', () => {
    expect(lease({ ttl: 60 }, { ttl: 2, renewDeadline: 1.5 }).remaining).to.equal(1_500);
  });

  it('lasts longer with each refresh, and tells so', async () => {
    const made = lease();
    await world.runUntil(3_004);
    made.refreshed({ sentAt: 3_000, ttl: 10 });
    expect([made.remaining, story]).to.deep.equal([7_496, ['3004 refreshed in 4, 7496 left']]);
  });

  it('does not last shorter for a reply to an earlier refresh that comes after a later one', () => {
    const made = lease();
    made.refreshed({ sentAt: 3_000, ttl: 10 });
    made.refreshed({ sentAt: 1_000, ttl: 10 });
    expect(made.remaining).to.equal(10_500);
  });

  it('is not revived by a reply that comes after its deadline', async () => {
    process.store.faults.keepAlive = 'hang';
    const made = lease();
    await world.runUntil(7_500);
    made.refreshed({ sentAt: 7_499, ttl: 10 });
    expect(made.remaining).to.equal(0);
    expect(story.filter((line) => line.includes('refreshed'))).to.deep.equal([]);
  });

  it('may be ended by etcd when its whole TTL has passed since the last refresh', () => {
    const made = lease({ sentAt: 0, ttl: 12 });
    expect(made.grace).to.equal(12_000);
    made.refreshed({ sentAt: 3_000, ttl: 10 });
    expect(made.grace).to.equal(13_000);
  });

  it('is known by its hex, as in the key', () => {
    expect(lease().hex).to.equal('1f');
  });
});
