import { expect } from 'chai';
import type { ContractContext } from './context.js';

export function rangeSpecs(spec: ContractContext): void {
  describe('with ranges', () => {
    let revisions: bigint[];

    beforeEach(async () => {
      revisions = [];
      for (const keys of [['c'], ['a'], ['e', 'b', 'd']]) {
        revisions.push((await spec.commit(...keys.map((key) => spec.put(key)))).revision);
      }
    });

    it('orders by creation, and keys of one revision by key', async () => {
      expect(spec.names(await spec.commit(spec.range('oldest', 0)))).to.deep.equal(['c', 'a', 'b', 'd', 'e']);
      expect(spec.names(await spec.commit(spec.range('newest', 0)))).to.deep.equal(['b', 'd', 'e', 'a', 'c']);
    });

    it('takes the limit after the order, and counts all', async () => {
      const oldest = await spec.commit(spec.range('oldest', 1));
      const newest = await spec.commit(spec.range('newest', 2));
      expect(spec.names(oldest)).to.deep.equal(['c']);
      expect(spec.names(newest)).to.deep.equal(['b', 'd']);
      expect([oldest.ranges[0]?.count, newest.ranges[0]?.count]).to.deep.equal([5, 5]);
    });

    it('finds the key before a revision, and counts all all the same', async () => {
      const before = await spec.commit(spec.range('newest', 1, revisions[1]));
      expect(spec.names(before)).to.deep.equal(['a']);
      expect(before.ranges[0]?.count).to.equal(5);
      expect(spec.names(await spec.commit(spec.range('newest', 1, (revisions[0] ?? 0n) - 1n)))).to.deep.equal([]);
    });

    it('leaves the values out when only the keys are wanted, and nothing else', async () => {
      const [wanted] = (await spec.commit(spec.range('oldest', 2))).ranges;
      const bare = await spec.commit(spec.keys('oldest', 2));
      expect(wanted?.kvs.map(({ value }) => value.toString())).to.deep.equal(['x', 'x']);
      expect(bare.ranges[0]).to.deep.equal({
        kvs: wanted?.kvs.map((kv) => ({ ...kv, value: Buffer.alloc(0) })),
        count: 5,
      });
    });
  });
}
