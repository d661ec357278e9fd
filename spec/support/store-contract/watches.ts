import { expect } from 'chai';
import type { ContractContext } from './context.js';

export function watchSpecs(spec: ContractContext): void {
  describe('with watches', () => {
    it('tells of what happens from now on, in order, all of one revision together', async () => {
      const { revision } = await spec.commit(spec.put('old'));
      const recorder = spec.watch();
      recorder.watchAll(1, revision + 1n);
      await recorder.until((story) => story.length === 1);
      await spec.commit(spec.put('b'), spec.put('a'));
      await spec.commit({ type: 'delete', key: `${spec.prefix}b` }, spec.put('a'));
      await recorder.until((story) => story.length === 3);
      expect(recorder.story).to.deep.equal(['1 created', '1: put b, put a', '1: delete b, put a']);
    });

    it('names the cluster that tells an event by the id that answers have', async () => {
      const { revision, cluster } = await spec.commit(spec.put('a'));
      const recorder = spec.watch();
      recorder.watchAll(1, revision);
      await recorder.until((story) => story.includes('1: put a'));
      expect(recorder.cluster).to.equal(cluster);
    });

    it('misses nothing between a read and its watch', async () => {
      const { revision } = await spec.commit(spec.put('a', 'one'));
      const second = await spec.commit(spec.put('a', 'two'));
      const third = await spec.commit({ type: 'delete', key: `${spec.prefix}a` });
      const recorder = spec.watch();
      recorder.stream.create(7, `${spec.prefix}a`, undefined, revision + 1n);
      await recorder.until((story) => story.join().includes('delete'));
      const events = recorder.events.map(({ type, kv }) => `${type} ${kv?.value.toString() ?? ''}`);
      expect(events).to.deep.equal(['put two', 'delete ']);
      expect(recorder.events.map((event) => event.revision)).to.deep.equal([second.revision, third.revision]);
    });

    it('tells each watch of its own keys only, and nothing once it is cancelled', async () => {
      const { revision } = await spec.commit(spec.put('old'));
      const recorder = spec.watch();
      recorder.stream.create(1, `${spec.prefix}a`, undefined, revision + 1n);
      recorder.stream.create(2, `${spec.prefix}b`, undefined, revision + 1n);
      await recorder.until((story) => story.length === 2);
      recorder.stream.cancel(1);
      recorder.stream.ping();
      await recorder.until(() => recorder.signs > 2);
      await spec.commit(spec.put('a'), spec.put('b'), spec.put('c'));
      await recorder.until((story) => story.includes('2: put b'));
      // A store may or may not tell the end of a watch that the caller has cancelled.
      const told = recorder.story.filter((line) => line !== '1 cancelled').sort();
      expect(told).to.deep.equal(['1 created', '2 created', '2: put b']);
    });

    it('tells what happens in a range in order, all of one revision together', async () => {
      const { revision } = await spec.commit(spec.put('b'), spec.put('c'), spec.put('a'));
      const recorder = spec.watch();
      const [first, end] = [`${spec.prefix}a`, `${spec.prefix}c\0`];
      recorder.stream.create(3, first, end, revision + 1n);
      await recorder.until((story) => story.length === 1);
      await spec.commit(spec.put('b'));
      await spec.commit({ type: 'delete', key: `${spec.prefix}c` }, spec.put('b'), {
        type: 'delete',
        key: `${spec.prefix}a`,
      });
      await spec.commit({ type: 'delete', key: `${spec.prefix}b` });
      await recorder.until((story) => story.length === 4);
      const told = ['3 created', '3: put b', '3: delete c, put b, delete a', '3: delete b'];
      expect(recorder.story).to.deep.equal(told);
    });

    it('begins now when asked to begin at 0, and says which revision was the newest', async () => {
      const recorder = spec.watch();
      const { revision } = await spec.commit(spec.put('a'));
      recorder.watchAll(1, 0n);
      await recorder.until((story) => story.length === 1);
      expect(Number(recorder.createdAt.get(1))).to.be.at.least(Number(revision));
      await spec.commit(spec.put('b'));
      await recorder.until((story) => story.length === 2);
      expect(recorder.story).to.deep.equal(['1 created', '1: put b']);
    });

    it('gives a sign of life when asked', async () => {
      const recorder = spec.watch();
      recorder.watchAll(1, (await spec.commit(spec.put('a'))).revision + 1n);
      await recorder.until((story) => story.length === 1);
      const before = recorder.signs;
      recorder.stream.ping();
      await recorder.until(() => recorder.signs > before);
      expect(recorder.story).to.deep.equal(['1 created']);
    });

    it('tells nothing after close', async () => {
      const { revision } = await spec.commit(spec.put('a'));
      const [closed, open] = [spec.watch(), spec.watch()];
      for (const recorder of [closed, open]) {
        recorder.watchAll(1, revision + 1n);
        await recorder.until((story) => story.length === 1);
      }
      closed.stream.close();
      await spec.commit(spec.put('a'));
      await open.until((story) => story.length === 2);
      expect(closed.story).to.deep.equal(['1 created']);
    });
  });
}
