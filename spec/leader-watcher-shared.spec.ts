import { expect } from 'chai';
import { environmentOf } from '../lib/environment.js';
import { Observer } from './support/observer.js';
import { type Process, World } from './support/world.js';

describe('observers of one election on one client', () => {
  let world: World;
  let process: Process;
  let story: string[];

  beforeEach(() => {
    world = new World();
    process = world.process('one');
    story = [];
  });

  /** An observer with a session of its own. */
  const observer = (name: string, then = (): void => {}, on = process): Observer =>
    new Observer(() => environmentOf(on).leaderWatchers.of('jobs'), on, {
      changed: ({ kv }) => {
        story.push(`${name}: ${kv?.value ?? 'nobody'}`);
        then();
      },
      failed: ({ code }) => story.push(`${name}: ${code}`),
    });
  const started = async (...names: string[]): Promise<Observer[]> => {
    const observers = names.map((name) => observer(name));
    for (const each of observers) each.start();
    await world.advance(20);
    return observers;
  };
  const watched = (): string[] => process.store.open.filter((what) => what !== 'watch stream');
  const head = (name: string, revision: bigint) => ({
    kv: { key: `jobs/${name}`, value: Buffer.from(name), createRevision: revision, modRevision: revision, lease: 0n },
    revision,
  });

  it('follow the leader by one watch, and read once when it goes', async () => {
    world.etcd.put('jobs/1', 'a');
    world.etcd.put('jobs/2', 'b');
    await started('x', 'y', 'z');
    expect([story.splice(0), watched()]).to.deep.equal([['x: a', 'y: a', 'z: a'], ['watch jobs/1']]);
    const reads = process.store.requests.txn;
    world.etcd.delete('jobs/1');
    await world.advance(50);
    expect([story, watched()]).to.deep.equal([['x: b', 'y: b', 'z: b'], ['watch jobs/2']]);
    expect(process.store.requests.txn - reads).to.equal(1);
  });

  it('are all told what one of them has learned', async () => {
    const [, y] = await started('x', 'y');
    y?.learn(head('a', 5n));
    expect(story, 'nobody is told by a call').to.have.length(2);
    await world.advance(0);
    expect(story).to.deep.equal(['x: nobody', 'y: nobody', 'x: a', 'y: a']);
  });

  it('read for themselves on another client', async () => {
    const other = world.process('other');
    observer('x').start();
    observer('y', undefined, other).start();
    await world.advance(20);
    expect([process.store.requests.txn, other.store.requests.txn]).to.deep.equal([1, 1]);
  });

  for (const when of ['before', 'at', 'after'] as const) {
    it(`miss nothing when the observer whose session watches leaves ${when} the leader goes`, async () => {
      world.etcd.put('jobs/1', 'a');
      world.etcd.put('jobs/2', 'b');
      const [x] = await started('x', 'y', 'z');
      if (when === 'before') x?.close();
      world.etcd.delete('jobs/1');
      if (when === 'after') await world.advance(2);
      x?.close();
      await world.advance(150);
      expect(story.slice(3)).to.deep.equal(['y: b', 'z: b']);
      expect(watched()).to.deep.equal(['watch jobs/2']);
    });
  }

  it('are told by a read that outlasts the observer that asked for it', async () => {
    process.store.faults.next('txn', { lateBy: 100 });
    const [x] = await started('x', 'y');
    x?.close();
    await world.advance(200);
    expect(story).to.deep.equal(['y: nobody']);
  });

  it('leave nothing behind, and begin anew', async () => {
    world.etcd.put('jobs/1', 'a');
    const observers = await started('x', 'y');
    for (const each of observers) each.close();
    await world.advance(150);
    expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
    world.etcd.delete('jobs/1');
    await started('z');
    expect(story.slice(2)).to.deep.equal(['z: nobody']);
  });

  it('are told what is known already when they bring older news', async () => {
    const [x] = await started('x');
    x?.learn(head('b', 6n));
    observer('y').learn(head('a', 5n));
    await world.advance(0);
    expect(story.slice(1)).to.deep.equal(['x: b', 'y: b']);
  });

  it('are not told of a leader that is known to be gone', async () => {
    world.etcd.put('jobs/1', 'a');
    world.etcd.put('jobs/2', 'b');
    await started('x');
    world.etcd.delete('jobs/1');
    await world.advance(2);
    observer('y').learn(head('0', 1n));
    await world.advance(0);
    expect(story).to.deep.equal(['x: a']);
    await world.advance(50);
    expect(story).to.deep.equal(['x: a', 'x: b', 'y: b']);
  });

  it('are not answered by a read that began before they asked', async () => {
    world.etcd.put('jobs/1', 'a');
    world.etcd.put('jobs/2', 'b');
    process.store.faults.next('txn', { lateBy: 100 });
    observer('x').start();
    await world.advance(50);
    world.etcd.delete('jobs/1');
    observer('y').start();
    await world.advance(200);
    expect(story.filter((line) => line.startsWith('y'))).to.deep.equal(['y: b']);
  });

  it('are all told of what goes wrong', async () => {
    process.store.faults.next('txn', 'fail');
    await started('x', 'y');
    expect(story).to.deep.equal(['x: UNAVAILABLE', 'y: UNAVAILABLE']);
    await world.advance(200);
    expect(story.slice(2)).to.deep.equal(['x: nobody', 'y: nobody']);
  });

  it('are told nothing when an earlier observer has made them leave', async () => {
    const leaving = { close: (): void => {} };
    const x = observer('x', () => leaving.close());
    const y = observer('y');
    for (const each of [x, y]) each.start();
    leaving.close = () => y.close();
    await world.advance(20);
    expect(story).to.deep.equal(['x: nobody']);
  });

  it('are told only the newer news when an earlier observer has brought some meanwhile', async () => {
    let isFirst = true;
    const x = observer('x', () => {
      if (!isFirst) return;
      isFirst = false;
      world.etcd.put('jobs/b', 'b');
      x.learn(head('b', world.etcd.revision));
    });
    const y = observer('y');
    for (const each of [x, y]) each.start();
    await world.advance(20);
    expect(story).to.deep.equal(['x: nobody', 'x: b', 'y: b']);
  });
});
