import { expect } from 'chai';
import sinon from 'sinon';
import { ElectionError } from '../lib/errors.js';
import type { LeaderWatcher } from '../lib/queue/leader-watcher.js';
import { LeaderWatchers } from '../lib/queue/leader-watchers.js';
import { Observer } from './support/observer.js';
import { tracked } from './support/track.js';
import { type Process, World } from './support/world.js';

describe('the leader watcher', () => {
  let world: World;
  let process: Process;
  let leaderWatcher: LeaderWatcher;
  let observer: Observer;
  let story: string[];

  beforeEach(() => {
    world = new World();
    process = world.process('one');
    story = [];
    leaderWatcher = new LeaderWatchers(process.clock).of('jobs');
    observer = tracked(
      new Observer(() => leaderWatcher, process, {
        changed: ({ kv }) => story.push(kv === undefined ? 'nobody' : `${kv.value} of ${kv.createRevision}`),
        failed: ({ code }) => story.push(`failed: ${code}`),
      }),
    );
  });
  const start = async (): Promise<void> => {
    observer.start();
    await world.advance(10);
  };

  it('says that nobody leads, and follows the whole range until somebody does', async () => {
    await start();
    world.etcd.put('jobs/1', 'a');
    await world.advance(10);
    expect(story).to.deep.equal(['nobody', 'a of 2']);
    expect(process.store.requests.txn, 'the event said it all').to.equal(1);
    expect(process.store.open).to.deep.equal(['watch stream', 'watch jobs/1']);
  });

  it('names the oldest, whoever comes after', async () => {
    world.etcd.put('jobs/9', 'a');
    await start();
    world.etcd.put('jobs/1', 'b');
    await world.advance(1_100);
    expect(story).to.deep.equal(['a of 2']);
    expect(observer.head?.value.toString()).to.equal('a');
  });

  it('takes no newcomer for the oldest before it has read, when older news was compacted during a break', async () => {
    await start();
    process.store.breakStreams('watch');
    world.etcd.put('jobs/1', 'a');
    world.etcd.put('other', 'x');
    world.etcd.compact();
    process.store.faults.txn = 'hang';
    await world.advance(200);
    world.etcd.put('jobs/2', 'b');
    await world.advance(200);
    world.etcd.put('jobs/2', 'still b');
    await world.advance(200);
    process.store.faults.txn = 'ok';
    await world.advance(20_000);
    expect(story.filter((line) => !line.startsWith('failed'))).to.deep.equal(['nobody', 'a of 2']);
  });

  it('finds out who came to an empty queue while it read after a break', async () => {
    await start();
    process.store.breakStreams('watch');
    process.store.faults.next('txn', { lateBy: 40 });
    await world.until(() => process.store.requests.txn === 2, 'it reads', 1_000);
    await world.advance(2);
    world.etcd.put('jobs/2', 'b');
    await world.advance(1_000);
    expect(story).to.deep.equal(['nobody', 'b of 2']);
  });

  it('names the first of a batch of keys, not the last', async () => {
    await start();
    process.store.silenceStreams('watch');
    for (const name of ['b', 'a', 'c']) world.etcd.put(`jobs/${name}`, name);
    await world.advance(10_000);
    expect(story).to.deep.equal(['nobody', 'b of 2']);
  });

  it('reads when the observer whose session it uses leaves while the watch stream is down', async () => {
    world.etcd.put('jobs/1', 'a');
    const other = tracked(new Observer(() => leaderWatcher, process, { changed: () => {}, failed: () => {} }));
    await start();
    other.start();
    await world.advance(10);
    const before = process.store.requests.txn;
    process.store.breakStreams('watch');
    await world.advance(2);
    observer.close();
    await world.advance(20_000);
    expect(process.store.requests.txn - before).to.equal(1);
  });

  it('tells a leader of a new history from one of the old, created at the same revision', async () => {
    world.etcd.put('jobs/1', 'a');
    await start();
    const kv = { key: 'jobs/2', value: Buffer.from('b'), createRevision: 2n, modRevision: 2n, lease: 7n };
    observer.learn({ kv, revision: 2n, epoch: 1 });
    await world.advance(10);
    expect(story).to.deep.equal(['a of 2', 'b of 2']);
    expect(process.store.open).to.deep.equal(['watch stream', 'watch jobs/2']);
  });

  it('believes a lower revision of a new history, and nothing of the old one any more', async () => {
    for (const value of ['x', 'y', 'z']) world.etcd.put('jobs/1', value);
    await start();
    const kv = { key: 'jobs/2', value: Buffer.from('b'), createRevision: 3n, modRevision: 3n, lease: 7n };
    observer.learn({ kv, revision: 3n, epoch: 1 });
    observer.learn({ kv: undefined, revision: 9n, epoch: 0 });
    await world.advance(0);
    expect(story).to.deep.equal(['z of 2', 'b of 3']);
  });

  it('reads when the leader goes, once, and names the next or nobody', async () => {
    world.etcd.put('jobs/1', 'a');
    world.etcd.put('jobs/2', 'b');
    await start();
    world.etcd.delete('jobs/1');
    await world.advance(10);
    expect([story, process.store.requests.txn]).to.deep.equal([['a of 2', 'b of 3'], 2]);
    world.etcd.delete('jobs/2');
    await world.advance(10);
    expect(story.slice(2)).to.deep.equal(['nobody']);
  });

  it('tells of a handover between two candidates that announce the same', async () => {
    world.etcd.put('jobs/1', 'same');
    world.etcd.put('jobs/2', 'same');
    await start();
    world.etcd.delete('jobs/1');
    await world.advance(10);
    expect(story).to.deep.equal(['same of 2', 'same of 3']);
  });

  it('tells another value of the same leader, without reading', async () => {
    world.etcd.put('jobs/1', 'a');
    await start();
    world.etcd.put('jobs/1', 'b');
    await world.advance(10);
    expect([story, process.store.requests.txn]).to.deep.equal([['a of 2', 'b of 2'], 1]);
  });

  it('tells that the same key is another leader when it was deleted and written in between', async () => {
    world.etcd.put('jobs/1', 'a');
    await start();
    world.etcd.delete('jobs/1');
    world.etcd.put('jobs/1', 'a');
    await world.advance(100);
    expect(story).to.deep.equal(['a of 2', 'a of 4']);
  });

  it('pays no attention to nested elections', async () => {
    world.etcd.put('jobs/nested/1', 'x');
    await start();
    world.etcd.put('jobs/nested/2', 'x');
    world.etcd.delete('jobs/nested/1');
    await world.advance(10);
    expect([story, process.store.requests.txn <= 2]).to.deep.equal([['nobody'], true]);
  });

  it('learns what others have read, and ignores older news', async () => {
    await start();
    const kv = { key: 'jobs/1', value: Buffer.from('a'), createRevision: 5n, modRevision: 5n, lease: 0n };
    observer.learn({ kv, revision: 5n });
    observer.learn({ kv: undefined, revision: 4n });
    await world.advance(0);
    expect(story).to.deep.equal(['nobody', 'a of 5']);
  });

  it('waits 0.25 ms per candidate after a change, and spreads its reads over 2 ms per candidate', async () => {
    tracked(sinon.stub(Math, 'random').returns(0.999));
    for (let n = 0; n < 1_002; n += 1) world.etcd.put(`jobs/${n}`, `v${n}`);
    await start();
    world.etcd.delete('jobs/0');
    await world.advance(2_250);
    expect(story).to.deep.equal(['v0 of 2']);
    await world.advance(10);
    expect(story).to.deep.equal(['v0 of 2', 'v1 of 3']);
  });

  it('reads again after a break of the watch, and finds what has happened', async () => {
    world.etcd.put('jobs/1', 'a');
    world.etcd.put('jobs/2', 'b');
    await start();
    process.store.breakStreams('watch');
    world.etcd.delete('jobs/1');
    world.etcd.compact();
    await world.advance(500);
    expect(story).to.deep.equal(['a of 2', 'b of 3']);
  });

  it('goes on after reads that fail, and says so each time', async () => {
    process.store.faults.next('txn', 'fail');
    process.store.faults.next('txn', { error: new ElectionError('PERMISSION_DENIED', 'no') });
    process.store.faults.next('txn', { error: new TypeError('a surprise') });
    observer.start();
    await world.advance(1_000);
    expect(story).to.deep.equal(['failed: UNAVAILABLE', 'failed: PERMISSION_DENIED', 'failed: UNAVAILABLE', 'nobody']);
  });

  it('reads again when what it reads is older than what made it read', async () => {
    world.etcd.put('jobs/1', 'a');
    world.etcd.put('jobs/2', 'b');
    await start();
    process.store.faults.next('txn', { lateBy: 100 });
    world.etcd.put('jobs/1', 'a2');
    observer.start();
    await world.advance(50);
    world.etcd.delete('jobs/1');
    await world.advance(100);
    expect(story).to.deep.equal(['a of 2', 'a2 of 2', 'b of 3']);
  });

  it('passes on that its watch is refused', () => {
    observer.start();
    leaderWatcher.refused(new ElectionError('PERMISSION_DENIED', 'no'));
    expect(story).to.deep.equal(['failed: PERMISSION_DENIED']);
  });

  it('reads no further when it is closed while keys of nested elections are in the way of the answer', async () => {
    world.etcd.put('jobs/nested/1', 'x');
    world.etcd.put('jobs/nested/2', 'x');
    observer.start();
    await world.advance(1);
    observer.close();
    await world.advance(5_000);
    expect([story, process.store.requests.txn]).to.deep.equal([[], 1]);
  });

  for (const [fault, what] of [
    [{ lateBy: 100 }, 'answered'],
    ['fail', 'refused'],
  ] as const) {
    it(`tells nothing after it is closed, when a read on its way is ${what}`, async () => {
      process.store.faults.next('txn', fault);
      observer.start();
      observer.close();
      await world.advance(5_000);
      expect([story, process.store.open, process.clock.timers]).to.deep.equal([[], [], []]);
    });
  }
});
