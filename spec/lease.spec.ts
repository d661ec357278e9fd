import { expect } from 'chai';
import { Lease } from '../lib/lease/lease.js';
import type { VirtualClock } from './support/virtual-clock.js';
import { VirtualTime } from './support/virtual-time.js';

describe('a lease', () => {
  let time: VirtualTime;
  let clock: VirtualClock;

  beforeEach(() => {
    time = new VirtualTime();
    clock = time.clock();
  });

  it('can be relied on until the renew deadline, counted from the sending', async () => {
    await time.advance(400);
    const lease = new Lease(clock, 0x1fn, 7.5, 100, 10);
    expect(lease.remaining).to.equal(7_200);
    await time.runUntil(7_599);
    expect(lease.remaining).to.equal(1);
    await time.runUntil(7_600);
    expect(lease.remaining).to.equal(0);
  });

  it('is never relied on for the last hundredth of its TTL, whatever the renew deadline', () => {
    expect(new Lease(clock, 1n, 9.99, 0, 10).remaining).to.equal(9_900);
  });

  it('counts the TTL that was granted when that is shorter than the renew deadline', () => {
    const lease = new Lease(clock, 1n, 7.5, 0, 10);
    lease.renewed(5_000, 4);
    expect(lease.remaining).to.equal(8_960);
  });

  it('keeps the renew deadline when more is granted than was asked for', () => {
    expect(new Lease(clock, 1n, 1.5, 0, 60).remaining).to.equal(1_500);
  });

  it('lasts longer with each refresh', () => {
    const lease = new Lease(clock, 1n, 7.5, 0, 10);
    lease.renewed(3_000, 10);
    expect(lease.remaining).to.equal(10_500);
  });

  it('does not last shorter for a reply to an earlier refresh that comes after a later one', () => {
    const lease = new Lease(clock, 1n, 7.5, 0, 10);
    lease.renewed(3_000, 10);
    lease.renewed(1_000, 10);
    expect(lease.remaining).to.equal(10_500);
  });

  it('is known by its hex, as in the key', () => {
    expect(new Lease(clock, 0x1fn, 7.5, 0, 10).hex).to.equal('1f');
  });
});
