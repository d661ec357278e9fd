import { expect } from 'chai';
import { recordWatch } from './support/store-recorders.js';
import { VirtualWorld } from './support/virtual-world.js';

describe('the model of etcd', () => {
  let world: VirtualWorld;

  beforeEach(() => {
    world = new VirtualWorld();
  });

  describe('whose members and networks fail', () => {
    it('refuses at once, and ends its streams, on a member that is down', async () => {
      const recorder = recordWatch(world.store, '');
      await world.time.advance(10);
      for (const id of [1, 2, 3]) world.etcd.member(id).condition = 'down';
      world.follow('grant', world.store.grant(1n, 5));
      await world.time.advance(10);
      expect([recorder.story, world.story]).to.deep.equal([['closed'], ['11 grant: UNAVAILABLE']]);
    });

    it('swallows what comes to a silent member, and breaks its streams when the silence ends', async () => {
      const recorder = recordWatch(world.store, '');
      recorder.watchAll(1, 2n);
      await world.time.advance(10);
      for (const id of [1, 2, 3]) world.etcd.member(id).condition = 'silent';
      world.follow('txn', world.create());
      world.etcd.put('b', 'x');
      await world.time.advance(9_990);
      expect([world.story, recorder.story, world.version()]).to.deep.equal([
        ['2010 txn: UNAVAILABLE'],
        ['1 created'],
        0,
      ]);
      world.etcd.heal();
      await world.time.advance(100);
      expect([recorder.story, world.version()]).to.deep.equal([['1 created', 'closed'], 0]);
    });

    it('lets everything arrive in the end after a silence with `delays`', async () => {
      world = new VirtualWorld({ silence: 'delays' });
      const recorder = recordWatch(world.store, '');
      recorder.watchAll(1, 2n);
      await world.time.advance(10);
      world.store.network = 'silent';
      world.follow('txn', world.create());
      world.etcd.put('b', '1');
      world.etcd.put('b', '2');
      await world.time.advance(9_990);
      expect([world.story, recorder.story]).to.deep.equal([['2010 txn: UNAVAILABLE'], ['1 created']]);
      world.store.network = 'up';
      await world.time.advance(100);
      expect(recorder.story).to.deep.equal(['1 created', '1: put b', '1: put b', '1: put a']);
      expect(world.version()).to.equal(1);
    });

    it('does what a mute member is told, and answers nothing', async () => {
      for (const id of [1, 2, 3]) world.etcd.member(id).condition = 'mute';
      world.follow('txn', world.create());
      await world.time.advance(2_000);
      expect([world.story, world.version()]).to.deep.equal([['2000 txn: UNAVAILABLE'], 1]);
    });

    it('cuts off one process and not the other', async () => {
      const other = world.etcd.connect({ name: 'two' });
      world.store.network = 'silent';
      world.follow('one', world.store.grant(1n, 5));
      world.follow('two', other.grant(2n, 5));
      await world.time.advance(2_000);
      expect(world.story).to.deep.equal(['2 two: 5', '2000 one: UNAVAILABLE']);
    });

    it('slows one process down, each way', async () => {
      world.store.lag = 100;
      world.follow('one', world.store.grant(1n, 5));
      await world.time.advance(1_000);
      expect(world.story).to.deep.equal(['202 one: 5']);
    });

    it('serves nothing without a majority, and everything when it is back', async () => {
      world.etcd.member(1).condition = 'down';
      await world.time.advance(1_000);
      expect(world.etcd.leader).to.be.oneOf([2, 3]);
      world.etcd.member(2).condition = 'down';
      await world.time.advance(5_000);
      expect(world.etcd.leader).to.equal(undefined);
      for (let attempt = 0; attempt < 5; attempt += 1) world.follow('lost', world.create());
      await world.time.advance(3_000);
      expect(world.version()).to.equal(0);
      world.etcd.heal();
      await world.time.advance(1_000);
      world.follow('found', world.create());
      await world.time.advance(10);
      expect(world.story.slice(5)).to.deep.equal(['10002 found: true']);
    });

    it('restarts with all it knew, and with every lease in full', async () => {
      const recorder = recordWatch(world.store, '');
      world.follow('grant', world.store.grant(1n, 5));
      await world.time.advance(1_000);
      world.etcd.put('a', 'x', 1n);
      world.etcd.restart(10_000);
      await world.time.advance(10_000 + 1_000 + 6_000);
      expect([recorder.story, world.version()]).to.deep.equal([['closed'], 1]);
      await world.time.advance(500);
      expect(world.version()).to.equal(0);
    });

    for (const turn of ['an overdue answer', 'an unanswered call'] as const) {
      it(`goes elsewhere after ${turn}, for a while`, async () => {
        world.etcd.member(2).condition = 'silent';
        for (let round = 0; round < 20; round += 1) {
          if (turn === 'an unanswered call') {
            world.follow('grant', world.store.grant(BigInt(round + 1), 60));
            await world.time.advance(2_000);
          } else {
            let answer = 'UNAVAILABLE';
            const stream = world.store.keepAlive(1n, {
              reply: () => {
                answer = 'ok';
              },
              closed: () => {},
            });
            stream.send();
            await world.time.advance(100);
            world.story.push(answer);
            if (answer !== 'ok') stream.overdue();
            stream.close();
          }
          // As soon as the process has met the silent member, all later calls must be answered for 10 s.
          if (world.story.at(-1)?.includes('UNAVAILABLE') === true) break;
        }
        expect(world.story.at(-1)).to.include('UNAVAILABLE');
        for (let index = 100; index < 120; index += 1) world.follow('later', world.store.grant(BigInt(index), 60));
        await world.time.advance(4_000);
        expect(world.story.slice(-20).filter((line) => !line.endsWith('later: 60'))).to.deep.equal([]);
      });
    }
  });

  describe('whose processes stand still or die', () => {
    it('hands nothing over during a pause, and all of it afterwards, in order', async () => {
      const recorder = recordWatch(world.store, '');
      recorder.watchAll(1, 2n);
      await world.time.advance(10);
      world.follow('grant', world.store.grant(1n, 60));
      world.clock.pause();
      world.etcd.put('a', '1');
      world.etcd.put('b', '1');
      await world.time.advance(5_000);
      expect([world.story, recorder.story]).to.deep.equal([[], ['1 created']]);
      world.clock.resume();
      await world.time.advance(0);
      expect(world.story).to.deep.equal(['5010 grant: 60']);
      expect(recorder.story).to.deep.equal(['1 created', '1: put a', '1: put b']);
    });

    it('lets the time-out of a call win over its reply when timers come first after a pause', async () => {
      world.follow('grant', world.store.grant(1n, 60));
      world.clock.pause();
      await world.time.advance(5_000);
      world.clock.resume('timers first');
      await world.time.advance(0);
      expect(world.story).to.deep.equal(['5000 grant: UNAVAILABLE']);
    });

    it('carries out what a killed process had sent, and leaves nothing of it', async () => {
      const recorder = recordWatch(world.store, '');
      recorder.watchAll(1, 2n);
      await world.time.advance(10);
      world.follow('txn', world.create());
      world.clock.kill();
      await world.time.advance(10_000);
      expect([world.story, recorder.story, world.version()]).to.deep.equal([[], ['1 created'], 1]);
      expect([world.store.open, world.clock.timers, world.time.nextAt]).to.deep.equal([[], [], undefined]);
    });
  });
});
