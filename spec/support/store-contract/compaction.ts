import { expect } from 'chai';
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
}
