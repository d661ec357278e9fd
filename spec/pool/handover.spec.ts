import { expect } from 'chai';
import { hexOf } from '../../lib/store/bytes.js';
import { type PoolWorker, PoolWorld } from '../support/pool/pool-world.js';

describe('a handover', () => {
  let world: PoolWorld;
  let story: string[];

  beforeEach(() => {
    story = [];
  });

  afterEach(() => world.expectPaired());

  /** Runs a task that goes on until its signal is aborted, and then for `ms`. */
  const run = (worker: PoolWorker, ms: number): Promise<void> =>
    worker.pool.run(({ partition, signal }) => {
      story.push(`${worker.name} begins ${partition}`);
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          worker.clock.after(ms, () => {
            story.push(`${worker.name} ends ${partition}`);
            resolve();
          });
        });
      });
    });

  it('takes as long for all partitions of a worker that stops as for one: they go side by side', async () => {
    world = new PoolWorld(30);
    const [a, b] = [world.worker('a'), world.worker('b')];
    const running = run(a, 2_000);
    await world.balanced([a, b]);
    const from = world.now;
    await world.settled(a.pool.stop());
    expect(world.now - from).to.be.within(2_000, 3_000);
    expect(a.story.filter((line) => line.endsWith(' STOPPED'))).to.have.length(15);
    await world.settled(running);
    await world.balanced([b]);
  });

  it('waits for the task for longer than a TTL, since the lease is refreshed meanwhile', async () => {
    world = new PoolWorld(2);
    const [a, b] = [world.worker('a', { releaseTimeout: 100_000 }), world.worker('b')];
    const runs = [run(a, 35_000)];
    await world.balanced([a]);
    runs.push(run(b, 0));
    await world.until(() => b.pool.owned.size === 1, 'b owns one', 60_000);
    const moved = [...b.pool.owned.keys()][0];
    expect(story.slice(2)).to.deep.equal([`a ends ${moved}`, `b begins ${moved}`]);
    expect(a.story.slice(2)).to.deep.equal([`- ${moved} REBALANCED`]);
    const stopping = [a, b].map(({ pool }) => pool.stop());
    for (const settling of [...stopping, ...runs]) await world.settled(settling, 200_000);
  });

  it('waits for no more than the successor’s key: two workers that are to swap partitions do not block', async () => {
    world = new PoolWorld(2);
    const [a, b] = ['a', 'b'].map((name) => world.worker(name, { coordinate: false, concurrency: 1 })) as [
      PoolWorker,
      PoolWorker,
    ];
    for (const { pool } of [a, b]) {
      pool.start();
      await world.until(() => pool.state === 'active', 'it is a member');
    }
    const own = (worker: PoolWorker): string => [...worker.pool.owned.keys()].join();
    world.forge(a, { v: 1, by: '1', own: [0] });
    world.forge(b, { v: 1, by: '1', own: [1] });
    await world.until(() => own(a) === '0' && own(b) === '1', 'each owns one');
    world.forge(a, { v: 1, by: '1', own: [1], give: { 0: hexOf(world.leaseOf(b)) } });
    world.forge(b, { v: 1, by: '1', own: [0], give: { 1: hexOf(world.leaseOf(a)) } });
    await world.until(() => own(a) === '1' && own(b) === '0', 'they have swapped', 1_000);
  });

  it('ends in time for workers that all stop at once', async () => {
    world = new PoolWorld(30);
    const three = ['a', 'b', 'c'].map((name) => world.worker(name, { releaseTimeout: 5_000 }));
    await world.balanced(three);
    const from = world.now;
    const stopping = three.map(({ pool }) => pool.stop());
    for (const one of stopping) await world.settled(one);
    expect(world.now - from).to.be.at.most(1_500);
    expect([world.etcd.keys(), world.etcd.leases()]).to.deep.equal([[], []]);
  });

  it('shows in the members: the one that hands over is leaving', async () => {
    world = new PoolWorld(4);
    const [a, b] = [world.worker('a'), world.worker('b')];
    const running = run(a, 2_000);
    await world.balanced([a, b]);
    const stopping = a.pool.stop();
    await world.advance(500);
    const members = await world.settled(b.pool.members());
    expect(members.map(({ id, isLeaving, planned }) => [id, isLeaving, planned]).sort()).to.deep.equal([
      ['a', true, 0],
      ['b', false, 4],
    ]);
    await world.settled(stopping);
    await world.settled(running);
  });
});
