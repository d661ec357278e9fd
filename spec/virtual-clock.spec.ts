import { expect } from 'chai';
import { sleep } from '../lib/common/time.js';
import type { VirtualClock } from './support/virtual-clock.js';
import { VirtualTime } from './support/virtual-time.js';

describe('virtual time', () => {
  let time: VirtualTime;
  let story: string[];

  beforeEach(() => {
    time = new VirtualTime();
    story = [];
  });

  const tell = (what: string) => (): void => {
    story.push(`${time.now} ${what}`);
  };

  it('runs events by time, and those of one instant in the order they were added', async () => {
    for (let index = 0; index < 20; index += 1) time.at(10, tell(`tenth ${index}`));
    time.at(5, tell('fifth'));
    time.at(10, tell('last'));

    await time.advance(9);
    expect(story).to.deep.equal(['5 fifth']);

    await time.advance(1);
    expect(story).to.deep.equal([
      '5 fifth',
      ...Array.from({ length: 20 }, (_, index) => `10 tenth ${index}`),
      '10 last',
    ]);
  });

  it('agrees with a sorted list on thousands of events, some of them cancelled', async () => {
    const seen: number[] = [];
    const expected: number[] = [];
    for (let index = 0; index < 5_000; index += 1) {
      const at = (index * 7_919) % 1_009;
      const cancel = time.at(at, () => seen.push(at));
      if (index % 3 === 0) cancel();
      else expected.push(at);
    }
    await time.advance(1_009);
    expect(seen).to.deep.equal(expected.sort((a, b) => a - b));
  });

  it('lets the deepest chain of promises end before the next event', async () => {
    time.at(1, () => {
      let chain = Promise.resolve();
      for (let link = 0; link < 500; link += 1) chain = chain.then(() => Promise.resolve());
      void chain.then(tell('end of the chain'));
    });
    time.at(1, tell('next event'));
    await time.advance(1);
    expect(story).to.deep.equal(['1 end of the chain', '1 next event']);
  });

  it('steps one event at a time and says when nothing is left', async () => {
    time.at(3, tell('one'));
    time.at(4, tell('two'));
    expect(await time.step()).to.equal(true);
    expect(story).to.deep.equal(['3 one']);
    expect(time.nextAt).to.equal(4);
    expect(await time.step()).to.equal(true);
    expect(await time.step()).to.equal(false);
  });

  it('checks after every event, and stops the run when the check throws', async () => {
    time.at(1, tell('one'));
    time.at(2, tell('two'));
    time.onStep = () => {
      if (story.length === 1) throw new Error('broken');
    };
    const failed = await time.advance(5).catch((error: Error) => error.message);
    expect(failed).to.equal('broken');
    expect(story).to.deep.equal(['1 one']);
  });

  it('runs until a condition holds, or the time given is over', async () => {
    time.at(7, tell('seven'));
    expect(await time.until(() => story.length === 1, 6)).to.equal(false);
    expect(time.now).to.equal(6);
    expect(await time.until(() => story.length === 1, 6)).to.equal(true);
    expect(time.now).to.equal(7);
  });

  describe('the clock of a process', () => {
    let clock: VirtualClock;

    beforeEach(() => {
      clock = time.clock({ name: 'one' });
    });

    it('counts at its own rate from its own offset', async () => {
      const fast = time.clock({ rate: 1.25, offset: 1_000 });
      fast.after(100, tell('fast'));
      clock.after(100, tell('exact'));
      await time.advance(100);
      expect(fast.now()).to.equal(1_125);
      expect(story).to.deep.equal(['80 fast', '100 exact']);
    });

    it('never fires a timer before its time on the same clock, whatever the rate', async () => {
      for (let step = 0; step < 200; step += 1) {
        const odd = time.clock({ rate: 1 + step / 7_777, offset: step * 1_234.567 });
        const due = odd.now() + 33.3;
        odd.after(33.3, () => expect(odd.now()).to.be.at.least(due));
        await time.advance(33.4);
        expect(odd.timers).to.deep.equal([]);
      }
    });

    it('fires timers late when told to', async () => {
      time.clock({ lateness: () => 25 }).after(100, tell('late'));
      await time.advance(200);
      expect(story).to.deep.equal(['125 late']);
    });

    it('cancels a timer, and lists those that are left', async () => {
      const cancel = clock.after(5, tell('never'));
      clock.after(6, tell('six'));
      cancel();
      expect(clock.timers.map(({ due }) => due)).to.deep.equal([6]);
      await time.advance(10);
      expect(story).to.deep.equal(['6 six']);
      expect(clock.timers).to.deep.equal([]);
    });

    it('serves lib/common/time.ts', async () => {
      void sleep(clock, 50).then(tell('slept'));
      await time.advance(50);
      expect(story).to.deep.equal(['50 slept']);
    });

    it('holds timers and messages while paused, and lets them happen one after the other', async () => {
      clock.after(10, () => {
        tell(`first, clock at ${clock.now()}`)();
        void Promise.resolve().then(tell('what the first set in motion'));
      });
      clock.after(20, tell('second'));
      clock.pause();
      time.at(15, () => clock.receive(tell('message')));
      await time.advance(100);
      expect(story).to.deep.equal([]);
      expect(clock.timers).to.have.length(2);

      clock.resume();
      await time.advance(0);
      expect(story).to.deep.equal([
        '100 first, clock at 100',
        '100 what the first set in motion',
        '100 message',
        '100 second',
      ]);
    });

    for (const [order, expected] of [
      ['timers first', ['timer 1', 'timer 2', 'message 1', 'message 2']],
      ['messages first', ['message 1', 'message 2', 'timer 1', 'timer 2']],
    ] as const) {
      it(`can find its ${order} after a pause`, async () => {
        clock.pause();
        for (const round of [1, 2]) {
          clock.after(10 * round, () => story.push(`timer ${round}`));
          time.at(10 * round, () => clock.receive(() => story.push(`message ${round}`)));
        }
        await time.advance(50);
        clock.resume(order);
        await time.advance(0);
        expect(story).to.deep.equal(expected);
      });
    }

    it('lets a message that comes right after a pause wait behind those that came before', async () => {
      clock.pause();
      clock.receive(tell('held'));
      time.at(10, () => clock.resume());
      time.at(10, () => clock.receive(tell('new')));
      await time.advance(10);
      expect(story).to.deep.equal(['10 held', '10 new']);
    });

    it('can cancel a timer that the pause has held, and can be paused again half-way', async () => {
      const cancel = clock.after(2, tell('cancelled'));
      clock.after(1, () => {
        tell('first')();
        cancel();
        clock.pause();
      });
      clock.after(3, tell('third'));
      clock.pause();
      await time.advance(10);
      clock.resume();
      await time.advance(10);
      expect(story).to.deep.equal(['10 first']);
      clock.resume();
      await time.advance(0);
      expect(story).to.deep.equal(['10 first', '20 third']);
    });

    it('does nothing any more once it is killed', async () => {
      clock.after(1, tell('timer'));
      time.at(1, () => clock.receive(tell('message')));
      clock.kill();
      clock.after(2, tell('timer of the dead'));
      clock.resume();
      await time.advance(10);
      expect(story).to.deep.equal([]);
      expect(clock.timers).to.deep.equal([]);
    });
  });
});
