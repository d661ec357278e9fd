import { expect } from 'chai';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { SharedDeadline } from '../lib/common/shared-deadline.js';
import { tracked } from './support/track.js';

/** ms that this process may be busy with something else between two looks. */
const SLACK = 1_000;

describe('a deadline that threads share', () => {
  let wall: SinonFakeTimers;
  let deadline: SharedDeadline;

  beforeEach(() => {
    wall = tracked(useFakeTimers({ now: 1_000_000, toFake: ['Date'] }));
    deadline = new SharedDeadline();
  });

  /** As another thread sees it. */
  const elsewhere = (): SharedDeadline => new SharedDeadline(structuredClone(deadline.buffer));

  it('has passed before it is moved for the first time', () => {
    expect([deadline.remaining, deadline.isEnded]).to.deep.equal([0, false]);
  });

  it('is seen by others as it was moved last', () => {
    const other = elsewhere();
    deadline.move(() => 60_000);
    expect(other.remaining).to.be.within(60_000 - SLACK, 60_000);
    deadline.move(() => 90_000);
    expect(other.remaining).to.be.within(90_000 - SLACK, 90_000);
  });

  it('comes nearer by as much as the wall clock steps forward, because the machine may have slept', () => {
    deadline.move(() => 60_000);
    wall.tick(40_000);
    expect(elsewhere().remaining).to.be.within(20_000 - SLACK, 20_000);
    wall.tick(20_000);
    expect(elsewhere().remaining).to.equal(0);
  });

  it('does not move away when the wall clock steps back', () => {
    deadline.move(() => 60_000);
    wall.setSystemTime(1);
    expect(elsewhere().remaining).to.be.within(60_000 - SLACK, 60_000);
  });

  it('is counted from before its distance is asked for, so that a pause in between makes it earlier', () => {
    deadline.move(() => {
      wall.tick(50_000);
      return 60_000;
    });
    expect(elsewhere().remaining).to.be.within(10_000 - SLACK, 10_000);
  });

  it('never passes when the distance is infinite', () => {
    deadline.move(() => Number.POSITIVE_INFINITY);
    wall.tick(1e12);
    expect(elsewhere().remaining).to.equal(Number.POSITIVE_INFINITY);
  });

  it('has passed for ever when it is ended, with a code that may be told later', async () => {
    deadline.move(() => 60_000);
    const other = elsewhere();
    const told = other.ended();
    deadline.end();
    deadline.move(() => 60_000);
    await told;
    expect([other.remaining, other.isEnded, other.code]).to.deep.equal([0, true, undefined]);
    deadline.end('KEY_DELETED');
    expect(other.code).to.equal('KEY_DELETED');
    await elsewhere().ended();
  });

  it('has a code of its whole length, however long', () => {
    const code = 'A'.repeat(100);
    deadline.end(code);
    expect(code.startsWith(elsewhere().code ?? 'none')).to.equal(true);
    expect(elsewhere().code).to.have.length.of.at.least(32);
  });
});
