import { expect } from 'chai';
import { recordWatch } from './support/store-recorders.js';
import { VirtualWorld } from './support/virtual-world.js';

describe('the model of etcd', () => {
  let world: VirtualWorld;

  beforeEach(() => {
    world = new VirtualWorld();
  });

  describe('has watches that', () => {
    it('hear of the past 100 ms later, and in one batch, and of the future at once', async () => {
      world = new VirtualWorld({ latency: 0 });
      world.etcd.put('a', '1');
      world.etcd.put('a', '2');
      const recorder = recordWatch(world.store, '');
      recorder.stream.create(1, 'a', undefined, 2n);
      recorder.stream.create(2, 'a', undefined, 4n);
      await world.time.advance(50);
      world.etcd.put('a', '3');
      await world.time.advance(49);
      expect(recorder.story).to.deep.equal(['1 created', '2 created', '2: put a']);
      await world.time.advance(1);
      expect(recorder.story.slice(3)).to.deep.equal(['1: put a, put a, put a']);
      world.etcd.put('a', '4');
      await world.time.advance(0);
      expect(recorder.story.slice(4)).to.deep.equal(['1: put a', '2: put a']);
    });

    it('are not disturbed by compaction once they are in step', async () => {
      const recorder = recordWatch(world.store, '');
      recorder.stream.create(1, 'a', undefined, world.etcd.revision + 1n);
      await world.time.advance(10);
      world.etcd.put('b', '1');
      world.etcd.put('b', '2');
      world.etcd.compact();
      world.etcd.put('a', '1');
      await world.time.advance(10);
      expect(recorder.story).to.deep.equal(['1 created', '1: put a']);
    });

    it('miss a deletion in the very revision that was compacted, and are not told so', async () => {
      world.etcd.put('a', '1');
      world.etcd.delete('a');
      world.etcd.compact();
      world.etcd.put('a', '2');
      const recorder = recordWatch(world.store, '');
      recorder.watchAll(1, 3n);
      await world.time.advance(200);
      expect(recorder.story).to.deep.equal(['1 created', '1: put a']);
      expect(recorder.events.map(({ revision }) => revision)).to.deep.equal([4n]);
    });

    it('keep their own order, and none among each other', async () => {
      world = new VirtualWorld({ seed: 3, watchDelay: [0, 50] });
      const recorder = recordWatch(world.store, '');
      for (const id of [1, 2]) recorder.stream.create(id, 'a', 'z', 2n);
      await world.time.advance(10);
      for (let index = 0; index < 50; index += 1) {
        world.etcd.put(`k${index}`, 'x');
        await world.time.advance(5);
      }
      await world.time.advance(100);
      const of = (id: number): string[] => recorder.story.filter((line) => line.startsWith(`${id}:`));
      const expected = (id: number): string[] => Array.from({ length: 50 }, (_, index) => `${id}: put k${index}`);
      expect(of(1)).to.deep.equal(expected(1));
      expect(of(2)).to.deep.equal(expected(2));
      const firstOfPairs = recorder.events.map(({ key }) => key).join();
      expect(firstOfPairs).not.to.equal(Array.from({ length: 100 }, (_, index) => `k${index >> 1}`).join());
    });

    it('hear of a change that was on its way when they were cancelled, and of nothing later', async () => {
      world = new VirtualWorld({ latency: 5 });
      const recorder = recordWatch(world.store, '');
      recorder.stream.create(1, 'a', undefined, 2n);
      await world.time.advance(20);
      world.etcd.put('a', 'on its way');
      recorder.stream.cancel(1);
      await world.time.advance(20);
      world.etcd.put('a', 'too late');
      await world.time.advance(20);
      expect(recorder.story).to.deep.equal(['1 created', '1: put a', '1 cancelled']);
    });

    it('can be cancelled by the server one by one', async () => {
      const recorder = recordWatch(world.store, '');
      recorder.stream.create(1, 'a', undefined, 2n);
      recorder.stream.create(2, 'b', undefined, 2n);
      await world.time.advance(10);
      world.etcd.connections[0]?.cancelWatches('a');
      await world.time.advance(10);
      expect(recorder.story.slice(2)).to.deep.equal(['1 cancelled']);
      expect(world.etcd.connections[0]?.open).to.deep.equal(['watch stream', 'watch b']);
    });

    it('end within 5 s on a member that has lost its peers, which answers pings until then', async () => {
      const recorder = recordWatch(world.store, '');
      recorder.stream.create(1, 'a', undefined, 2n);
      await world.time.advance(10);
      for (const id of [1, 2, 3]) world.etcd.member(id).condition = 'isolated';
      const signs = recorder.signs;
      recorder.stream.ping();
      await world.time.advance(4_980);
      expect([recorder.signs, recorder.story]).to.deep.equal([signs + 1, ['1 created']]);
      await world.time.advance(100);
      expect(recorder.story).to.deep.equal(['1 created', 'closed']);
    });

    it('hear of what happened meanwhile when their member finds its peers again', async () => {
      const recorder = recordWatch(world.store, '');
      recorder.stream.create(1, 'a', undefined, 2n);
      await world.time.advance(10);
      for (const id of [1, 2, 3]) world.etcd.member(id).condition = 'isolated';
      world.etcd.put('a', '1');
      world.etcd.put('a', '2');
      await world.time.advance(1_000);
      expect(recorder.story).to.deep.equal(['1 created']);
      world.etcd.heal();
      await world.time.advance(2_000);
      expect(recorder.story).to.deep.equal(['1 created', '1: put a, put a']);
    });
  });
});
