import { expect } from 'chai';
import { Pool } from '../../lib/index.js';
import { PoolWorld } from '../support/pool/pool-world.js';

describe('a pool', () => {
  let world: PoolWorld;

  afterEach(() => world.expectPaired());

  it('gives out every partition once at a cold start, one settle after the last worker has come', async () => {
    world = new PoolWorld(100);
    const four = ['a', 'b', 'c', 'd'].map((name) => world.worker(name));
    await world.balanced(four, 2_000);
    expect(world.counts()).to.deep.equal([25, 25, 25, 25]);
    expect(world.gains()).to.equal(100);
    expect(world.now).to.be.within(1_000, 1_500);
  });

  it('moves 20, 20 and 25 of 100 partitions when a fifth worker joins, leaves, and one of four crashes', async () => {
    world = new PoolWorld(100);
    const four = ['a', 'b', 'c', 'd'].map((name) => world.worker(name));
    await world.balanced(four);
    const fifth = world.worker('e');
    await world.balanced([...four, fifth]);
    expect(world.gains()).to.equal(120);
    await world.settled(fifth.pool.stop());
    await world.balanced(four);
    expect(world.gains()).to.equal(140);
    four[3]?.clock.kill();
    await world.balanced(four.slice(0, 3));
    expect(world.gains()).to.equal(165);
  });

  it('moves each partition once when its workers are replaced one by one, and the new one comes first', async () => {
    world = new PoolWorld(40);
    let workers = ['a', 'b', 'c', 'd'].map((name) => world.worker(name));
    await world.balanced(workers);
    for (const old of workers) {
      const next = world.worker(`${old.name} anew`);
      next.pool.start();
      await world.until(() => next.pool.state === 'active', 'it is a member');
      await world.settled(old.pool.stop());
      workers = [...workers.filter((worker) => worker !== old), next];
      await world.balanced(workers);
    }
    expect(world.gains()).to.equal(40 + 40);
  });

  it('moves each partition twice at the most when its workers are restarted one by one', async () => {
    world = new PoolWorld(40);
    const workers = ['a', 'b', 'c', 'd'].map((name) => world.worker(name));
    await world.balanced(workers);
    for (const worker of workers) {
      await world.settled(worker.pool.stop());
      await world.balanced(workers.filter((other) => other !== worker));
      await world.balanced(workers);
    }
    expect(world.gains()).to.be.at.most(40 + 2 * 40);
  });

  it('leaves nothing behind', async () => {
    world = new PoolWorld(10);
    const two = ['a', 'b'].map((name) => world.worker(name));
    await world.balanced(two);
    for (const { pool } of two) await world.settled(pool.stop());
    expect(two.map(({ pool, store, clock }) => [pool.state, store.open, clock.timers])).to.deep.equal([
      ['idle', [], []],
      ['idle', [], []],
    ]);
    expect([world.etcd.keys(), world.etcd.leases()]).to.deep.equal([[], []]);
  });

  it('keeps its key and its plan when it starts again before etcd has confirmed that they are deleted', async () => {
    world = new PoolWorld(2);
    const { session, store } = world.session('a');
    const pool = new Pool(session, 'p', { partitions: 2, member: 'a', releaseTimeout: 0 });
    pool.start();
    await world.until(() => pool.owned.size === 2, 'it owns all');
    const key = world.etcd.oldest('p/members/')?.key;
    store.faults.next('txn', 'hang', (request) => {
      return request.kind === 'txn' && request.txn.success.some((op) => op.type === 'delete' && op.key === key);
    });
    await world.settled(pool.stop());
    expect([store.faults.unused, world.etcd.keys('p/members/').length]).to.deep.equal([0, 1]);
    pool.start();
    await world.until(() => pool.owned.size === 2, 'it owns all again');
    const kept = (): unknown => ['p/members/', 'p/plan/'].map((prefix) => world.etcd.oldest(prefix)?.createRevision);
    const before = kept();
    await world.advance(20_000);
    expect(kept()).to.deep.equal(before);
  });
});
