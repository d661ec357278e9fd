import { expect } from 'chai';
import { ElectionError } from '../lib/errors.js';
import type { Op, TxnResult } from '../lib/store.js';
import type { Connection } from './support/fake-etcd/connection.js';
import { FakeEtcd } from './support/fake-etcd/fake-etcd.js';
import type { FakeEtcdOptions } from './support/fake-etcd/options.js';
import { recordKeepAlive, recordWatch } from './support/store-recorders.js';
import type { VirtualClock } from './support/virtual-clock.js';
import { VirtualTime } from './support/virtual-time.js';

describe('the faults of the model', () => {
  let time: VirtualTime;
  let clock: VirtualClock;
  let etcd: FakeEtcd;
  let store: Connection;
  let story: string[];

  const build = (options: FakeEtcdOptions = {}): void => {
    time = new VirtualTime();
    etcd = new FakeEtcd({ clock: time.clock(), ...options });
    clock = time.clock({ name: 'one' });
    store = etcd.connect({ clock, name: 'one' });
    story = [];
  };
  beforeEach(() => build());

  const put = (key = 'a', value = 'x'): Op => ({ type: 'put', key, value: Buffer.from(value), lease: 0n });
  const create = (key = 'a'): Promise<TxnResult> =>
    store.txn({ compare: [{ key, createRevision: 0n }], success: [put(key)], failure: [] });
  const follow = (name: string, promise: Promise<unknown>): void => {
    promise.then(
      (value) => {
        const result = typeof value === 'object' && value !== null ? (value as TxnResult).succeeded : value;
        story.push(`${time.now} ${name}: ${result}`);
      },
      (error: ElectionError) => story.push(`${time.now} ${name}: ${error.code ?? error.message}`),
    );
  };
  const version = (key = 'a'): number => Number(etcd.get(key)?.version ?? 0n);

  describe('of calls', () => {
    for (const [fault, told, written] of [
      ['ok', '2 txn: true', 1],
      ['lose request', '2000 txn: UNAVAILABLE', 0],
      ['lose reply', '2000 txn: UNAVAILABLE', 1],
      ['hang', '5000 txn: UNAVAILABLE', 0],
      ['fail', '2 txn: UNAVAILABLE', 0],
    ] as const) {
      it(`${fault}: carried out ${written} times, told ${told}`, async () => {
        etcd.next('txn', fault);
        follow('txn', create());
        await time.advance(10_000);
        expect(story).to.deep.equal([told]);
        expect(version()).to.equal(written);
        expect(store.open).to.deep.equal([]);
        expect(clock.timers).to.deep.equal([]);
      });
    }

    it('can let the reply be late, and lost if it comes after the time-out', async () => {
      etcd.next('txn', { lateBy: 500 });
      etcd.next('txn', { lateBy: 3_000 });
      follow('first', create('a'));
      follow('second', create('b'));
      await time.advance(10_000);
      expect(story).to.deep.equal(['502 first: true', '2000 second: UNAVAILABLE']);
      expect([version('a'), version('b')]).to.deep.equal([1, 1]);
    });

    it('can carry a request out when nobody waits for it any more', async () => {
      etcd.next('txn', { arriveLateBy: 3_000 });
      follow('txn', create());
      await time.runUntil(3_000);
      expect([story, version()]).to.deep.equal([['2000 txn: UNAVAILABLE'], 0]);
      await time.runUntil(3_001);
      expect(version()).to.equal(1);
    });

    it('can carry a request out twice, and answer with what the second found', async () => {
      etcd.next('txn', 'duplicate');
      etcd.next('grant', 'duplicate');
      follow('txn', create());
      follow('grant', store.grant(1n, 5));
      await time.advance(100);
      expect(story.map((line) => line.split(' ').slice(1).join(' ')).sort()).to.deep.equal([
        'grant: undefined',
        'txn: false',
      ]);
    });

    it('can carry a request out again, long after it was answered', async () => {
      etcd.next('txn', { repeatAfter: 1_000 });
      follow('txn', create());
      await time.advance(10);
      etcd.delete('a');
      await time.advance(1_000);
      expect(story).to.deep.equal(['2 txn: true']);
      expect(version()).to.equal(1);
    });

    it('can refuse with an error of the spec', async () => {
      store.faults.grant = { error: new ElectionError('PERMISSION_DENIED', 'no') };
      follow('grant', store.grant(1n, 5));
      await time.advance(10);
      expect(story).to.deep.equal(['2 grant: PERMISSION_DENIED']);
      expect(etcd.leases()).to.deep.equal([]);
    });

    it('stay until they are taken away, and hold for one process or for all', async () => {
      const other = etcd.connect({ name: 'two' });
      store.faults.all = 'fail';
      follow('one', store.grant(1n, 5));
      follow('two', other.grant(2n, 5));
      await time.advance(10);
      store.faults.all = 'ok';
      etcd.faults.grant = 'fail';
      follow('two', other.grant(3n, 5));
      await time.advance(10);
      etcd.heal();
      follow('one', store.grant(4n, 5));
      await time.advance(10);
      expect(story).to.deep.equal(['2 one: UNAVAILABLE', '2 two: 5', '12 two: UNAVAILABLE', '22 one: 5']);
    });

    it('can be meant for one request among others, or drawn for each', async () => {
      etcd.next('txn', 'fail', (request) => request.kind === 'txn' && request.txn.success.length === 0);
      follow('a', create('a'));
      follow('empty', store.txn({ compare: [], success: [], failure: [] }));
      await time.advance(10);
      expect(etcd.faults.unused).to.equal(0);
      etcd.faults.draw = (request) => (request.kind === 'txn' ? 'fail' : 'ok');
      follow('b', create('b'));
      follow('grant', store.grant(1n, 5));
      await time.advance(10);
      expect(story.map((line) => line.split(' ').slice(1).join(' '))).to.deep.equal([
        'a: true',
        'empty: UNAVAILABLE',
        'b: UNAVAILABLE',
        'grant: 5',
      ]);
    });
  });

  describe('of refreshes', () => {
    beforeEach(async () => {
      follow('grant', store.grant(1n, 10));
      await time.advance(2);
    });
    const refreshed = (): number => (etcd.leases()[0]?.expiry ?? 0) - 10_000;

    it('can come late, each behind the one before', async () => {
      etcd.next('keepAlive', { lateBy: 500 });
      const recorder = recordKeepAlive(store, 1n);
      recorder.stream.send();
      recorder.stream.send();
      await time.runUntil(503);
      expect(recorder.story).to.deep.equal([]);
      expect(refreshed()).to.equal(3);
      await time.runUntil(504);
      expect(recorder.story).to.deep.equal(['ttl 10', 'ttl 10']);
    });

    it('hang: the stream says nothing more, even when all is well again', async () => {
      const recorder = recordKeepAlive(store, 1n);
      etcd.faults.keepAlive = 'hang';
      recorder.stream.send();
      await time.advance(1_000);
      etcd.faults.keepAlive = 'ok';
      recorder.stream.send();
      await time.advance(1_000);
      expect([recorder.story, refreshed()]).to.deep.equal([[], 1]);
      const another = recordKeepAlive(store, 1n);
      another.stream.send();
      await time.advance(2);
      expect(another.story).to.deep.equal(['ttl 10']);
    });

    for (const [fault, at] of [
      ['lose request', 1],
      ['lose reply', 3],
    ] as const) {
      it(`${fault}: one is swallowed, the next is answered`, async () => {
        const recorder = recordKeepAlive(store, 1n);
        etcd.faults.keepAlive = fault;
        recorder.stream.send();
        await time.advance(10);
        expect([recorder.story, refreshed()]).to.deep.equal([[], at]);
        etcd.faults.keepAlive = 'ok';
        recorder.stream.send();
        await time.advance(10);
        expect(recorder.story).to.deep.equal(['ttl 10']);
      });
    }

    it('fail: the stream breaks, and is told once', async () => {
      const recorder = recordKeepAlive(store, 1n);
      etcd.faults.keepAlive = 'fail';
      recorder.stream.send();
      recorder.stream.send();
      await time.advance(10);
      recorder.stream.send();
      await time.advance(10);
      expect(recorder.story).to.deep.equal(['closed']);
      expect(store.open).to.deep.equal([]);
    });

    it('tell nothing after close, neither a reply nor the end', async () => {
      const [answered, broken] = [recordKeepAlive(store, 1n), recordKeepAlive(store, 1n)];
      answered.stream.send();
      store.breakStreams('keepAlive');
      answered.stream.close();
      broken.stream.close();
      await time.advance(10_000);
      expect([answered.story, broken.story, store.open]).to.deep.equal([[], [], []]);
    });

    it('wait for a raft leader, and end the stream after 7 s without one', async () => {
      const recorder = recordKeepAlive(store, 1n);
      etcd.changeLeader();
      recorder.stream.send();
      await time.advance(999);
      expect(recorder.story).to.deep.equal([]);
      await time.advance(10);
      expect(recorder.story).to.deep.equal(['ttl 10']);
      etcd.loseQuorum();
      recorder.stream.send();
      await time.advance(6_900);
      expect(recorder.story).to.deep.equal(['ttl 10']);
      await time.advance(200);
      expect(recorder.story).to.deep.equal(['ttl 10', 'closed']);
    });
  });

  describe('of watches', () => {
    it('can silence a stream that is open, pings and all', async () => {
      const recorder = recordWatch(store, '');
      recorder.watchAll(1, 2n);
      await time.advance(10);
      etcd.faults.watch = 'hang';
      etcd.put('a', 'x');
      await time.advance(10);
      etcd.faults.watch = 'ok';
      const { signs } = recorder;
      etcd.put('a', 'x');
      recorder.stream.ping();
      await time.advance(10_000);
      expect([recorder.story, recorder.signs]).to.deep.equal([['1 created'], signs]);
    });

    it('can break streams, of one kind or all', async () => {
      const [watch, keepAlive] = [recordWatch(store, ''), recordKeepAlive(store, 1n)];
      watch.watchAll(1, 2n);
      await time.advance(10);
      expect([...store.open].sort()).to.deep.equal(['keepAlive 1', 'watch ', 'watch stream']);
      store.breakStreams('watch');
      await time.advance(10);
      expect([watch.story, keepAlive.story]).to.deep.equal([['1 created', 'closed'], []]);
      store.breakStreams();
      await time.advance(10);
      expect(keepAlive.story).to.deep.equal(['closed']);
    });

    it('can delay events', async () => {
      const recorder = recordWatch(store, '');
      recorder.watchAll(1, 2n);
      await time.advance(10);
      etcd.faults.watch = { lateBy: 300 };
      etcd.put('a', 'x');
      await time.advance(300);
      expect(recorder.story).to.deep.equal(['1 created']);
      await time.advance(1);
      expect(recorder.story).to.deep.equal(['1 created', '1: put a']);
    });
  });

  describe('of members and networks', () => {
    it('down: refuses at once, and ends its streams', async () => {
      const recorder = recordWatch(store, '');
      await time.advance(10);
      for (const id of [1, 2, 3]) etcd.member(id).condition = 'down';
      follow('grant', store.grant(1n, 5));
      await time.advance(10);
      expect([recorder.story, story]).to.deep.equal([['closed'], ['11 grant: UNAVAILABLE']]);
    });

    it('silent: swallows, and breaks its streams when it ends', async () => {
      const recorder = recordWatch(store, '');
      recorder.watchAll(1, 2n);
      await time.advance(10);
      for (const id of [1, 2, 3]) etcd.member(id).condition = 'silent';
      follow('txn', create());
      etcd.put('b', 'x');
      await time.advance(9_990);
      expect([story, recorder.story, version()]).to.deep.equal([['2010 txn: UNAVAILABLE'], ['1 created'], 0]);
      etcd.heal();
      await time.advance(100);
      expect([recorder.story, version()]).to.deep.equal([['1 created', 'closed'], 0]);
    });

    it('silent, with `delays`: everything arrives in the end', async () => {
      build({ silence: 'delays' });
      const recorder = recordWatch(store, '');
      recorder.watchAll(1, 2n);
      await time.advance(10);
      store.network = 'silent';
      follow('txn', create());
      etcd.put('b', '1');
      etcd.put('b', '2');
      await time.advance(9_990);
      expect([story, recorder.story]).to.deep.equal([['2010 txn: UNAVAILABLE'], ['1 created']]);
      store.network = 'up';
      await time.advance(100);
      expect(recorder.story).to.deep.equal(['1 created', '1: put b', '1: put b', '1: put a']);
      expect(version()).to.equal(1);
    });

    it('mute: does what it is told and answers nothing', async () => {
      for (const id of [1, 2, 3]) etcd.member(id).condition = 'mute';
      follow('txn', create());
      await time.advance(2_000);
      expect([story, version()]).to.deep.equal([['2000 txn: UNAVAILABLE'], 1]);
    });

    it('cuts off one process and not the other', async () => {
      const other = etcd.connect({ name: 'two' });
      store.network = 'silent';
      follow('one', store.grant(1n, 5));
      follow('two', other.grant(2n, 5));
      await time.advance(2_000);
      expect(story).to.deep.equal(['2 two: 5', '2000 one: UNAVAILABLE']);
    });

    it('slows one process down, each way', async () => {
      store.lag = 100;
      follow('one', store.grant(1n, 5));
      await time.advance(1_000);
      expect(story).to.deep.equal(['202 one: 5']);
    });

    it('serves nothing without a majority, and everything when it is back', async () => {
      etcd.member(1).condition = 'down';
      await time.advance(1_000);
      expect(etcd.leader).to.be.oneOf([2, 3]);
      etcd.member(2).condition = 'down';
      await time.advance(5_000);
      expect(etcd.leader).to.equal(undefined);
      for (let attempt = 0; attempt < 5; attempt += 1) follow('lost', create());
      await time.advance(3_000);
      expect(version()).to.equal(0);
      etcd.heal();
      await time.advance(1_000);
      follow('found', create());
      await time.advance(10);
      expect(story.slice(5)).to.deep.equal(['10002 found: true']);
    });

    it('restarts with all it knew, and with every lease in full', async () => {
      const recorder = recordWatch(store, '');
      follow('grant', store.grant(1n, 5));
      await time.advance(1_000);
      etcd.put('a', 'x', 1n);
      etcd.restart(10_000);
      await time.advance(10_000 + 1_000 + 6_000);
      expect([recorder.story, version()]).to.deep.equal([['closed'], 1]);
      await time.advance(500);
      expect(version()).to.equal(0);
    });

    for (const turn of ['an overdue answer', 'an unanswered call'] as const) {
      it(`goes elsewhere after ${turn}, for a while`, async () => {
        etcd.member(2).condition = 'silent';
        for (let round = 0; round < 20; round += 1) {
          if (turn === 'an unanswered call') {
            follow('grant', store.grant(BigInt(round + 1), 60));
            await time.advance(2_000);
          } else {
            let answer = 'UNAVAILABLE';
            const stream = store.keepAlive(1n, {
              reply: () => {
                answer = 'ok';
              },
              closed: () => {},
            });
            stream.send();
            await time.advance(100);
            story.push(answer);
            if (answer !== 'ok') stream.overdue();
            stream.close();
          }
          // As soon as it has met the silent member, all others must be answered for 10 s.
          if (story.at(-1)?.includes('UNAVAILABLE') === true) break;
        }
        expect(story.at(-1)).to.include('UNAVAILABLE');
        for (let index = 100; index < 120; index += 1) follow('later', store.grant(BigInt(index), 60));
        await time.advance(4_000);
        expect(story.slice(-20).filter((line) => !line.endsWith('later: 60'))).to.deep.equal([]);
      });
    }
  });

  it('may end a stream whose answer is overdue, and then says so', async () => {
    build({ silence: 'either' });
    const ends = new Set<string>();
    for (let round = 0; round < 20; round += 1) {
      let end = 'still open';
      const stream = store.keepAlive(1n, {
        reply: () => {},
        closed: () => {
          end = 'closed';
        },
      });
      stream.overdue();
      await time.advance(10);
      ends.add(end);
      stream.close();
    }
    expect([...ends].sort()).to.deep.equal(['closed', 'still open']);
    expect(store.open).to.deep.equal([]);
  });

  describe('of processes', () => {
    it('hands nothing over during a pause, and all of it afterwards, in order', async () => {
      const recorder = recordWatch(store, '');
      recorder.watchAll(1, 2n);
      await time.advance(10);
      follow('grant', store.grant(1n, 60));
      clock.pause();
      etcd.put('a', '1');
      etcd.put('b', '1');
      await time.advance(5_000);
      expect([story, recorder.story]).to.deep.equal([[], ['1 created']]);
      clock.resume();
      await time.advance(0);
      expect(story).to.deep.equal(['5010 grant: 60']);
      expect(recorder.story).to.deep.equal(['1 created', '1: put a', '1: put b']);
    });

    it('lets the time-out of a call win over its reply when timers come first after a pause', async () => {
      follow('grant', store.grant(1n, 60));
      clock.pause();
      await time.advance(5_000);
      clock.resume('timers first');
      await time.advance(0);
      expect(story).to.deep.equal(['5000 grant: UNAVAILABLE']);
    });

    it('carries out what a killed process had sent, and leaves nothing of it', async () => {
      const recorder = recordWatch(store, '');
      recorder.watchAll(1, 2n);
      await time.advance(10);
      follow('txn', create());
      clock.kill();
      await time.advance(10_000);
      expect([story, recorder.story, version()]).to.deep.equal([[], ['1 created'], 1]);
      expect([store.open, clock.timers, time.nextAt]).to.deep.equal([[], [], undefined]);
    });
  });

  it('counts requests by kind, for all and for each', async () => {
    const other = etcd.connect({ name: 'two' });
    const [keepAlive, watch] = [recordKeepAlive(store, 1n), recordWatch(store, '')];
    keepAlive.stream.send();
    keepAlive.stream.send();
    watch.watchAll(1, 2n);
    watch.stream.create(2, 'a', undefined, 2n);
    watch.stream.cancel(2);
    watch.stream.ping();
    for (const one of [store, other]) {
      follow('grant', one.grant(1n, 5));
      follow('revoke', one.revoke(1n));
    }
    follow('txn', create());
    await time.advance(10);
    expect(store.requests).to.deep.equal({
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
    expect(etcd.requests).to.include({ grant: 2, revoke: 2, txn: 1 });
  });
});
