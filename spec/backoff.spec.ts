import { expect } from 'chai';
import sinon from 'sinon';
import { Backoff } from '../lib/common/backoff.js';
import { tracked } from './support/track.js';

describe('backoff', () => {
  const drawing = (share: number): void => {
    tracked(sinon.stub(Math, 'random').returns(share));
  };
  const take = (backoff: Backoff, times: number): number[] => Array.from({ length: times }, () => backoff.next());

  it('doubles up to its limit and stays there', () => {
    drawing(1);
    expect(take(new Backoff(50, 300), 5)).to.deep.equal([50, 100, 200, 300, 300]);
  });

  it('never waits less than half of that, however the dice fall', () => {
    drawing(0);
    expect(take(new Backoff(50, 300), 5)).to.deep.equal([25, 50, 100, 150, 150]);
  });

  it('begins again after a success', () => {
    drawing(1);
    const backoff = new Backoff(50, 300);
    take(backoff, 4);
    backoff.reset();
    expect(take(backoff, 2)).to.deep.equal([50, 100]);
  });

  it('sends those that failed together back at different times', () => {
    const pauses = new Set(Array.from({ length: 20 }, () => new Backoff(1_000, 2_000).next()));
    expect(pauses.size).to.be.greaterThan(10);
    for (const pause of pauses) expect(pause).to.be.within(500, 1_000);
  });
});
