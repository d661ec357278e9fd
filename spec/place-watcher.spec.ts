import { expect } from 'chai';
import { ElectionError } from '../lib/errors.js';
import { leaseIn } from '../lib/queue/keys.js';
import { PlaceWatcher } from '../lib/queue/place-watcher.js';
import { Queue } from '../lib/queue/queue.js';
import { Watcher } from '../lib/watch/watcher.js';
import { type Process, recordLog, World } from './support/world.js';

describe('the place watcher', () => {
  let world: World;
  let process: Process;
  let watch: Watcher;
  let queue: Queue;
  let story: string[];
  let placeWatcher: PlaceWatcher;

  /** Joins with the key jobs/3c, behind jobs/1a and jobs/2b. */
  beforeEach(async () => {
    world = new World();
    process = world.process('one');
    story = [];
    queue = new Queue(process.store, 'jobs', recordLog);
    watch = new Watcher(process.store, process.clock, { quiet: 5_000, patience: 2_000, groupOf: leaseIn });
    for (const lease of [0x1an, 0x2bn, 0x3cn]) await world.settled(process.store.grant(lease, 600));
    world.etcd.put('jobs/1a', 'a', 0x1an);
    world.etcd.put('jobs/2b', 'b', 0x2bn);
    const { place } = await world.settled(queue.join(0x3cn, Buffer.from('c'), false));
    placeWatcher = new PlaceWatcher(queue, watch, process.clock, place, {
      first: () => story.push('first'),
      keyGone: () => story.push('gone'),
      overtaken: () => story.push('overtaken'),
      rewritten: ({ lease }) => story.push(`rewritten with lease ${lease.toString(16)}`),
      failed: ({ code }) => story.push(`failed: ${code}`),
    });
    await world.advance(10);
  });
  const reads = (): number => process.store.requests.txn - 1;
  const ends = (): void => {
    watch.closeIdle();
    expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
  };

  it("follows its candidate's own key and the key before it, and no other", async () => {
    expect(process.store.open).to.deep.equal(['watch stream', 'watch jobs/3c', 'watch jobs/2b']);
    world.etcd.delete('jobs/1a');
    await world.advance(100);
    expect([story, reads()]).to.deep.equal([[], 0]);
    placeWatcher.close();
    await world.advance(10);
    ends();
  });

  it('tells, after one read, that its candidate is first when the last key before it is deleted', async () => {
    world.etcd.delete('jobs/1a');
    world.etcd.delete('jobs/2b');
    await world.advance(10);
    expect([story, reads()]).to.deep.equal([['first'], 1]);
  });

  it('follows the next key when the key before its own is deleted and another is older', async () => {
    world.etcd.delete('jobs/2b');
    await world.advance(10);
    expect([story, reads()]).to.deep.equal([[], 1]);
    expect(process.store.open).to.deep.equal(['watch stream', 'watch jobs/3c', 'watch from jobs/1a to jobs/3c']);
    world.etcd.delete('jobs/1a');
    await world.advance(10);
    expect([story, reads()]).to.deep.equal([['first'], 1]);
  });

  it('does not read when the candidate before its own announces another value', async () => {
    world.etcd.put('jobs/2b', 'b again', 0x2bn);
    await world.advance(100);
    expect([story, reads()]).to.deep.equal([[], 0]);
  });

  it("tells once that its candidate's key is gone when the key is deleted", async () => {
    world.etcd.delete('jobs/3c');
    world.etcd.delete('jobs/2b');
    await world.advance(100);
    expect(story).to.deep.equal(['gone']);
    ends();
  });

  it('is never first without its key: deleted in one revision with all keys before it', async () => {
    world.etcd.delete('jobs/1a', 'jobs/2b', 'jobs/3c');
    await world.advance(100);
    expect(story).to.deep.equal(['gone']);
  });

  it('is never first without its key: deleted while the read that finds it first is under way', async () => {
    process.store.faults.next('txn', { arriveLateBy: 500 });
    process.store.silenceStreams('watch');
    placeWatcher.reset();
    world.etcd.delete('jobs/1a', 'jobs/2b');
    await world.advance(400);
    world.etcd.delete('jobs/3c');
    await world.advance(200);
    expect(story).to.deep.equal(['gone']);
  });

  it('tells that its key is gone when the key was deleted and written anew, since that is another place', async () => {
    world.etcd.delete('jobs/3c');
    world.etcd.put('jobs/3c', 'c', 0x3cn);
    await world.advance(100);
    expect(story).to.deep.equal(['gone']);
  });

  it('tells when somebody writes its key, and with which lease', async () => {
    world.etcd.put('jobs/3c', 'forged');
    await world.advance(10);
    expect(story).to.deep.equal(['rewritten with lease 0']);
  });

  it('finds by a read that its key has lost its lease while the watch was silent', async () => {
    process.store.silenceStreams('watch');
    world.etcd.put('jobs/3c', 'forged');
    placeWatcher.reset();
    await world.advance(10);
    expect(story).to.deep.equal(['rewritten with lease 0']);
  });

  it('reads after every break of the watch, and finds what happened meanwhile', async () => {
    process.store.breakStreams('watch');
    world.etcd.delete('jobs/1a', 'jobs/2b');
    await world.advance(100);
    expect(new Set(story)).to.deep.equal(new Set(['first']));
  });

  it('tells that its key is gone after a break in which the key went and the history was compacted', async () => {
    process.store.breakStreams('watch');
    world.etcd.delete('jobs/3c');
    world.etcd.put('other', 'x');
    world.etcd.compact();
    await world.advance(300);
    expect(story).to.deep.equal(['gone']);
    ends();
  });

  it('reads again when a key changes while it reads', async () => {
    process.store.faults.next('txn', { lateBy: 300 });
    world.etcd.delete('jobs/2b');
    await world.advance(100);
    world.etcd.delete('jobs/1a');
    placeWatcher.reset();
    await world.advance(300);
    expect([story, reads()]).to.deep.equal([['first'], 2]);
  });

  it('reads again until a read is answered, with pauses of a second at the most', async () => {
    process.store.faults.txn = 'fail';
    world.etcd.delete('jobs/1a', 'jobs/2b');
    await world.advance(10_000);
    expect(new Set(story)).to.deep.equal(new Set(['failed: UNAVAILABLE']));
    expect(story.length).to.be.within(12, 30);
    process.store.faults.txn = 'ok';
    await world.advance(1_050);
    expect(story.at(-1)).to.equal('first');
  });

  it('passes on that its watch is refused', () => {
    placeWatcher.refused(new ElectionError('PERMISSION_DENIED', 'no'));
    expect(story).to.deep.equal(['failed: PERMISSION_DENIED']);
  });

  it('reads no further when it is closed while keys of nested elections are in the way of the answer', async () => {
    world.etcd.put('jobs/2b/nested', 'x'); // created after jobs/2b
    await world.settled(process.store.grant(0x5en, 600));
    const { place } = await world.settled(queue.join(0x5en, Buffer.from('e'), false));
    const tell = (what: string) => () => story.push(`later: ${what}`);
    const [first, gone, overtaken] = [tell('first'), tell('gone'), tell('overtaken')];
    const on = { first, keyGone: gone, overtaken, rewritten: tell('rewritten'), failed: tell('failed') };
    const later = new PlaceWatcher(queue, watch, process.clock, place, on);
    await world.advance(10);
    const before = reads();
    later.reset();
    await world.advance(1);
    later.close();
    await world.advance(100);
    expect([story, reads() - before]).to.deep.equal([[], 1]);
  });

  for (const [fault, name] of [
    [{ lateBy: 100 }, 'answered'],
    ['lose reply', 'not answered'],
  ] as const) {
    it(`tells nothing after it is closed, when a read on its way is ${name}`, async () => {
      process.store.faults.next('txn', fault);
      world.etcd.delete('jobs/1a', 'jobs/2b');
      await world.advance(5);
      placeWatcher.close();
      await world.advance(10_000);
      expect(story).to.deep.equal([]);
      ends();
    });
  }
});
