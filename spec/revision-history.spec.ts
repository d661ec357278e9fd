import { expect } from 'chai';
import { RevisionHistory } from '../lib/store/revision-history.js';
import type { VirtualClock } from './support/virtual-clock.js';
import { VirtualTime } from './support/virtual-time.js';

describe('the history of etcd that a client has seen', () => {
  let time: VirtualTime;
  let clock: VirtualClock;
  let history: RevisionHistory;

  beforeEach(() => {
    time = new VirtualTime();
    clock = time.clock();
    history = new RevisionHistory(clock);
    history.judge({ revision: 100n, cluster: 1n }, 0n, undefined);
  });

  const judge = (revision: bigint, cluster?: bigint): string =>
    history.judge({ revision, cluster }, history.revision, history.doubted);

  it('takes an answer of the same revision, or of a newer one, for current', () => {
    expect([judge(100n, 1n), judge(107n, 1n), history.revision]).to.deep.equal(['current', 'current', 107n]);
  });

  it('takes an answer for older that does not know what an earlier answer or an event has told', () => {
    history.saw(101n);
    expect([judge(100n, 1n), history.revision]).to.deep.equal(['older', 101n]);
  });

  it('takes an answer for current whose request was sent before the newer event came', () => {
    history.saw(105n);
    expect(history.judge({ revision: 103n, cluster: 1n }, 102n, undefined)).to.equal('current');
    expect(history.revision).to.equal(105n);
  });

  it('begins anew when there were none but older answers for ten seconds, and not a millisecond before', async () => {
    for (const at of [0, 4_000, 8_000, 9_999]) {
      await time.runUntil(at);
      expect(judge(3n, 1n), String(at)).to.equal('older');
    }
    await time.runUntil(10_000);
    expect([judge(4n, 1n), history.revision, judge(4n, 1n)]).to.deep.equal(['new epoch', 4n, 'current']);
  });

  for (const [what, hear] of [
    ['a current answer', (): unknown => judge(100n, 1n)],
    ['a newer event', (): unknown => history.saw(101n)],
  ] as const) {
    it(`does not begin anew when ${what} has come in between`, async () => {
      for (const at of [0, 4_000, 6_000]) {
        await time.runUntil(at);
        judge(3n, 1n);
      }
      hear();
      await time.runUntil(10_000);
      expect(judge(3n, 1n)).to.equal('older');
    });
  }

  for (const [what, revision, cluster] of [
    ['has gone back once more', 2n, 1n],
    ['names yet another cluster', 80n, 2n],
  ] as const) {
    it(`waits once more when etcd ${what} before it was believed`, async () => {
      for (const [at, older] of [
        [0, 30n],
        [4_000, 60n],
        [8_000, 77n],
      ] as const) {
        await time.runUntil(at);
        expect(judge(older, 1n), String(at)).to.equal('older');
      }
      for (const at of [9_900, 14_000, 18_000, 19_899]) {
        await time.runUntil(at);
        expect(judge(revision, cluster), String(at)).to.equal('older');
      }
      await time.runUntil(19_900);
      expect(judge(revision, cluster)).to.equal('new epoch');
    });
  }

  it('believes no event of another cluster, though the first answer did not name it', () => {
    expect([judge(90n, undefined), judge(90n, 2n)]).to.deep.equal(['older', 'older']);
    history.saw(120n);
    expect([history.revision, judge(120n, 2n)]).to.deep.equal([100n, 'older']);
  });

  it('is not kept waiting by older answers that overtake each other', async () => {
    expect(judge(5n, 1n)).to.equal('older');
    const { doubted } = history;
    await time.runUntil(4_000);
    expect(judge(9n, 1n)).to.equal('older');
    await time.runUntil(8_000);
    expect(history.judge({ revision: 7n, cluster: 1n }, history.revision, doubted)).to.equal('older');
    await time.runUntil(10_000);
    expect(judge(9n, 1n)).to.equal('new epoch');
  });

  it('does not begin anew by two older answers with a long silence between them', async () => {
    judge(3n, 1n);
    await time.runUntil(60_000);
    expect(judge(3n, 1n)).to.equal('older');
  });

  it('takes an answer of another cluster for older, whatever its revision, and believes it in the end', async () => {
    for (const at of [0, 5_000]) {
      await time.runUntil(at);
      expect(judge(1_000n, 2n)).to.equal('older');
    }
    await time.runUntil(10_000);
    expect(judge(1_000n, 2n)).to.equal('new epoch');
    expect([judge(1_001n, 2n), judge(1_002n, 1n)]).to.deep.equal(['current', 'older']);
  });

  it('is not kept waiting by the events of another cluster, whatever their revision', async () => {
    expect(judge(90n, 2n)).to.equal('older');
    for (const at of [4_000, 8_000]) {
      await time.runUntil(at);
      history.saw(history.revision + 10n);
      expect(judge(history.revision + 20n, 2n), String(at)).to.equal('older');
    }
    await time.runUntil(10_000);
    expect(judge(130n, 2n)).to.equal('new epoch');
    history.saw(140n);
    expect(history.revision).to.equal(140n);
  });

  it('waits for as long as a leader of the old history may go by its lease', async () => {
    history.waitAtLeast(30_000);
    history.waitAtLeast(5_000);
    for (let at = 0; at < 30_000; at += 5_000) {
      await time.runUntil(at);
      expect(judge(3n, 1n), String(at)).to.equal('older');
    }
    await time.runUntil(30_000);
    expect(judge(3n, 1n)).to.equal('new epoch');
  });
});
