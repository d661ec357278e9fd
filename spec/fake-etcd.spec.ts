import { expect } from 'chai';
import sinon from 'sinon';
import type { Op, Store, TxnResult } from '../lib/store.js';
import { FakeEtcd } from './support/fake-etcd/fake-etcd.js';
import type { FakeEtcdOptions } from './support/fake-etcd/options.js';
import { recordKeepAlive, recordWatch } from './support/store-recorders.js';
import type { VirtualClock } from './support/virtual-clock.js';
import { VirtualTime } from './support/virtual-time.js';

describe('the model of etcd', () => {
  let time: VirtualTime;
  let clock: VirtualClock;
  let etcd: FakeEtcd;
  let store: Store;

  const build = (options: FakeEtcdOptions = {}): void => {
    time = new VirtualTime();
    etcd = new FakeEtcd({ clock: time.clock({ name: 'etcd' }), ...options });
    clock = time.clock({ name: 'one' });
    store = etcd.connect({ clock, name: 'one' });
  };
  beforeEach(() => build());

  const put = (key: string, lease = 0n, value = 'x'): Op => ({ type: 'put', key, value: Buffer.from(value), lease });
  const commit = (...success: Op[]): Promise<TxnResult> => store.txn({ compare: [], success, failure: [] });
  /** Lets it take the time it takes. */
  const done = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    expect(await time.until(() => settled, 60_000)).to.equal(true);
    return promise;
  };
  const keys = (): string[] => etcd.keys().map(({ key }) => key);

  describe('keys', () => {
    it('starts at revision 1, and counts versions, creations and changes as etcd does', () => {
      expect(etcd.revision).to.equal(1n);
      etcd.put('a', 'one');
      etcd.put('a', 'two');
      etcd.put('b', 'one');
      expect(etcd.keys().map((kv) => [kv.key, kv.createRevision, kv.modRevision, kv.version])).to.deep.equal([
        ['a', 2n, 3n, 2n],
        ['b', 4n, 4n, 1n],
      ]);
      etcd.delete('a', 'nothing');
      etcd.delete('nothing');
      expect(etcd.revision).to.equal(5n);
      etcd.put('a', 'three');
      expect(etcd.get('a')).to.include({ createRevision: 6n, version: 1n });
      expect(etcd.oldest()).to.include({ key: 'b' });
      expect(etcd.oldest('a')).to.include({ key: 'a' });
      expect(etcd.oldest('c')).to.equal(undefined);
    });

    it('keeps bytes of its own, whatever becomes of the buffer it was given', async () => {
      const value = Buffer.from('before');
      const answer = commit({ type: 'put', key: 'a', value, lease: 0n });
      await done(answer);
      value.write('after!');
      expect(etcd.get('a')?.value.toString()).to.equal('before');
    });

    it('answers a transaction without any operation from what the member knows, without a majority', async () => {
      const [only] = [new FakeEtcd({ clock: time.clock(), members: 1 })];
      store = only.connect({ clock });
      only.put('a', 'x');
      only.member(1).condition = 'isolated';
      only.delete('a');
      const stale = await done(store.txn({ compare: [{ key: 'a', createRevision: 2n }], success: [], failure: [] }));
      expect(stale.succeeded).to.equal(true);
      expect(await codeOf(done(commit({ type: 'range', range: { key: 'a', order: 'oldest', limit: 1 } })))).to.equal(
        'UNAVAILABLE',
      );
    });
  });

  describe('leases', () => {
    for (const [granted, found] of [
      [0, 2_500],
      [1, 2_500],
      [250, 2_500],
      [499, 2_500],
      [600, 3_000],
    ] as const) {
      it(`expire on a tick: a lease of 2 s granted ${granted} ms after one goes ${found} ms after it`, async () => {
        build({ latency: 0 });
        await time.advance(granted);
        await done(store.grant(1n, 2));
        await done(commit(put('a', 1n)));
        await time.runUntil(found - 0.001);
        expect(keys()).to.deep.equal(['a']);
        await time.runUntil(found);
        expect(keys()).to.deep.equal([]);
        expect(etcd.leases()).to.deep.equal([]);
      });
    }

    it('are found in their own order, whichever was granted first', async () => {
      build({ latency: 0 });
      await done(store.grant(1n, 60));
      await done(store.grant(2n, 5));
      await done(store.grant(3n, 2));
      await time.advance(2_500);
      expect(etcd.leases().map(({ id }) => id)).to.deep.equal([1n, 2n]);
      await time.advance(3_000);
      expect(etcd.leases().map(({ id }) => id)).to.deep.equal([1n]);
    });

    it('wait for their end before they answer a refresh that comes after the expiry and before the tick', async () => {
      build({ latency: 0 });
      await time.advance(100);
      await done(store.grant(1n, 2));
      const recorder = recordKeepAlive(store, 1n);
      await time.runUntil(2_200);
      recorder.stream.send();
      recorder.stream.send();
      await time.runUntil(2_499);
      expect(recorder.story).to.deep.equal([]);
      await time.runUntil(2_500);
      expect(recorder.story).to.deep.equal(['ttl 0', 'ttl 0']);
    });

    it('live on in full when another raft leader takes over', async () => {
      build({ latency: 0, electionTime: 1_000, leaseExtension: 1_000 });
      await done(store.grant(1n, 2));
      await time.runUntil(1_900);
      etcd.changeLeader();
      const before = etcd.leader;
      expect(before).to.equal(undefined);
      await time.runUntil(2_900 + 3_000);
      expect(etcd.leader).to.be.oneOf([2, 3]);
      expect(etcd.leases()).to.have.length(1);
      await time.advance(500);
      expect(etcd.leases()).to.deep.equal([]);
    });

    it('do not expire while there is no majority', async () => {
      build({ latency: 0 });
      await done(store.grant(1n, 2));
      await done(commit(put('a', 1n)));
      etcd.loseQuorum();
      await time.advance(60_000);
      expect(keys()).to.deep.equal(['a']);
      etcd.restoreQuorum();
      await time.advance(1_000 + 3_000);
      expect(keys()).to.deep.equal(['a']);
      await time.advance(500);
      expect(keys()).to.deep.equal([]);
    });

    it('lose their keys to other leases and to deletion', async () => {
      await done(store.grant(1n, 5));
      await done(store.grant(2n, 5));
      await done(commit(put('moved', 1n), put('deleted', 1n), put('kept', 1n)));
      await done(commit(put('moved', 2n)));
      etcd.delete('deleted');
      etcd.put('deleted', 'again, without a lease');
      etcd.revoke(1n);
      expect(keys()).to.deep.equal(['deleted', 'moved']);
    });
  });

  describe('watches', () => {
    it('hear of the past 100 ms later, and in one batch, and of the future at once', async () => {
      build({ latency: 0 });
      etcd.put('a', '1');
      etcd.put('a', '2');
      const recorder = recordWatch(store, '');
      recorder.stream.create(1, 'a', undefined, 2n);
      recorder.stream.create(2, 'a', undefined, 4n);
      await time.advance(50);
      etcd.put('a', '3');
      await time.advance(49);
      expect(recorder.story).to.deep.equal(['1 created', '2 created', '2: put a']);
      await time.advance(1);
      expect(recorder.story.slice(3)).to.deep.equal(['1: put a, put a, put a']);
      etcd.put('a', '4');
      await time.advance(0);
      expect(recorder.story.slice(4)).to.deep.equal(['1: put a', '2: put a']);
    });

    it('are not disturbed by compaction once they are in step', async () => {
      const recorder = recordWatch(store, '');
      recorder.stream.create(1, 'a', undefined, etcd.revision + 1n);
      await time.advance(10);
      etcd.put('b', '1');
      etcd.put('b', '2');
      etcd.compact();
      etcd.put('a', '1');
      await time.advance(10);
      expect(recorder.story).to.deep.equal(['1 created', '1: put a']);
    });

    it('miss a deletion in the very revision that was compacted, and are not told so', async () => {
      etcd.put('a', '1');
      etcd.delete('a');
      etcd.compact();
      etcd.put('a', '2');
      const recorder = recordWatch(store, '');
      recorder.watchAll(1, 3n);
      await time.advance(200);
      expect(recorder.story).to.deep.equal(['1 created', '1: put a']);
      expect(recorder.events.map(({ revision }) => revision)).to.deep.equal([4n]);
    });

    it('keep their own order, and none among each other', async () => {
      build({ seed: 3, watchDelay: [0, 50] });
      const recorder = recordWatch(store, '');
      for (const id of [1, 2]) recorder.stream.create(id, 'a', 'z', 2n);
      await time.advance(10);
      for (let index = 0; index < 50; index += 1) {
        etcd.put(`k${index}`, 'x');
        await time.advance(5);
      }
      await time.advance(100);
      const of = (id: number): string[] => recorder.story.filter((line) => line.startsWith(`${id}:`));
      const expected = (id: number): string[] => Array.from({ length: 50 }, (_, index) => `${id}: put k${index}`);
      expect(of(1)).to.deep.equal(expected(1));
      expect(of(2)).to.deep.equal(expected(2));
      const firstOfPairs = recorder.events.map(({ key }) => key).join();
      expect(firstOfPairs).not.to.equal(Array.from({ length: 100 }, (_, index) => `k${index >> 1}`).join());
    });

    it('hear of a change that was on its way when they were cancelled, and of nothing later', async () => {
      build({ latency: 5 });
      const recorder = recordWatch(store, '');
      recorder.stream.create(1, 'a', undefined, 2n);
      await time.advance(20);
      etcd.put('a', 'on its way');
      recorder.stream.cancel(1);
      await time.advance(20);
      etcd.put('a', 'too late');
      await time.advance(20);
      expect(recorder.story).to.deep.equal(['1 created', '1: put a', '1 cancelled']);
    });

    it('can be cancelled by the server one by one', async () => {
      const recorder = recordWatch(store, '');
      recorder.stream.create(1, 'a', undefined, 2n);
      recorder.stream.create(2, 'b', undefined, 2n);
      await time.advance(10);
      etcd.connections[0]?.cancelWatches('a');
      await time.advance(10);
      expect(recorder.story.slice(2)).to.deep.equal(['1 cancelled']);
      expect(etcd.connections[0]?.open).to.deep.equal(['watch stream', 'watch b']);
    });

    it('end within 5 s on a member that has lost its peers, which answers pings until then', async () => {
      const recorder = recordWatch(store, '');
      recorder.stream.create(1, 'a', undefined, 2n);
      await time.advance(10);
      for (const id of [1, 2, 3]) etcd.member(id).condition = 'isolated';
      const signs = recorder.signs;
      recorder.stream.ping();
      await time.advance(4_980);
      expect([recorder.signs, recorder.story]).to.deep.equal([signs + 1, ['1 created']]);
      await time.advance(100);
      expect(recorder.story).to.deep.equal(['1 created', 'closed']);
    });

    it('hear of what happened meanwhile when their member finds its peers again', async () => {
      const recorder = recordWatch(store, '');
      recorder.stream.create(1, 'a', undefined, 2n);
      await time.advance(10);
      for (const id of [1, 2, 3]) etcd.member(id).condition = 'isolated';
      etcd.put('a', '1');
      etcd.put('a', '2');
      await time.advance(1_000);
      expect(recorder.story).to.deep.equal(['1 created']);
      etcd.heal();
      await time.advance(2_000);
      expect(recorder.story).to.deep.equal(['1 created', '1: put a, put a']);
    });
  });

  it('repeats a run exactly from its seed', async () => {
    const run = async (seed: number): Promise<string[]> => {
      const lines: string[] = [];
      build({
        seed,
        latency: [1, 20],
        watchDelay: [0, 30],
        silence: 'either',
        trace: (at, what) => lines.push(`${at} ${what}`),
      });
      const recorder = recordWatch(store, '');
      recorder.watchAll(1, 2n);
      for (let index = 0; index < 30; index += 1) {
        etcd.member((index % 3) + 1).condition = index % 2 === 0 ? 'silent' : 'up';
        if (index % 7 === 0) etcd.changeLeader();
        commit(put(`k${index % 5}`)).catch(() => {});
        await time.advance(300);
      }
      return [...lines, ...recorder.story, ...keys(), String(etcd.revision)];
    };
    expect(await run(7)).to.deep.equal(await run(7));
    expect(await run(7)).not.to.deep.equal(await run(8));
  });

  it('runs on fake timers as well, with the system clock', async () => {
    const timers = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    try {
      const plain = new FakeEtcd();
      const answer = plain.connect().grant(1n, 10);
      let granted: number | undefined;
      void answer.then((ttl) => {
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
