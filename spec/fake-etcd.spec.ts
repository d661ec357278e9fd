import { expect } from 'chai';
import sinon from 'sinon';
import { FakeEtcd } from './support/fake-etcd/fake-etcd.js';
import { recordKeepAlive, recordWatch } from './support/store-recorders.js';
import { put, VirtualWorld } from './support/virtual-world.js';

describe('the model of etcd', () => {
  let world: VirtualWorld;

  beforeEach(() => {
    world = new VirtualWorld();
  });

  describe('as a store of keys', () => {
    it('starts at revision 1, and counts versions, creations and changes as world.etcd does', () => {
      expect(world.etcd.revision).to.equal(1n);
      world.etcd.put('a', 'one');
      world.etcd.put('a', 'two');
      world.etcd.put('b', 'one');
      expect(world.etcd.keys().map((kv) => [kv.key, kv.createRevision, kv.modRevision, kv.version])).to.deep.equal([
        ['a', 2n, 3n, 2n],
        ['b', 4n, 4n, 1n],
      ]);
      world.etcd.delete('a', 'nothing');
      world.etcd.delete('nothing');
      expect(world.etcd.revision).to.equal(5n);
      world.etcd.put('a', 'three');
      expect(world.etcd.get('a')).to.include({ createRevision: 6n, version: 1n });
      expect(world.etcd.oldest()).to.include({ key: 'b' });
      expect(world.etcd.oldest('a')).to.include({ key: 'a' });
      expect(world.etcd.oldest('c')).to.equal(undefined);
    });

    it('keeps bytes of its own, whatever becomes of the buffer that it was given', async () => {
      const value = Buffer.from('before');
      const answer = world.commit({ type: 'put', key: 'a', value, lease: 0n });
      await world.done(answer);
      value.write('after!');
      expect(world.etcd.get('a')?.value.toString()).to.equal('before');
    });

    it('answers a transaction without any operation from what the member knows, without a majority', async () => {
      world = new VirtualWorld({ members: 1 });
      world.etcd.put('a', 'x');
      world.etcd.member(1).condition = 'isolated';
      world.etcd.delete('a');
      const ifThere = world.store.txn({ compare: [{ key: 'a', createRevision: 2n }], success: [], failure: [] });
      expect((await world.done(ifThere)).succeeded).to.equal(true);
      const read = world.commit({ type: 'range', range: { key: 'a', order: 'oldest', limit: 1 } });
      expect(await codeOf(world.done(read))).to.equal('UNAVAILABLE');
    });
  });

  describe('with leases', () => {
    for (const [granted, found] of [
      [0, 2_500],
      [1, 2_500],
      [250, 2_500],
      [499, 2_500],
      [600, 3_000],
    ] as const) {
      it(`expires a lease of 2 s on a tick: granted ${granted} ms after a tick, gone after ${found} ms`, async () => {
        world = new VirtualWorld({ latency: 0 });
        await world.time.advance(granted);
        await world.done(world.store.grant(1n, 2));
        await world.done(world.commit(put('a', 1n)));
        await world.time.runUntil(found - 0.001);
        expect(world.keys()).to.deep.equal(['a']);
        await world.time.runUntil(found);
        expect(world.keys()).to.deep.equal([]);
        expect(world.etcd.leases()).to.deep.equal([]);
      });
    }

    it('ends leases in their own order, whichever was granted first', async () => {
      world = new VirtualWorld({ latency: 0 });
      await world.done(world.store.grant(1n, 60));
      await world.done(world.store.grant(2n, 5));
      await world.done(world.store.grant(3n, 2));
      await world.time.advance(2_500);
      expect(world.etcd.leases().map(({ id }) => id)).to.deep.equal([1n, 2n]);
      await world.time.advance(3_000);
      expect(world.etcd.leases().map(({ id }) => id)).to.deep.equal([1n]);
    });

    it('lets a refresh that comes after the expiry and before the tick wait for the end of the lease', async () => {
      world = new VirtualWorld({ latency: 0 });
      await world.time.advance(100);
      await world.done(world.store.grant(1n, 2));
      const recorder = recordKeepAlive(world.store, 1n);
      await world.time.runUntil(2_200);
      recorder.stream.send();
      recorder.stream.send();
      await world.time.runUntil(2_499);
      expect(recorder.story).to.deep.equal([]);
      await world.time.runUntil(2_500);
      expect(recorder.story).to.deep.equal(['ttl 0', 'ttl 0']);
    });

    it('gives every lease its full time again when another raft leader takes over', async () => {
      world = new VirtualWorld({ latency: 0, electionTime: 1_000, leaseExtension: 1_000 });
      await world.done(world.store.grant(1n, 2));
      await world.time.runUntil(1_900);
      world.etcd.changeLeader();
      const before = world.etcd.leader;
      expect(before).to.equal(undefined);
      await world.time.runUntil(2_900 + 3_000);
      expect(world.etcd.leader).to.be.oneOf([2, 3]);
      expect(world.etcd.leases()).to.have.length(1);
      await world.time.advance(500);
      expect(world.etcd.leases()).to.deep.equal([]);
    });

    it('ends no lease while there is no majority', async () => {
      world = new VirtualWorld({ latency: 0 });
      await world.done(world.store.grant(1n, 2));
      await world.done(world.commit(put('a', 1n)));
      world.etcd.loseQuorum();
      await world.time.advance(60_000);
      expect(world.keys()).to.deep.equal(['a']);
      world.etcd.restoreQuorum();
      await world.time.advance(1_000 + 3_000);
      expect(world.keys()).to.deep.equal(['a']);
      await world.time.advance(500);
      expect(world.keys()).to.deep.equal([]);
    });

    it('takes keys from a lease when they are moved to another lease or deleted', async () => {
      await world.done(world.store.grant(1n, 5));
      await world.done(world.store.grant(2n, 5));
      await world.done(world.commit(put('moved', 1n), put('deleted', 1n), put('kept', 1n)));
      await world.done(world.commit(put('moved', 2n)));
      world.etcd.delete('deleted');
      world.etcd.put('deleted', 'again, without a lease');
      world.etcd.revoke(1n);
      expect(world.keys()).to.deep.equal(['deleted', 'moved']);
    });
  });

  it('repeats a run exactly from its seed', async () => {
    const run = async (seed: number): Promise<string[]> => {
      const lines: string[] = [];
      world = new VirtualWorld({
        seed,
        latency: [1, 20],
        watchDelay: [0, 30],
        silence: 'either',
        trace: (at, what) => lines.push(`${at} ${what}`),
      });
      const recorder = recordWatch(world.store, '');
      recorder.watchAll(1, 2n);
      for (let index = 0; index < 30; index += 1) {
        world.etcd.member((index % 3) + 1).condition = index % 2 === 0 ? 'silent' : 'up';
        if (index % 7 === 0) world.etcd.changeLeader();
        world.commit(put(`k${index % 5}`)).catch(() => {});
        await world.time.advance(300);
      }
      return [...lines, ...recorder.story, ...world.keys(), String(world.etcd.revision)];
    };
    expect(await run(7)).to.deep.equal(await run(7));
    expect(await run(7)).not.to.deep.equal(await run(8));
  });

  it('begins anew with nothing, or with the keys and leases of some revisions ago', async () => {
    const store = world.etcd.connect();
    await world.done(store.grant(7n, 10));
    for (const key of ['a', 'b']) world.etcd.put(key, 'one', 7n);
    world.etcd.put('a', 'two', 7n);
    world.etcd.revoke(7n);
    world.etcd.beginAnew(2, 100);
    expect(world.etcd.revision).to.equal(3n);
    expect(world.etcd.keys().map(({ key, value }) => `${key} ${value}`)).to.deep.equal(['a one', 'b one']);
    expect(world.etcd.leases().map(({ id, ttl, keys }) => [id, ttl, [...keys]])).to.deep.equal([[7n, 10, ['a', 'b']]]);
    world.etcd.beginAnew('nothing', 100);
    expect([world.etcd.revision, world.etcd.keys(), world.etcd.leases()]).to.deep.equal([1n, [], []]);
  });

  it('runs on fake timers as well, with the system clock', async () => {
    const timers = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    try {
      const plain = new FakeEtcd();
      const answer = plain.connect().grant(1n, 10);
      let granted: number | undefined;
      void answer.then(({ ttl }) => {
        granted = ttl;
      });
      await timers.tickAsync(1);
      expect(granted).to.equal(undefined);
      await timers.tickAsync(1);
      expect(granted).to.equal(10);
      await timers.tickAsync(10_000);
      expect(plain.leases()).to.have.length(1);
      await timers.tickAsync(500);
      expect(plain.leases()).to.deep.equal([]);
      plain.close();
      expect(timers.countTimers()).to.equal(0);
    } finally {
      timers.restore();
    }
  });
});

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no error',
    (error: Error & { code?: unknown }) => error.code,
  );
}
