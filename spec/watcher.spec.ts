import { expect } from 'chai';
import { leaseIn } from '../lib/queue/keys.js';
import type { Follower } from '../lib/watch/shared-watch.js';
import { Watcher } from '../lib/watch/watcher.js';
import { type Process, World } from './support/world.js';

describe('the watches of a session', () => {
  let world: World;
  let process: Process;
  let watches: Watcher;
  let story: string[];

  beforeEach(() => {
    world = new World();
    process = world.process('one');
    watches = new Watcher(process.store, process.clock, { quiet: 5_000, patience: 2_000, groupOf: leaseIn });
    story = [];
  });

  const follower = (name: string): Follower => ({
    changed: ({ type }) => story.push(`${name}: ${type}`),
    reset: () => story.push(`${name}: reset`),
    refused: ({ message }) => story.push(`${name}: refused, ${message}`),
  });
  const follow = (key: string, name = key): (() => void) =>
    watches.follow({ key }, world.etcd.revision + 1n, follower(name));
  const followMany = (count: number): (() => void)[] => Array.from({ length: count }, (_, n) => follow(`k${n}`));
  const streams = (): number => process.store.open.filter((what) => what === 'watch stream').length;

  it('share one stream up to 2,000 keys', async () => {
    followMany(2_000);
    await world.advance(10);
    expect(streams()).to.equal(1);
  });

  it('take another stream for the next key, and a third for the 4,001st', async () => {
    followMany(2_001);
    await world.advance(10);
    expect(streams()).to.equal(2);
    followMany(4_000);
    await world.advance(500);
    expect([streams(), process.store.requests.watch]).to.deep.equal([2, 4_000]);
    follow('one more');
    await world.advance(10);
    expect(streams()).to.equal(3);
  });

  it('ask etcd once for a key, on whichever stream the key is followed', async () => {
    followMany(2_001);
    const leave = follow('k2000', 'again');
    follow('k0', 'again');
    await world.advance(500);
    expect(process.store.requests.watch).to.equal(2_001);
    world.etcd.put('k2000', 'x');
    world.etcd.put('k0', 'x');
    await world.advance(10);
    expect(story.sort()).to.deep.equal(['again: put', 'again: put', 'k0: put', 'k2000: put']);
    leave();
    world.etcd.delete('k2000');
    await world.advance(10);
    expect(story.slice(4)).to.deep.equal(['k2000: delete']);
  });

  it('know a range from the key at its beginning', async () => {
    watches.follow({ key: 'a/', end: 'a0' }, 1n, follower('range'));
    follow('a/', 'key');
    await world.advance(10);
    expect([streams(), process.store.requests.watch]).to.deep.equal([1, 2]);
  });

  it('fill a stream that has room again before they open another', async () => {
    const leave = followMany(2_001);
    leave[0]?.();
    follow('new');
    await world.advance(10);
    expect(streams()).to.equal(2);
    for (const each of leave.slice(0, 2_000)) each();
    follow('and another');
    await world.advance(10);
    expect(streams()).to.equal(2);
  });

  it('make followers of a key that is not watched yet read when another key of its lease is deleted', async () => {
    world.etcd.put('a/1f', 'x');
    follow('a/1f');
    await world.advance(10);
    followMany(2_000); // later watches are on another stream
    follow('b/1f');
    follow('c/2f');
    world.etcd.delete('a/1f');
    await world.advance(1);
    expect(story).to.deep.equal(['a/1f: delete', 'b/1f: reset']);
    await world.advance(500);
    world.etcd.put('a/1f', 'x');
    world.etcd.delete('a/1f');
    await world.advance(10);
    expect(story.slice(2)).to.deep.equal(['a/1f: put', 'a/1f: delete']);
  });

  it('end with their streams and timers', async () => {
    const leave = followMany(2_001);
    await world.advance(10);
    for (const each of leave) each();
    watches.closeIdle();
    await world.advance(10);
    expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
  });
});
