import { expect } from 'chai';
import type { ElectionError } from '../lib/errors.js';
import { Bulkhead } from '../lib/etcd/bulkhead.js';
import type { VirtualClock } from './support/virtual-clock.js';
import { settle, VirtualTime } from './support/virtual-time.js';

describe('the requests of one client', () => {
  let time: VirtualTime;
  let clock: VirtualClock;
  let bulkhead: Bulkhead;
  let sent: number[];
  let story: string[];

  beforeEach(() => {
    time = new VirtualTime();
    clock = time.clock();
    bulkhead = new Bulkhead(clock);
    sent = [];
    story = [];
  });

  /** Sends requests number `from` to `to`. Each is answered after so many milliseconds, or refused. */
  const ask = (from: number, to: number, ms: number, error?: Error): void => {
    for (let n = from; n <= to; n++) {
      const send = (): Promise<number> => {
        sent.push(n);
        return new Promise((resolve, reject) => {
          clock.after(ms, () => (error === undefined ? resolve(n) : reject(error)));
        });
      };
      bulkhead.pass('read', send).then(
        (answer) => story.push(`${answer} answered`),
        ({ code, message }: ElectionError) => story.push(`${n} ${code ?? message}`),
      );
    }
  };

  it('are sent at once up to 64, and then in order as others are answered', async () => {
    ask(1, 64, 100);
    ask(65, 70, 50);
    await settle();
    expect(sent).to.have.length(64);
    await time.advance(101);
    expect(sent.slice(64)).to.deep.equal([65, 66, 67, 68, 69, 70]);
    await time.advance(100);
    expect(story).to.have.length(70);
    expect(clock.timers).to.deep.equal([]);
  });

  it('give their place to the next request also when they fail', async () => {
    ask(1, 64, 100, new Error('no'));
    ask(65, 65, 10);
    await time.advance(200);
    expect(story.filter((line) => line.endsWith(' no'))).to.have.length(64);
    expect(story.at(-1)).to.equal('65 answered');
    ask(66, 129, 10);
    await settle();
    expect(sent, 'all places are free again').to.have.length(129);
  });

  it('are given up unsent when they have waited for 4 s, which is an outage', async () => {
    ask(1, 64, 10_000);
    ask(65, 65, 10);
    await time.advance(3_999);
    expect(story).to.deep.equal([]);
    await time.advance(1);
    expect([story, sent.length]).to.deep.equal([['65 UNAVAILABLE'], 64]);
    ask(66, 66, 10);
    await time.advance(3_999);
    await time.advance(2_100);
    expect(story.filter((line) => !line.endsWith('answered'))).to.deep.equal(['65 UNAVAILABLE', '66 UNAVAILABLE']);
    ask(67, 130, 10);
    await time.advance(20);
    expect(story.at(-1)).to.equal('130 answered');
  });
});
