import { expect } from 'chai';
import type { Election } from '../lib/election.js';
import { World } from './support/world.js';

/** docs/operations.md, "Keys of others in the queue", says who tells of these keys, and what more would cost. */
for (const tellsLeases of [true, false]) {
  describe(`a key in the queue that a join does not see${tellsLeases ? '' : ', on etcd 3.7'}`, () => {
    let world: World;

    beforeEach(() => {
      world = new World({ tellsLeases });
    });

    const told = (election: Election): string[] => {
      const codes: string[] = [];
      election.on('error', ({ code }) => codes.push(code));
      return codes;
    };

    /** Somebody has written a candidate's key again without its lease, and the candidate has gone. */
    const namedLikeOurs = async (): Promise<void> => world.etcd.put('jobs/4000000000000001', 'x');

    /** The ninth of nine keys that are named like those of other clients. */
    const behindEight = async (): Promise<void> => {
      const { store } = world.process('other');
      for (let n = 0; n < 8; n++) {
        const lease = 0x3000_0000_0000_0000n + BigInt(n);
        await world.settled(store.grant(lease, 600));
        world.etcd.put(`jobs/${lease.toString(16)}`, 'other', lease);
      }
      world.etcd.put('jobs/39', 'x');
    };

    for (const [what, put] of Object.entries({
      'named like a key of this library': namedLikeOurs,
      'behind eight names of other clients': behindEight,
    })) {
      it(`is told once by the candidate just behind it, without observation, and by no other: ${what}`, async () => {
        await put();
        const all = Array.from({ length: 3 }, (_, n) => world.candidate(`c${n}`, { observe: false }).election);
        const codes = all.map(told);
        await world.queued(...all);
        await world.advance(60_000);
        expect(codes).to.deep.equal([['BLOCKED'], [], []]);
      });
    }

    it('is told once by all who observe, as soon as it is the first', async () => {
      await namedLikeOurs();
      const all = Array.from({ length: 3 }, (_, n) => world.candidate(`c${n}`).election);
      const codes = all.map(told);
      await world.queued(...all);
      await world.advance(60_000);
      expect(codes).to.deep.equal([['BLOCKED'], ['BLOCKED'], ['BLOCKED']]);
    });
  });
}
