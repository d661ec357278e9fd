import { expect } from 'chai';
import { ElectionError } from '../lib/errors.js';
import { recordKeepAlive, recordWatch } from './support/store-recorders.js';
import { VirtualWorld } from './support/virtual-world.js';

describe('the model of etcd', () => {
  let world: VirtualWorld;

  beforeEach(() => {
    world = new VirtualWorld();
  });

  describe('whose calls go wrong', () => {
    for (const [fault, told, written] of [
      ['ok', '2 txn: true', 1],
      ['lose request', '2000 txn: UNAVAILABLE', 0],
      ['lose reply', '2000 txn: UNAVAILABLE', 1],
      ['hang', '5000 txn: UNAVAILABLE', 0],
      ['fail', '2 txn: UNAVAILABLE', 0],
    ] as const) {
      it(`carries a call out ${written} times and tells ${told} when the fault is: ${fault}`, async () => {
        world.etcd.next('txn', fault);
        world.follow('txn', world.create());
        await world.time.advance(10_000);
        expect(world.story).to.deep.equal([told]);
        expect(world.version()).to.equal(written);
        expect(world.store.open).to.deep.equal([]);
        expect(world.clock.timers).to.deep.equal([]);
      });
    }

    it('can let a reply be late, and lose the reply when it comes after the time-out', async () => {
      world.etcd.next('txn', { lateBy: 500 });
      world.etcd.next('txn', { lateBy: 3_000 });
      world.follow('first', world.create('a'));
      world.follow('second', world.create('b'));
      await world.time.advance(10_000);
      expect(world.story).to.deep.equal(['502 first: true', '2000 second: UNAVAILABLE']);
      expect([world.version('a'), world.version('b')]).to.deep.equal([1, 1]);
    });

    it('can carry a request out when nobody waits for it any more', async () => {
      world.etcd.next('txn', { arriveLateBy: 3_000 });
      world.follow('txn', world.create());
      await world.time.runUntil(3_000);
      expect([world.story, world.version()]).to.deep.equal([['2000 txn: UNAVAILABLE'], 0]);
      await world.time.runUntil(3_001);
      expect(world.version()).to.equal(1);
    });

    it('can carry a request out twice, and answer with what the second found', async () => {
      world.etcd.next('txn', 'duplicate');
      world.etcd.next('grant', 'duplicate');
      world.follow('txn', world.create());
      world.follow('grant', world.store.grant(1n, 5));
      await world.time.advance(100);
      expect(world.story.map((line) => line.split(' ').slice(1).join(' ')).sort()).to.deep.equal([
        'grant: undefined',
        'txn: false',
      ]);
    });

    it('can carry a request out again, long after it was answered', async () => {
      world.etcd.next('txn', { repeatAfter: 1_000 });
      world.follow('txn', world.create());
      await world.time.advance(10);
      world.etcd.delete('a');
      await world.time.advance(1_000);
      expect(world.story).to.deep.equal(['2 txn: true']);
      expect(world.version()).to.equal(1);
    });

    it('can refuse with an error of the spec', async () => {
      world.store.faults.grant = { error: new ElectionError('PERMISSION_DENIED', 'no') };
      world.follow('grant', world.store.grant(1n, 5));
      await world.time.advance(10);
      expect(world.story).to.deep.equal(['2 grant: PERMISSION_DENIED']);
      expect(world.etcd.leases()).to.deep.equal([]);
    });

    it('keeps faults until they are taken away, for one process or for all', async () => {
      const other = world.etcd.connect({ name: 'two' });
      world.store.faults.all = 'fail';
      world.follow('one', world.store.grant(1n, 5));
      world.follow('two', other.grant(2n, 5));
      await world.time.advance(10);
      world.store.faults.all = 'ok';
      world.etcd.faults.grant = 'fail';
      world.follow('two', other.grant(3n, 5));
      await world.time.advance(10);
      world.etcd.heal();
      world.follow('one', world.store.grant(4n, 5));
      await world.time.advance(10);
      expect(world.story).to.deep.equal(['2 one: UNAVAILABLE', '2 two: 5', '12 two: UNAVAILABLE', '22 one: 5']);
    });

    it('can let a fault meet one request among others, or draw a fault for each', async () => {
      world.etcd.next('txn', 'fail', (request) => request.kind === 'txn' && request.txn.success.length === 0);
      world.follow('a', world.create('a'));
      world.follow('empty', world.store.txn({ compare: [], success: [], failure: [] }));
      await world.time.advance(10);
      expect(world.etcd.faults.unused).to.equal(0);
      world.etcd.faults.draw = (request) => (request.kind === 'txn' ? 'fail' : 'ok');
      world.follow('b', world.create('b'));
      world.follow('grant', world.store.grant(1n, 5));
      await world.time.advance(10);
      expect(world.story.map((line) => line.split(' ').slice(1).join(' '))).to.deep.equal([
        'a: true',
        'empty: UNAVAILABLE',
        'b: UNAVAILABLE',
        'grant: 5',
      ]);
    });
  });

  it('counts requests by kind, for all and for each', async () => {
    const other = world.etcd.connect({ name: 'two' });
    const [keepAlive, watch] = [recordKeepAlive(world.store, 1n), recordWatch(world.store, '')];
    keepAlive.stream.send();
    keepAlive.stream.send();
    watch.watchAll(1, 2n);
    watch.stream.create(2, 'a', undefined, 2n);
    watch.stream.cancel(2);
    watch.stream.ping();
    for (const one of [world.store, other]) {
      world.follow('grant', one.grant(1n, 5));
      world.follow('revoke', one.revoke(1n));
    }
    world.follow('txn', world.create());
    await world.time.advance(10);
    expect(world.store.requests).to.deep.equal({
      grant: 1,
      revoke: 1,
      txn: 1,
      keepAlive: 2,
      keepAliveStream: 1,
      watch: 2,
      watchCancel: 1,
      watchStream: 1,
      ping: 1,
    });
    expect(world.etcd.requests).to.include({ grant: 2, revoke: 2, txn: 1 });
  });
});
