import { expect } from 'chai';
import { recordKeepAlive, recordWatch } from './support/store-recorders.js';
import { VirtualWorld } from './support/virtual-world.js';

describe('the model of etcd', () => {
  let world: VirtualWorld;

  beforeEach(() => {
    world = new VirtualWorld();
  });

  describe('whose refreshes go wrong', () => {
    beforeEach(async () => {
      world.follow('grant', world.store.grant(1n, 10));
      await world.time.advance(2);
    });
    const refreshed = (): number => (world.etcd.leases()[0]?.expiry ?? 0) - 10_000;

    it('can let replies come late, each behind the one before', async () => {
      world.etcd.next('keepAlive', { lateBy: 500 });
      const recorder = recordKeepAlive(world.store, 1n);
      recorder.stream.send();
      recorder.stream.send();
      await world.time.runUntil(503);
      expect(recorder.story).to.deep.equal([]);
      expect(refreshed()).to.equal(3);
      await world.time.runUntil(504);
      expect(recorder.story).to.deep.equal(['ttl 10', 'ttl 10']);
    });

    it('says nothing more on a stream that hung, even when all is well again', async () => {
      const recorder = recordKeepAlive(world.store, 1n);
      world.etcd.faults.keepAlive = 'hang';
      recorder.stream.send();
      await world.time.advance(1_000);
      world.etcd.faults.keepAlive = 'ok';
      recorder.stream.send();
      await world.time.advance(1_000);
      expect([recorder.story, refreshed()]).to.deep.equal([[], 1]);
      const another = recordKeepAlive(world.store, 1n);
      another.stream.send();
      await world.time.advance(2);
      expect(another.story).to.deep.equal(['ttl 10']);
    });

    for (const [fault, at] of [
      ['lose request', 1],
      ['lose reply', 3],
    ] as const) {
      it(`swallows one refresh with the fault "${fault}", and answers the next`, async () => {
        const recorder = recordKeepAlive(world.store, 1n);
        world.etcd.faults.keepAlive = fault;
        recorder.stream.send();
        await world.time.advance(10);
        expect([recorder.story, refreshed()]).to.deep.equal([[], at]);
        world.etcd.faults.keepAlive = 'ok';
        recorder.stream.send();
        await world.time.advance(10);
        expect(recorder.story).to.deep.equal(['ttl 10']);
      });
    }

    it('breaks the stream of a refresh that fails, and tells that once', async () => {
      const recorder = recordKeepAlive(world.store, 1n);
      world.etcd.faults.keepAlive = 'fail';
      recorder.stream.send();
      recorder.stream.send();
      await world.time.advance(10);
      recorder.stream.send();
      await world.time.advance(10);
      expect(recorder.story).to.deep.equal(['closed']);
      expect(world.store.open).to.deep.equal([]);
    });

    it('tell nothing after close, neither a reply nor the end', async () => {
      const [answered, broken] = [recordKeepAlive(world.store, 1n), recordKeepAlive(world.store, 1n)];
      answered.stream.send();
      world.store.breakStreams('keepAlive');
      answered.stream.close();
      broken.stream.close();
      await world.time.advance(10_000);
      expect([answered.story, broken.story, world.store.open]).to.deep.equal([[], [], []]);
    });

    it('waits for a raft leader, and ends the stream after 7 s without one', async () => {
      const recorder = recordKeepAlive(world.store, 1n);
      world.etcd.changeLeader();
      recorder.stream.send();
      await world.time.advance(999);
      expect(recorder.story).to.deep.equal([]);
      await world.time.advance(10);
      expect(recorder.story).to.deep.equal(['ttl 10']);
      world.etcd.loseQuorum();
      recorder.stream.send();
      await world.time.advance(6_900);
      expect(recorder.story).to.deep.equal(['ttl 10']);
      await world.time.advance(200);
      expect(recorder.story).to.deep.equal(['ttl 10', 'closed']);
    });
  });

  describe('whose watches go wrong', () => {
    it('can silence a stream that is open, pings and all', async () => {
      const recorder = recordWatch(world.store, '');
      recorder.watchAll(1, 2n);
      await world.time.advance(10);
      world.etcd.faults.watch = 'hang';
      world.etcd.put('a', 'x');
      await world.time.advance(10);
      world.etcd.faults.watch = 'ok';
      const { signs } = recorder;
      world.etcd.put('a', 'x');
      recorder.stream.ping();
      await world.time.advance(10_000);
      expect([recorder.story, recorder.signs]).to.deep.equal([['1 created'], signs]);
    });

    it('can break streams, of one kind or all', async () => {
      const [watch, keepAlive] = [recordWatch(world.store, ''), recordKeepAlive(world.store, 1n)];
      watch.watchAll(1, 2n);
      await world.time.advance(10);
      expect([...world.store.open].sort()).to.deep.equal(['keepAlive 1', 'watch ', 'watch stream']);
      world.store.breakStreams('watch');
      await world.time.advance(10);
      expect([watch.story, keepAlive.story]).to.deep.equal([['1 created', 'closed'], []]);
      world.store.breakStreams();
      await world.time.advance(10);
      expect(keepAlive.story).to.deep.equal(['closed']);
    });

    it('can delay events', async () => {
      const recorder = recordWatch(world.store, '');
      recorder.watchAll(1, 2n);
      await world.time.advance(10);
      world.etcd.faults.watch = { lateBy: 300 };
      world.etcd.put('a', 'x');
      await world.time.advance(300);
      expect(recorder.story).to.deep.equal(['1 created']);
      await world.time.advance(1);
      expect(recorder.story).to.deep.equal(['1 created', '1: put a']);
    });
  });

  it('may end a stream whose answer is overdue, and then says so', async () => {
    world = new VirtualWorld({ silence: 'either' });
    const ends = new Set<string>();
    for (let round = 0; round < 20; round += 1) {
      let end = 'still open';
      const stream = world.store.keepAlive(1n, {
        reply: () => {},
        closed: () => {
          end = 'closed';
        },
      });
      stream.overdue();
      await world.time.advance(10);
      ends.add(end);
      stream.close();
    }
    expect([...ends].sort()).to.deep.equal(['closed', 'still open']);
    expect(world.store.open).to.deep.equal([]);
  });
});
