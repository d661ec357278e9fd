import { expect } from 'chai';
import { ElectionError } from '../lib/errors.js';
import { EpochCheck } from '../lib/lease/epoch-check.js';
import type { Header } from '../lib/store/store.js';
import { VirtualTime } from './support/virtual-time.js';

describe('the check whether a lease comes from an epoch of etcd that is over', () => {
  let time: VirtualTime;
  let answer: () => Promise<number | undefined>;
  let asked: number;
  let story: string[];
  let check: EpochCheck;

  const build = (epoch: number | undefined): void => {
    time = new VirtualTime();
    asked = 0;
    story = [];
    answer = () => Promise.resolve(0);
    const currentEpoch = (): Promise<number | undefined> => {
      asked++;
      return answer();
    };
    check = new EpochCheck({ clock: time.clock(), currentEpoch }, epoch, () => story.push('over'));
  };
  beforeEach(() => build(0));

  const current = (epoch: number): Header => ({ revision: 100n, cluster: 1n, epoch });
  const older = (revision = 90n, cluster = 1n): Header => ({ revision, cluster });

  /** The lease is refreshed, and whatever follows from that has happened. */
  const refreshed = async (header: Header | undefined): Promise<void> => {
    check.refreshed(header);
    await time.advance(1);
  };

  it('asks for nothing while refreshes are answered with what is current, or with no header', async () => {
    for (const header of [current(0), undefined, current(0)]) await refreshed(header);
    expect([asked, story]).to.deep.equal([0, []]);
  });

  it('gives the lease up as soon as a refresh is answered out of another epoch', async () => {
    await refreshed(current(1));
    expect([asked, story]).to.deep.equal([0, ['over']]);
  });

  it('asks once after an answer older than before, and gives the lease up when etcd itself is behind', async () => {
    answer = () => Promise.resolve(undefined);
    await refreshed(older());
    expect([asked, story]).to.deep.equal([1, ['over']]);
  });

  it('gives the lease up when etcd answers out of another epoch', async () => {
    answer = () => Promise.resolve(1);
    await refreshed(older());
    expect([asked, story]).to.deep.equal([1, ['over']]);
  });

  it('leaves a member that lags alone for a minute, and then asks once more', async () => {
    for (let at = 0; at < 60_000; at += 3_000) {
      await time.runUntil(at);
      await refreshed(older(90n + BigInt(at / 3_000)));
    }
    expect(asked).to.equal(1);
    await time.runUntil(60_001);
    await refreshed(older(200n));
    await refreshed(older(201n));
    expect([asked, story]).to.deep.equal([2, []]);
  });

  for (const [what, header] of [
    ['with a revision that is older still', older(89n)],
    ['of another cluster', older(95n, 2n)],
  ] as const) {
    it(`asks again within the minute when there is an answer ${what}`, async () => {
      await refreshed(older());
      answer = () => Promise.resolve(undefined);
      await refreshed(header);
      expect([asked, story]).to.deep.equal([2, ['over']]);
    });
  }

  it('asks again at the next refresh when nobody has answered', async () => {
    answer = () => Promise.reject(new ElectionError('UNAVAILABLE', 'no answer'));
    for (let times = 0; times < 3; times++) await refreshed(older());
    expect([asked, story]).to.deep.equal([3, []]);
    answer = () => Promise.resolve(undefined);
    await refreshed(older());
    expect(story).to.deep.equal(['over']);
  });

  it('leaves etcd alone for a minute when the read is refused', async () => {
    answer = () => Promise.reject(new ElectionError('PERMISSION_DENIED', 'no'));
    for (let times = 0; times < 3; times++) await refreshed(older());
    expect([asked, story]).to.deep.equal([1, []]);
  });

  it('has one read under way at a time', async () => {
    let resolve = (_: number | undefined): void => {};
    answer = () =>
      new Promise((settle) => {
        resolve = settle;
      });
    for (let times = 0; times < 3; times++) await refreshed(older());
    expect(asked).to.equal(1);
    resolve(undefined);
    await time.advance(1);
    expect(story).to.deep.equal(['over']);
  });

  it('says nothing any more once it is closed', async () => {
    answer = () => Promise.resolve(undefined);
    check.refreshed(older());
    check.close();
    await time.advance(1);
    await refreshed(current(1));
    expect([asked, story]).to.deep.equal([1, []]);
  });

  it('does not ask for a lease that was granted in doubt, and takes the first epoch for its own', async () => {
    build(undefined);
    await refreshed(older());
    await refreshed(current(1));
    expect([asked, story]).to.deep.equal([0, []]);
    await refreshed(current(2));
    expect(story).to.deep.equal(['over']);
  });
});
