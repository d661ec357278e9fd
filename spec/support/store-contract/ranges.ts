import { expect } from 'chai';
import { RevisionGone } from '../../../lib/store/store.js';
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

    it('orders by name, and takes the limit after that', async () => {
      expect(spec.names(await spec.commit(spec.range('key', 0)))).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
      const two = await spec.commit(spec.range('key', 2));
      expect([spec.names(two), two.ranges[0]?.count]).to.deep.equal([['a', 'b'], 5]);
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

    it('shows the keys as they were at a revision', async () => {
      const before = await spec.commit(spec.range('key', 2));
      await spec.commit(spec.put('c', 'y'), spec.put('bb'));
      await spec.commit({ type: 'delete', key: `${spec.prefix}a` });
      const then = await spec.commit(spec.rangeAt(before.revision, 0));
      expect(spec.names(then)).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
      expect(then.ranges[0]?.kvs.map(({ value }) => value.toString())).to.deep.equal(['x', 'x', 'x', 'x', 'x']);
      const first = await spec.commit(spec.rangeAt(revisions[0] ?? 0n, 0));
      expect([spec.names(first), first.revision > before.revision]).to.deep.equal([['c'], true]);
      const two = await spec.commit(spec.rangeAt(before.revision, 2));
      expect(two.ranges[0]).to.deep.equal(before.ranges[0]);
      const now = await spec.commit(spec.rangeAt(then.revision, 0));
      expect(spec.names(now)).to.deep.equal(['b', 'bb', 'c', 'd', 'e']);
    });

    it('refuses a read at a revision that is still to come', async () => {
      const { revision } = await spec.commit(spec.put('a'));
      const error = await spec.commit(spec.rangeAt(revision + 1_000_000n, 0)).catch((err: unknown) => err);
      expect(error).to.be.an.instanceOf(RevisionGone).with.property('code', 'UNAVAILABLE');
    });

    it('leaves the values out when only the keys are wanted, and nothing else but all leases', async () => {
      await spec.commit(spec.put('f', 'x', await spec.newLease()), spec.put('g', 'x', await spec.newLease()));
      const [wanted] = (await spec.commit(spec.range('newest', 3))).ranges;
      const bare = (await spec.commit(spec.keys('newest', 3))).ranges[0];
      expect(wanted?.kvs.map(({ value }) => value.toString())).to.deep.equal(['x', 'x', 'x']);
      const without = wanted?.kvs.map((kv) => ({ ...kv, value: Buffer.alloc(0) }));
      const tellsLeases = bare?.kvs.some(({ lease }) => lease !== 0n); // etcd does before 3.7
      const kvs = tellsLeases ? without : without?.map((kv) => ({ ...kv, lease: 0n }));
      expect(bare).to.deep.equal({ kvs, count: 7 });
    });
  });
}
