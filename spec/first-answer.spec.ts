import { expect } from 'chai';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { firstAnswer } from '../lib/cli/first-answer.js';
import { withResolvers } from '../lib/common/deferred.js';
import { tracked } from './support/track.js';

describe('the patience of the command line with etcd', () => {
  let time: SinonFakeTimers;

  beforeEach(() => {
    time = tracked(useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  });

  /** What has come of a request that etcd does not answer. */
  const waiting = (): { said: string } => {
    const state = { said: 'nothing' };
    firstAnswer(new Promise(() => {})).catch(({ code }: { code: string }) => {
      state.said = code;
    });
    return state;
  };

  it('ends 4.2 s after the start of the process', async () => {
    const state = waiting();
    await time.tickAsync(4_199);
    expect(state.said).to.equal('nothing');
    await time.tickAsync(1);
    expect(state.said).to.equal('UNAVAILABLE');
  });

  for (const [startedIn, patience] of [
    [1_400, 3_000],
    [2_500, 5_000],
    [10_000, 6_000],
  ] as const) {
    it(`lasts ${patience / 1_000} s on a machine on which the start took ${startedIn / 1_000} s`, async () => {
      await time.tickAsync(startedIn);
      const state = waiting();
      await time.tickAsync(patience - 1);
      expect(state.said).to.equal('nothing');
      await time.tickAsync(1);
      expect(state.said).to.equal('UNAVAILABLE');
    });
  }

  it('does not run out while the process stands still: it hears what etcd has answered meanwhile', async () => {
    const answer = withResolvers<string>();
    const asked = firstAnswer(answer.promise);
    await time.tickAsync(50);
    time.jump(60_000); // its timers are due before it reads from its sockets
    answer.resolve('here I am');
    expect(await asked).to.equal('here I am');
    expect(time.countTimers()).to.equal(0);
  });
});
