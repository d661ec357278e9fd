import { expect } from 'chai';
import { leaseIn } from '../lib/queue/keys.js';
import type { Store, WatchEvent, WatchHandlers, WatchStream } from '../lib/store/store.js';
import { WatchMultiplexer } from '../lib/watch/multiplexer.js';
import type { Follower } from '../lib/watch/shared-watch.js';
import { type Process, World } from './support/world.js';

function handlersOf(on: WatchHandlers): WatchHandlers {
  return {
    created: (id, revision) => on.created(id, revision),
    events: (id, events, cluster) => on.events(id, events, cluster),
    cancelled: (id, compacted, error) => on.cancelled(id, compacted, error),
    alive: () => on.alive(),
    closed: (error) => on.closed(error),
  };
}

describe('the watch multiplexer', () => {
  let world: World;
  let process: Process;
  let watch: WatchMultiplexer;
  let story: string[];

  const build = (options = {}): void => {
    world = new World(options);
    process = world.process('one');
    watch = new WatchMultiplexer(
      process.store,
      process.clock,
      { quiet: 5_000, patience: 2_000, groupOf: leaseIn },
      () => {},
    );
    story = [];
  };
  beforeEach(() => build());

  const follower = (name: string, then: Partial<Follower> = {}): Follower => ({
    changed: (event) => {
      story.push(`${name}: ${event.type} ${event.key} at ${event.revision}`);
      then.changed?.(event);
    },
    reset: () => {
      story.push(`${name}: reset`);
      then.reset?.();
    },
    refused: ({ message }) => story.push(`${name}: refused, ${message}`),
    ...(then.told !== undefined && { told: then.told }),
  });
  /** Follows a key from the next revision on. */
  const follow = (key: string, name = key, from = world.etcd.revision + 1n): (() => void) =>
    watch.follow({ key }, from, follower(name));

  it('passes on all events of a revision, and then says that this was all', async () => {
    const told = (): number => story.push('told');
    watch.follow({ key: 'a', end: 'c\0' }, world.etcd.revision + 1n, follower('one', { told }));
    await world.advance(10);
    for (const key of ['a', 'b']) world.etcd.put(key, 'x');
    world.etcd.delete('a', 'b');
    await world.advance(10);
    expect(story.slice(-3)).to.deep.equal(['one: delete a at 4', 'one: delete b at 4', 'told']);
  });

  it('asks etcd for a range that is not to be shared as often as it is followed', async () => {
    const range = { key: 'a', end: 'c\0', isShared: false };
    const leave = watch.follow(range, world.etcd.revision + 1n, follower('one'));
    watch.follow(range, world.etcd.revision + 1n, follower('another'));
    watch.follow({ key: 'a', end: 'c\0' }, world.etcd.revision + 1n, follower('a third'));
    await world.advance(10);
    expect(process.store.open).to.have.length(1 + 3);
    leave();
    world.etcd.put('b', 'x');
    await world.advance(10);
    expect([...story].sort()).to.deep.equal(['a third: put b at 2', 'another: put b at 2']);
  });

  describe('on an etcd that is written to all the time', () => {
    const LATE = 'late';
    /** Follows a range from the present revision on, while somebody writes. */
    const followLate = (key: string, isFresh: boolean): void => {
      watch.follow({ key, isFresh }, world.etcd.revision + 1n, follower(key));
      world.etcd.put('other', 'x');
    };
    beforeEach(async () => {
      build({ catchUp: 100 });
      followLate(LATE, true);
      await world.advance(10);
    });

    it('has a first watch that is late, and lets the next fresh one begin now, with a read', async () => {
      followLate('a', true);
      await world.advance(10);
      expect(story).to.deep.equal(['a: reset']);
      world.etcd.put('a', 'x');
      world.etcd.put(LATE, 'x');
      await world.advance(10);
      expect(story).to.deep.equal(['a: reset', `a: put a at ${world.etcd.revision - 1n}`]);
      await world.advance(100);
      expect(story.at(-1)).to.equal(`${LATE}: put ${LATE} at ${world.etcd.revision}`);
    });

    it('leaves a watch where it is to begin when its follower wants what is long past', async () => {
      followLate('a', false);
      await world.advance(200);
      expect(story).to.deep.equal([]);
    });

    it('expects late watches for a second', async () => {
      await world.advance(1_000);
      followLate('a', true);
      await world.advance(10);
      expect(story).to.deep.equal([]);
      followLate('b', true);
      await world.advance(10);
      expect(story).to.deep.equal(['b: reset']);
    });

    it('makes the follower read again when the stream breaks, and goes on from there', async () => {
      followLate('a', true);
      await world.advance(10);
      process.store.breakStreams('watch');
      world.etcd.put('a', 'x');
      await world.advance(200);
      world.etcd.put('a', 'y');
      await world.advance(10);
      const told = story.filter((line) => line.startsWith('a:'));
      expect(told).to.deep.equal(['a: reset', 'a: reset', `a: put a at ${world.etcd.revision}`]);
    });
  });

  it('needs no stream while nothing is followed, and keeps it for a tenth of a second', async () => {
    await world.advance(60_000);
    expect(process.store.requests).to.include({ watchStream: 0 });
    const leave = follow('a');
    await world.advance(10);
    expect(process.store.open).to.deep.equal(['watch stream', 'watch a']);
    leave();
    await world.advance(99);
    expect(process.store.open).to.deep.equal(['watch stream', 'watch a']);
    await world.advance(3);
    expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
  });

  it('takes the stream that is kept for what is followed next, and watches over it as before', async () => {
    follow('a')();
    await world.advance(90);
    follow('b');
    await world.advance(10);
    expect([process.store.open, process.store.requests.watchStream]).to.deep.equal([['watch stream', 'watch b'], 1]);
    process.store.silenceStreams('watch');
    world.etcd.put('b', 'x');
    await world.advance(10_000);
    expect([story, process.store.requests.watchStream]).to.deep.equal([['b: reset', 'b: reset', 'b: put b at 2'], 2]);
  });

  it('does not keep a stream that breaks, nor a stream that is not wanted any more', async () => {
    follow('a')();
    await world.advance(10);
    process.store.breakStreams('watch');
    await world.advance(1_000);
    expect([process.store.requests.watchStream, process.clock.timers]).to.deep.equal([1, []]);
    follow('a')();
    await world.advance(10);
    watch.closeIdle();
    await world.advance(3);
    expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
  });

  it('does not close a stream as idle on which something is followed', async () => {
    follow('a');
    await world.advance(10);
    watch.closeIdle();
    await world.advance(10);
    expect(process.store.open).to.deep.equal(['watch stream', 'watch a']);
  });

  it('carries many keys on one stream', async () => {
    const keys = Array.from({ length: 50 }, (_, n) => `k${n}`);
    for (const key of keys) follow(key);
    await world.advance(10);
    for (const key of keys) world.etcd.put(key, 'x');
    await world.advance(10);
    expect(story).to.deep.equal(keys.map((key, n) => `${key}: put ${key} at ${n + 2}`));
    expect(process.store.requests).to.include({ watchStream: 1, watch: 50 });
  });

  it('follows a range of keys, and a single key of the same name beside it', async () => {
    watch.follow({ key: 'a/', end: 'a0' }, world.etcd.revision + 1n, follower('range'));
    follow('a/', 'key');
    await world.advance(10);
    world.etcd.put('a/1', 'x');
    world.etcd.put('a/', 'x');
    world.etcd.put('a0', 'x');
    await world.advance(10);
    expect(story.sort()).to.deep.equal(['key: put a/ at 3', 'range: put a/ at 3', 'range: put a/1 at 2']);
  });

  it('misses nothing between a read and its first watch', async () => {
    const from = world.etcd.revision + 1n;
    world.etcd.put('a', 'x');
    world.etcd.delete('a');
    follow('a', 'a', from);
    await world.advance(200);
    expect(story).to.deep.equal(['a: put a at 2', 'a: delete a at 3']);
  });

  it('tells no event from before the revision from which a key is followed, though etcd sends one', async () => {
    let sends = (_revision: bigint): void => {};
    const store = process.store;
    const old = (revision: bigint): WatchEvent => ({ type: 'delete', key: 'a', revision });
    const eager = {
      watch: (on: WatchHandlers): WatchStream => {
        const created = (id: number, revision?: bigint): void => {
          sends = (at) => on.events(id, [old(at)]);
          on.created(id, revision);
        };
        return store.watch({ ...handlersOf(on), created });
      },
    } as Store;
    const options = { quiet: 5_000, patience: 2_000, groupOf: leaseIn };
    watch = new WatchMultiplexer(eager, process.clock, options, () => {});
    const from = world.etcd.revision + 1n;
    follow('a', 'a', from);
    await world.advance(10);
    sends(from - 1n);
    expect(story).to.deep.equal([]);
    sends(from);
    expect(story).to.deep.equal([`a: delete a at ${from}`]);
  });

  it('asks etcd once for a key that many follow, until the last of them leaves', async () => {
    const leaves = [follow('a', 'one'), follow('a', 'two')];
    follow('b');
    await world.advance(10);
    world.etcd.put('a', 'x');
    await world.advance(10);
    leaves[0]?.();
    leaves[0]?.();
    world.etcd.put('a', 'x');
    await world.advance(10);
    expect(story).to.deep.equal(['one: put a at 2', 'two: put a at 2', 'two: put a at 3']);
    expect(process.store.requests).to.include({ watch: 2, watchCancel: 0 });
    leaves[1]?.();
    await world.advance(10);
    expect(process.store.requests).to.include({ watchCancel: 1 });
    expect(process.store.open).to.deep.equal(['watch stream', 'watch b']);
  });

  it('tells nobody who has left, not even of what was on its way', async () => {
    const leave = follow('a');
    follow('b');
    await world.advance(10);
    world.etcd.put('a', 'x');
    leave();
    await world.advance(100);
    expect(story).to.deep.equal([]);
  });

  it('does not tell a follower whom an earlier one has made leave', async () => {
    const leaving = { leave: (): void => {} };
    watch.follow({ key: 'a' }, 2n, follower('one', { changed: () => leaving.leave() }));
    leaving.leave = follow('a', 'two', 2n);
    await world.advance(10);
    world.etcd.put('a', 'x');
    await world.advance(10);
    expect(story).to.deep.equal(['one: put a at 2']);
  });

  it('makes a newcomer read when the other followers have heard already what came after its read', async () => {
    follow('a', 'one');
    await world.advance(10);
    const from = world.etcd.revision + 1n;
    world.etcd.put('a', 'x');
    await world.advance(10);
    follow('a', 'late', from);
    follow('a', 'in time', from + 1n);
    await world.advance(10);
    expect(story).to.deep.equal(['one: put a at 2', 'late: reset']);
  });

  it('makes a newcomer read whose read is older than the watch that it shares', async () => {
    const from = world.etcd.revision + 1n;
    world.etcd.put('a', 'x');
    world.etcd.delete('a');
    world.etcd.put('a', 'again');
    follow('a', 'one');
    follow('a', 'older', from);
    await world.advance(200);
    expect(story).to.deep.equal(['older: reset']);
  });

  it('does not make a newcomer read when the newcomer has left again', async () => {
    follow('a', 'one');
    await world.advance(10);
    world.etcd.put('a', 'x');
    await world.advance(10);
    follow('a', 'late', 2n)();
    await world.advance(10);
    expect(story).to.deep.equal(['one: put a at 2']);
  });

  it('goes on after a break from the first unseen revision, on another stream, and makes everybody read', async () => {
    follow('a');
    follow('b');
    await world.advance(10);
    world.etcd.put('a', 'x');
    await world.advance(10);
    process.store.breakStreams('watch');
    world.etcd.put('a', 'x');
    await world.advance(200);
    expect(story).to.deep.equal(['a: put a at 2', 'a: reset', 'b: reset', 'a: put a at 3']);
    expect(process.store.requests).to.include({ watchStream: 2 });
  });

  it('opens again soon at first, and less and less often while it cannot', async () => {
    process.store.network = 'down';
    follow('a');
    await world.advance(20_000);
    expect(process.store.requests.watchStream).to.be.within(12, 30);
    process.store.network = 'up';
    await world.advance(2_000);
    expect(story).to.deep.equal(['a: reset']);
    const before = process.store.requests.watchStream;
    process.store.breakStreams('watch');
    await world.advance(25);
    expect(process.store.requests.watchStream).to.equal(before + 1);
  });

  it('follows what is added while it has no stream as soon as it has one, and makes its follower read', async () => {
    follow('a');
    await world.advance(10);
    process.store.breakStreams('watch');
    await world.advance(5);
    follow('b');
    world.etcd.put('b', 'x');
    await world.advance(200);
    expect(story).to.have.members(['a: reset', 'b: reset', 'b: put b at 2']);
    expect(process.store.open).to.deep.equal(['watch stream', 'watch a', 'watch b']);
    expect(process.store.requests).to.include({ watchStream: 2, watch: 3 });
  });

  it('does not open again when the last follower leaves meanwhile', async () => {
    const leave = follow('a');
    await world.advance(10);
    process.store.breakStreams('watch');
    await world.advance(2);
    leave();
    await world.advance(10_000);
    expect([process.store.requests.watchStream, process.clock.timers]).to.deep.equal([1, []]);
  });

  it('goes on from the compaction, and makes every follower read', async () => {
    const from = world.etcd.revision + 1n;
    for (let n = 0; n < 5; n += 1) world.etcd.put('a', 'x');
    world.etcd.compact();
    follow('a', 'a', from);
    await world.advance(300);
    world.etcd.put('a', 'x');
    await world.advance(10);
    expect(story).to.deep.equal(['a: reset', 'a: put a at 6', 'a: put a at 7']);
  });

  it('survives a compaction during a break', async () => {
    follow('a');
    await world.advance(10);
    process.store.breakStreams('watch');
    world.etcd.put('a', 'x');
    world.etcd.put('a', 'x');
    world.etcd.compact();
    await world.advance(300);
    world.etcd.put('a', 'x');
    await world.advance(10);
    expect(story.filter((line) => line !== 'a: reset')).to.deep.equal(['a: put a at 3', 'a: put a at 4']);
    expect(story).to.include('a: reset');
  });
});
