import { expect } from 'chai';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { SystemClock, sleep } from '../lib/common/time.js';
import { tracked } from './support/track.js';

describe('the system clock', () => {
  let time: SinonFakeTimers;
  let clock: SystemClock;
  const WALL = Date.UTC(2030, 0, 1);

  beforeEach(() => {
    time = tracked(useFakeTimers({ now: WALL, toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
    clock = new SystemClock();
  });

  /** Sets only the wall clock, as an operator does, or a suspended machine that wakes up. */
  const stepWallClock = (ms: number): void => time.setSystemTime(Date.now() + ms);
  const elapsed = (since: number): number => Math.round(clock.now() - since);

  it('counts milliseconds', () => {
    const start = clock.now();
    time.tick(1_234);
    expect(elapsed(start)).to.equal(1_234);
  });

  it('counts a step of the wall clock forward as elapsed, since the machine may have slept', () => {
    const start = clock.now();
    stepWallClock(60_000);
    expect(elapsed(start)).to.equal(60_000);
    time.tick(1_000);
    expect(elapsed(start)).to.equal(61_000);
  });

  it('does not go back when the wall clock does, and goes on from there', () => {
    const start = clock.now();
    stepWallClock(-60_000);
    expect(elapsed(start)).to.equal(0);
    time.tick(1_000);
    expect(elapsed(start)).to.equal(1_000);
  });

  it('counts a step forward in full after a step back', () => {
    const start = clock.now();
    stepWallClock(-60_000);
    clock.now();
    stepWallClock(60_000);
    expect(elapsed(start)).to.equal(60_000);
  });

  it('leaves a step of 19 ms to the margin, and counts a step of 20 ms', () => {
    const start = clock.now();
    stepWallClock(19);
    expect(elapsed(start)).to.equal(0);
    stepWallClock(1);
    expect(elapsed(start)).to.equal(20);
  });

  it('counts small steps when together they are a large step', () => {
    const start = clock.now();
    for (let step = 0; step < 30; step += 1) {
      stepWallClock(10);
      clock.now();
    }
    expect(elapsed(start)).to.equal(300);
  });

  it('calls not a millisecond early, also when asked for a fraction', () => {
    let calls = 0;
    clock.after(10.5, () => calls++);
    time.tick(10);
    expect(calls).to.equal(0);
    time.tick(1);
    expect(calls).to.equal(1);
  });

  it('calls on the next turn for a time that has passed', () => {
    let calls = 0;
    clock.after(-5, () => calls++);
    expect(calls).to.equal(0);
    time.tick(0);
    expect(calls).to.equal(1);
  });

  it('waits as long as a timer can when asked for longer, and not for a millisecond as Node does', () => {
    let calls = 0;
    const cancel = clock.after(2 ** 40, () => calls++);
    time.tick(1_000_000);
    expect(calls).to.equal(0);
    cancel();
    expect(time.countTimers()).to.equal(0);
  });

  describe('with a timer that waits for longer than a moment', () => {
    it('calls within 250 ms of waking up when its time has passed while the machine slept', () => {
      const calls: number[] = [];
      clock.after(60_000, () => calls.push(elapsed(start)));
      const start = clock.now();
      time.tick(10_000);
      stepWallClock(3_600_000);
      time.tick(249);
      time.tick(2);
      expect(calls).to.have.length(1);
      expect(time.countTimers()).to.equal(0);
    });

    it('notices a step of the wall clock when somebody else has looked at the clock before', () => {
      let calls = 0;
      clock.after(60_000, () => calls++);
      stepWallClock(3_600_000);
      clock.now();
      time.tick(251);
      expect(calls).to.equal(1);
    });

    it('calls no later than it would have without the sleep when the machine has slept for a part of the time', () => {
      let calls = 0;
      clock.after(10_000, () => calls++);
      time.tick(1_000);
      stepWallClock(5_000);
      time.tick(3_999);
      expect(calls).to.equal(0);
      time.tick(1);
      expect(calls).to.equal(1);
    });

    it('calls in the order of their times all those whose time has passed', () => {
      const calls: string[] = [];
      clock.after(3_000, () => calls.push('second'));
      clock.after(2_000, () => calls.push('first'));
      clock.after(3_600_000 + 5_000, () => calls.push('not yet'));
      stepWallClock(3_600_000);
      time.tick(300);
      expect(calls).to.deep.equal(['first', 'second']);
    });

    it('does not call what is cancelled by one that was called before', () => {
      const calls: string[] = [];
      const cancel = clock.after(3_000, () => calls.push('second'));
      clock.after(2_000, () => {
        calls.push('first');
        cancel();
      });
      stepWallClock(3_600_000);
      time.tick(300);
      expect(calls).to.deep.equal(['first']);
    });

    it('is not moved by a step of the wall clock back', () => {
      let calls = 0;
      clock.after(10_000, () => calls++);
      stepWallClock(-3_600_000);
      time.tick(9_999);
      expect(calls).to.equal(0);
      time.tick(1);
      expect(calls).to.equal(1);
    });

    it('looks at the wall clock four times a second for all of them together, and never without one', () => {
      expect(time.countTimers()).to.equal(0);
      const cancels = [1_000, 2_000, 3_000].map((ms) => clock.after(ms, () => {}));
      expect(time.countTimers()).to.equal(4);
      for (const cancel of cancels) cancel();
      expect(time.countTimers()).to.equal(0);
    });
  });

  it('does not call what was cancelled', () => {
    let calls = 0;
    clock.after(10, () => calls++)();
    time.tick(100);
    expect([calls, time.countTimers()]).to.deep.equal([0, 0]);
  });

  describe('sleep', () => {
    it('resolves to true when the time has passed, and no millisecond before', async () => {
      const controller = new AbortController();
      let result: boolean | undefined;
      void sleep(clock, 100, controller.signal).then((passed) => {
        result = passed;
      });
      await time.tickAsync(99);
      expect(result).to.equal(undefined);
      await time.tickAsync(1);
      expect(result).to.equal(true);
    });

    it('resolves to false as soon as its signal aborts, and leaves no timer', async () => {
      const controller = new AbortController();
      const sleeping = sleep(clock, 100, controller.signal);
      await time.tickAsync(50);
      controller.abort();
      expect(await sleeping).to.equal(false);
      expect(time.countTimers()).to.equal(0);
    });

    it('does not begin when its signal is aborted already', async () => {
      expect(await sleep(clock, 100, AbortSignal.abort())).to.equal(false);
      expect(time.countTimers()).to.equal(0);
    });

    it('leaves no listener on a signal that lives on', async () => {
      const controller = new AbortController();
      let listeners = 0;
      const { signal } = controller;
      const add = signal.addEventListener.bind(signal);
      const remove = signal.removeEventListener.bind(signal);
      signal.addEventListener = (...args: Parameters<typeof add>) => {
        listeners += 1;
        add(...args);
      };
      signal.removeEventListener = (...args: Parameters<typeof remove>) => {
        listeners -= 1;
        remove(...args);
      };
      const sleeping = sleep(clock, 100, signal);
      expect(listeners).to.equal(1);
      await time.tickAsync(100);
      await sleeping;
      expect(listeners).to.equal(0);
    });
  });
});
