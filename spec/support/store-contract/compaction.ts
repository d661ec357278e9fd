import { expect } from 'chai';
import { RevisionGone } from '../../../lib/store/store.js';
import type { ContractContext } from './context.js';

/** These specs need a store whose history somebody can shorten. No call of `Store` does that. */
export function compactionSpecs(spec: ContractContext): void {
  describe('with watches after a compaction', () => {
    it('cancels a watch from before the compaction, and says from which revision it is possible', async () => {
      const { revision } = await spec.commit(spec.put('a'));
      await spec.commit(spec.put('a'));
      const { revision: last } = await spec.commit(spec.put('a'));
      await spec.compact(last);
      const recorder = spec.watch();
      recorder.watchAll(1, revision);
      recorder.watchAll(2, last);
      await recorder.until((story) => story.length === 4);
      expect([...recorder.story].sort()).to.deep.equal([
        '1 cancelled, compacted at its own revision + 2',
        '1 created',
        '2 created',
        '2: put a',
      ]);
    });
  });

  describe('with reads after a compaction', () => {
    // Not in a transaction that writes: etcd's members would differ from then on.
    it('refuses those of an earlier revision, and answers the others', async () => {
      const { revision: first } = await spec.commit(spec.put('a'));
      const { revision: second } = await spec.commit(spec.put('b'));
      await spec.commit({ type: 'delete', key: `${spec.prefix}a` });
      await spec.compact(second);
      const refusal = await spec.commit(spec.rangeAt(first, 0)).catch((err: unknown) => err);
      expect(refusal).to.be.an.instanceOf(RevisionGone).with.property('code', 'UNAVAILABLE');
      expect(spec.names(await spec.commit(spec.rangeAt(second, 0)))).to.deep.equal(['a', 'b']);
      expect(spec.names(await spec.commit(spec.range('key', 0)))).to.deep.equal(['b']);
    });
  });
}
