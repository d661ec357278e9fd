import { expect } from 'chai';
import { MemberHealth } from '../lib/etcd/member-health.js';
import { VirtualTime } from './support/virtual-time.js';

describe('the members that did not answer', () => {
  let time: VirtualTime;
  let members: MemberHealth;
  const A = 'dns:10.0.0.1:2379';

  beforeEach(() => {
    time = new VirtualTime();
    members = new MemberHealth(time.clock());
  });
  /** Milliseconds from now on for which the member is avoided. */
  const avoidance = async (): Promise<number> => {
    const startedAt = time.now;
    while (members.avoid(A)) await time.advance(500);
    return time.now - startedAt;
  };

  it('are none at first', () => {
    expect(members.avoid(A)).to.equal(false);
    members.answered(A);
    expect(members.avoid(A)).to.equal(false);
  });

  it('are avoided for 5 s after a silence, to the millisecond, and others are not', async () => {
    members.silent(A);
    await time.advance(4_999);
    expect([members.avoid(A), members.avoid('dns:10.0.0.2:2379')]).to.deep.equal([true, false]);
    await time.advance(1);
    expect(members.avoid(A)).to.equal(false);
  });

  it('are avoided for longer with each silence in a row, for a minute at the most', async () => {
    const avoided: number[] = [];
    for (let n = 1; n <= 6; n += 1) {
      expect(members.silent(A)).to.equal(n);
      avoided.push(await avoidance());
    }
    expect(avoided).to.deep.equal([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it('are as good as new after an answer', () => {
    members.silent(A);
    members.silent(A);
    members.answered(A);
    expect(members.avoid(A)).to.equal(false);
    expect(members.silent(A)).to.equal(1);
  });

  it('are tried again after a second when they refused the connection, which forgives no silence', async () => {
    members.silent(A);
    members.failed(A);
    expect(await avoidance()).to.equal(1_000);
    expect(members.silent(A)).to.equal(2);
  });
});
