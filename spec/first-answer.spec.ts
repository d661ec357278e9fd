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

  it('lasts for 3 s in any case, however long the start took', async () => {
    await time.tickAsync(10_000);
    const state = waiting();
    await time.tickAsync(2_999);
    expect(state.said).to.equal('nothing');
    await time.tickAsync(1);
    expect(state.said).to.equal('UNAVAILABLE');
  });

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
