import { expect } from 'chai';
import type { Pool } from '../../lib/index.js';
import { hexOf } from '../../lib/store/bytes.js';
import { type PoolWorker, PoolWorld } from '../support/pool/pool-world.js';

describe('the coordinator of a pool', () => {
  let world: PoolWorld;

  afterEach(() => world.expectPaired());

  const workers = (names: string, options: ConstructorParameters<typeof Pool>[2] | object = {}): PoolWorker[] =>
    [...names].map((name) => world.worker(name, options));
  const coordinatorOf = (all: readonly PoolWorker[]): PoolWorker => {
    const found = all.find(({ pool, clock }) => !clock.dead && pool.isCoordinator());
    if (found === undefined) throw new Error('nobody coordinates');
    return found;
  };

  it('is one of the workers, told of it, and followed by another when it leaves', async () => {
    world = new PoolWorld(10);
    const three = workers('abc');
    const story: string[] = [];
    for (const { pool, name } of three) pool.on('coordinating', (is) => story.push(`${name} ${is}`));
    await world.balanced(three);
    const first = coordinatorOf(three);
    await world.settled(first.pool.stop());
    const rest = three.filter((worker) => worker !== first);
    await world.balanced(rest);
    const second = coordinatorOf(rest);
    expect(story).to.deep.equal([`${first.name} true`, `${first.name} false`, `${second.name} true`]);
  });

  it('tells when the pool is balanced, once', async () => {
    world = new PoolWorld(10);
    const two = workers('ab');
    const told: unknown[] = [];
    for (const { pool } of two) pool.on('balanced', (info) => told.push(info));
    await world.balanced(two);
    await world.advance(60_000);
    expect(told).to.deep.equal([{ owned: 10, members: 2 }]);
  });

  it('costs nothing at rest beside the refreshes', async () => {
    world = new PoolWorld(100);
    const three = workers('abc');
    await world.balanced(three);
    await world.advance(20_000);
    const before = three.map(({ store }) => store.requests.txn);
    await world.advance(60_000);
    expect(three.map(({ store }, at) => store.requests.txn - (before[at] ?? 0))).to.deep.equal([0, 0, 0]);
  });

  for (const { who, isCrashing } of [
    { who: 'a crashed worker', isCrashing: ({ pool }: PoolWorker) => !pool.isCoordinator() },
    { who: 'a crashed coordinator', isCrashing: ({ pool }: PoolWorker) => pool.isCoordinator() },
  ]) {
    it(`gives the partitions of ${who} out as soon as its lease has ended`, async () => {
      world = new PoolWorld(30);
      const three = workers('abc');
      await world.balanced(three);
      await world.advance(10_000);
      const crashed = three.find(isCrashing);
      crashed?.clock.kill();
      const diedAt = world.now;
      await world.until(() => world.etcd.keys('p/members/').length === 2, 'its lease has ended', 10_500);
      const endedAt = world.now;
      await world.balanced(three.filter((worker) => worker !== crashed));
      expect(world.now - endedAt, 'ms after the end of the lease: less than `settle`').to.be.at.most(300);
      expect(world.now - diedAt).to.be.at.most(10_500);
    });
  }

  it('is followed by another that goes on, when it crashes in the middle of moves', async () => {
    world = new PoolWorld(40);
    const four = workers('abcd');
    await world.balanced(four.slice(0, 2));
    for (const { pool } of four) pool.start();
    await world.advance(1_300); // some are on their way
    coordinatorOf(four).clock.kill();
    await world.balanced(four.filter(({ clock }) => !clock.dead));
  });

  it('moves a tenth of the partitions per settle for balance', async () => {
    world = new PoolWorld(100);
    const [a, b] = workers('ab') as [PoolWorker, PoolWorker];
    await world.balanced([a]);
    await world.advance(10_000);
    b.pool.start();
    await world.until(() => b.pool.owned.size === 10, 'a tenth has moved');
    const from = world.now;
    await world.advance(900);
    expect(b.pool.owned.size).to.equal(10);
    await world.until(() => b.pool.owned.size === 50, 'half has moved');
    expect(world.now - from).to.be.within(4_000, 4_500);
  });

  it('moves nothing for balance while membership changes, for five settles at the most', async () => {
    world = new PoolWorld(100);
    const [a, b] = workers('ab') as [PoolWorker, PoolWorker];
    await world.balanced([a]);
    await world.advance(10_000);
    b.pool.start();
    await world.until(() => b.pool.state === 'active', 'b is a member');
    const from = world.now;
    let weight = 1;
    while (b.pool.owned.size === 0) {
      await world.settled(a.pool.setWeight(weight++));
      await world.advance(500);
    }
    expect(world.now - from).to.be.within(5_000, 5_700);
  });

  it('follows weights, and drains a worker of weight 0', async () => {
    world = new PoolWorld(30);
    const [a, b] = [world.worker('a', { weight: 2 }), world.worker('b')];
    for (const { pool } of [a, b]) pool.start();
    await world.until(() => a.pool.owned.size === 20 && b.pool.owned.size === 10, 'two to one');
    await world.settled(a.pool.setWeight(0));
    await world.until(() => a.pool.owned.size === 0 && b.pool.owned.size === 30, 'all is with b');
    expect(a.pool.state).to.equal('active');
  });

  it('drains a worker and pauses as the operator says', async () => {
    world = new PoolWorld(30);
    const three = workers('abc');
    await world.balanced(three.slice(0, 2));
    world.etcd.put('p/control/balance', JSON.stringify({ v: 1, paused: true }));
    three[2]?.pool.start();
    await world.advance(20_000);
    expect(world.counts()).to.deep.equal([15, 15, 0]);
    world.etcd.put('p/control/balance', JSON.stringify({ v: 1, drained: ['a'] }));
    await world.until(() => `${world.counts()}` === '0,15,15', 'a is drained');
    world.etcd.delete('p/control/balance');
    await world.balanced(three);
  });

  it('plans for another what a worker does not stand for within handoffTimeout', async () => {
    world = new PoolWorld(20);
    const three = workers('abc', { ttl: 30, handoffTimeout: 2_000 });
    await world.balanced(three.slice(0, 2));
    await world.advance(30_000);
    const deaf = three[2] as PoolWorker;
    deaf.pool.start();
    await world.until(() => deaf.pool.state === 'active', 'it is a member');
    deaf.store.faults.txn = 'hang'; // its lease is refreshed, but it stands for nothing
    const coordinator = coordinatorOf(three);
    const other = three.find((worker) => worker !== coordinator && worker !== deaf) as PoolWorker;
    await world.advance(6_000);
    expect(world.counts(), 'the owners work on').to.deep.equal([10, 10, 0]);
    other.clock.kill();
    const ownsAll = (): boolean => coordinator.pool.owned.size === 20;
    await world.until(ownsAll, 'everything is owned again', 30_500 + 2_000 + 500);
    deaf.store.faults.clear();
    await world.until(() => deaf.pool.owned.size === 10, 'it is tried again', 120_000);
  });

  it('tells of a partition that its owner does not let go', async () => {
    world = new PoolWorld(4);
    const [a, b] = workers('ab', { releaseTimeout: 100_000 }) as [PoolWorker, PoolWorker];
    const running = a.pool.run(() => new Promise(() => {}));
    await world.balanced([a]);
    const stuck: string[] = [];
    a.pool.on('stuck', ({ holder, planned, ms }) => stuck.push(`${holder} ${planned} ${Math.round(ms / 1_000)}`));
    b.pool.start();
    await world.advance(35_000);
    expect(stuck).to.deep.equal(['a b 10', 'a b 10', 'a b 20', 'a b 20']);
    await world.settled(a.pool.stop(), 200_000);
    await world.settled(running);
  });

  it('does not tell of an owner that lets go in time, however short handoffTimeout is', async () => {
    world = new PoolWorld(4);
    const all = workers('abc', { handoffTimeout: 100, settle: 100 }) as [PoolWorker, PoolWorker, PoolWorker];
    const [a, b] = all;
    const stuck: unknown[] = [];
    for (const { pool } of all) pool.on('stuck', (partition) => stuck.push(partition));
    await world.balanced([a]);
    // A task ends within a moment. And a successor that stood before the plan that names it is found a second later.
    const running = a.pool.run(
      ({ signal }) =>
        new Promise((ends) => signal.addEventListener('abort', () => void a.clock.after(500, () => ends()))),
    );
    b.pool.start();
    await world.until(() => b.pool.state === 'active', 'b is a member');
    world.forge(b, { v: 1, by: '1', own: [0] });
    await world.until(() => world.etcd.keys('p/owners/0/').length === 2, 'b stands');
    await world.balanced([a, b]);
    await world.advance(60_000);
    expect([stuck, world.counts()]).to.deep.equal([[], [2, 2, 0]]);
    await world.settled(a.pool.stop());
    await world.settled(running);
  });

  it('leaves keys among the members alone that are of no worker, tells of each once, and goes on', async () => {
    world = new PoolWorld(30);
    world.etcd.put('p/members/config', '{"mode":"fast"}');
    const told: string[] = [];
    const nothing = (): void => {};
    const warn = (data: object, message: string): void => {
      if (message.includes('not the key of a worker')) told.push((data as { readonly key: string }).key);
    };
    const all = workers('abc', { logger: { debug: nothing, info: nothing, warn, error: nothing } });
    await world.balanced(all.slice(0, 2));
    world.etcd.put('p/members/cafe', '{"v":1,"id":"x","weight":1,"count":30}'); // a worker's, but for the lease
    world.etcd.put('p/members/config', '{"mode":"slow"}');
    await world.balanced(all);
    coordinatorOf(all).store.breakStreams('watch'); // all is read again
    await world.advance(60_000);
    expect(told).to.deep.equal(['p/members/config', 'p/members/cafe']);
    expect(world.counts()).to.deep.equal([10, 10, 10]);
    const left = ['config', 'cafe'].map((name) => world.etcd.get(`p/members/${name}`)?.value.toString());
    expect(left).to.deep.equal(['{"mode":"slow"}', '{"v":1,"id":"x","weight":1,"count":30}']);
  });

  it('mends plans that were forged, dropped or doubled', async () => {
    world = new PoolWorld(30);
    const three = workers('abc') as [PoolWorker, PoolWorker, PoolWorker];
    await world.balanced(three);
    const [a, b] = three;
    world.forge(a, { v: 1, by: '1', own: [[0, 29]] });
    await world.advance(5_000);
    await world.balanced(three);
    world.forge(b, { v: 1, by: '1', own: [] });
    await world.advance(5_000);
    await world.balanced(three);
    world.etcd.delete(`p/plan/${hexOf(world.leaseOf(b))}`);
    await world.advance(5_000);
    await world.balanced(three);
    expect(world.etcd.get(`p/plan/${hexOf(world.leaseOf(b))}`)).not.to.equal(undefined);
  });

  it('balances the pool again when forged plans have made it uneven, though membership has not changed', async () => {
    world = new PoolWorld(30);
    const three = workers('abc') as [PoolWorker, PoolWorker, PoolWorker];
    await world.balanced(three);
    await world.advance(10_000);
    const planOf = (worker: PoolWorker): number[] => [...worker.pool.owned.keys()].map(Number);
    const [a, b] = three;
    const [all, given] = [[...planOf(a), ...planOf(b)].sort((x, y) => x - y), planOf(b)];
    const give = Object.fromEntries(given.map((index) => [index, hexOf(world.leaseOf(a))]));
    world.forge(a, { v: 1, by: '1', own: all });
    world.forge(b, { v: 1, by: '1', own: [], give });
    await world.advance(60_000);
    expect(world.counts()).to.deep.equal([10, 10, 10]);
  });

  it('writes nothing when it was deposed', async () => {
    world = new PoolWorld(10);
    const two = workers('ab');
    await world.balanced(two);
    const first = coordinatorOf(two);
    world.etcd.delete(`p/coordinator/${hexOf(world.leaseOf(first))}`);
    await world.advance(1_000);
    expect(coordinatorOf(two)).not.to.equal(first);
    world.worker('c').pool.start();
    await world.balanced(world.workers);
  });

  it('plans a partition only for those that announce it', async () => {
    world = new PoolWorld(['x', 'y']);
    const old = world.worker('old');
    await world.balanced([old]);
    const fresh = world.worker('new', { partitions: ['w', 'x', 'y', 'z/%'] });
    fresh.pool.start();
    await world.until(() => [...fresh.pool.owned.keys()].includes('z/%'), 'the new worker has the new partitions');
    await world.advance(5_000);
    expect([[...old.pool.owned.keys()].sort(), [...fresh.pool.owned.keys()].sort()]).to.deep.equal([
      ['x', 'y'],
      ['w', 'z/%'],
    ]);
    expect(world.etcd.keys('p/owners/z').map(({ key }) => key)).to.deep.equal([
      `p/owners/z%2F%25/${hexOf(world.leaseOf(fresh))}`,
    ]);
    expect(world.etcd.keys('p/lists/').length).to.equal(2);
    await world.settled(old.pool.stop());
    await world.until(() => fresh.pool.owned.size === 4, 'it has all');
  });

  it('is missed when no worker may coordinate', async () => {
    world = new PoolWorld(4);
    const [worker] = workers('a', { coordinate: false }) as [PoolWorker];
    const told: string[] = [];
    worker.pool.on('error', ({ code }) => told.push(`${Math.round(world.now / 1_000)} ${code}`));
    worker.pool.start();
    await world.advance(45_000);
    expect(told).to.deep.equal(['10 NO_COORDINATOR', '20 NO_COORDINATOR', '40 NO_COORDINATOR']);
    const other = world.worker('b');
    other.pool.start();
    await world.balanced([worker, other]);
    await world.advance(60_000);
    expect(told.length).to.equal(3);
  });
});
