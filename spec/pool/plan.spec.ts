import { expect } from 'chai';
import { hexOf } from '../../lib/store/bytes.js';
import { type PoolWorker, PoolWorld } from '../support/pool/pool-world.js';

/** Workers that follow plans written by hand: nobody coordinates. */
describe('a worker that follows its plan', () => {
  let world: PoolWorld;
  let a: PoolWorker;
  let b: PoolWorker;

  beforeEach(async () => {
    world = new PoolWorld(10);
    [a, b] = [world.worker('a', { coordinate: false }), world.worker('b', { coordinate: false })];
    for (const { pool } of [a, b]) {
      pool.start();
      await world.until(() => pool.state === 'active', 'it is a member');
    }
  });

  afterEach(() => world.expectPaired());

  const own = (worker: PoolWorker): string => [...worker.pool.owned.keys()].sort().join(' ');
  const plan = (worker: PoolWorker, indexes: unknown[], give: Record<string, string> = {}): void =>
    world.forge(worker, { v: 1, by: '1', own: indexes, give });
  const owning = (worker: PoolWorker, partitions: string): Promise<void> =>
    world.until(() => own(worker) === partitions, `${worker.name} owns ${partitions}`, 5_000);
  const leaseOf = (worker: PoolWorker): string => hexOf(world.leaseOf(worker));

  it('writes its keys in one transaction, and reads nothing but its plan from then on', async () => {
    const [member, other] = world.etcd.keys('p/members/');
    expect(JSON.parse(member?.value.toString() ?? '')).to.include({ v: 1, weight: 1, count: 10 });
    expect(member?.lease).not.to.equal(other?.lease);
    const before = { ...a.store.requests };
    plan(b, [[0, 9]]);
    await owning(b, '0 1 2 3 4 5 6 7 8 9');
    await world.advance(60_000);
    expect([a.store.requests.txn - before.txn, a.store.requests.watch - before.watch]).to.deep.equal([0, 0]);
  });

  it('owns what its plan names, in runs and alone, each by an election of its own', async () => {
    plan(a, [[0, 2], 7, 9]);
    await owning(a, '0 1 2 7 9');
    const keys = world.etcd.keys('p/owners/').map(({ key }) => key);
    expect(keys).to.deep.equal([0, 1, 2, 7, 9].map((partition) => `p/owners/${partition}/${leaseOf(a)}`));
    expect(a.pool.owned.get('7')).to.include({
      partition: '7',
      election: 'p/owners/7',
      value: 'a',
      leaseId: leaseOf(a),
    });
    expect([a.pool.owns(7), a.pool.owns('7'), a.pool.owns(8)]).to.deep.equal([true, true, false]);
  });

  it('lets go at once what is no longer planned and has no successor', async () => {
    plan(a, [0, 1]);
    await owning(a, '0 1');
    plan(a, [1]);
    await owning(a, '1');
    expect(a.story.at(-1)).to.equal('- 0 REBALANCED');
  });

  it('works on until its successor stands in the queue', async () => {
    plan(a, [0]);
    await owning(a, '0');
    plan(a, [], { 0: leaseOf(b) });
    await world.advance(60_000);
    expect([own(a), a.story.length]).to.deep.equal(['0', 1]);
    plan(b, [0]);
    await owning(b, '0');
    expect([own(a), a.story.at(-1)]).to.deep.equal(['', '- 0 REBALANCED']);
  });

  it('asks etcd for nothing while it waits for its successor, and once for the end of its key', async () => {
    plan(a, [0]);
    await owning(a, '0');
    const before = a.store.requests.txn;
    plan(a, [], { 0: leaseOf(b) });
    plan(b, [0]);
    await owning(b, '0');
    expect(a.store.requests.txn - before).to.equal(1);
  });

  it('hands over also to a successor that stood before the plan that names it, a moment later', async () => {
    plan(a, [0]);
    await owning(a, '0');
    plan(b, [0]);
    await world.until(() => world.etcd.keys('p/owners/0/').length === 2, 'b stands');
    await world.advance(10_000);
    plan(a, [], { 0: leaseOf(b) });
    await owning(b, '0');
    expect(a.story.at(-1)).to.equal('- 0 REBALANCED');
  });

  it('keeps a partition that is planned for it again before the successor has come', async () => {
    plan(a, [0]);
    await owning(a, '0');
    plan(a, [], { 0: leaseOf(b) });
    await world.advance(100);
    plan(a, [0]);
    await world.advance(100);
    plan(b, [0]);
    await world.advance(5_000);
    expect([own(a), own(b), a.story.length]).to.deep.equal(['0', '', 1]);
  });

  it('hands over to nobody whose key does not hang on the lease that the plan names', async () => {
    plan(a, [0]);
    await owning(a, '0');
    world.etcd.put(`p/owners/0/${leaseOf(b)}`, 'forged');
    plan(a, [], { 0: leaseOf(b) });
    await world.advance(5_000);
    expect(own(a)).to.equal('0');
  });

  it('leaves the queue when it waits for a partition that is no longer planned for it', async () => {
    plan(a, [0]);
    await owning(a, '0');
    plan(b, [0]);
    await world.until(() => world.etcd.keys('p/owners/0/').length === 2, 'b stands');
    plan(b, []);
    await world.until(() => world.etcd.keys('p/owners/0/').length === 1, 'b has left');
    expect([own(a), b.story]).to.deep.equal(['0', []]);
  });

  it('never owns what another owns, whatever its plan says', async () => {
    plan(a, [[0, 9]]);
    await owning(a, '0 1 2 3 4 5 6 7 8 9');
    plan(b, [[0, 9]]);
    await world.advance(30_000);
    expect([own(b), b.story]).to.deep.equal(['', []]);
  });

  for (const nonsense of [
    '',
    'null',
    '[]',
    '{"v":2,"own":[]}',
    '{"v":1}',
    '{"v":1,"own":["x"]}',
    '{"v":1,"own":[[0,1e999]]}',
  ]) {
    it(`changes nothing by a plan that makes no sense: ${nonsense || 'nothing'}`, async () => {
      plan(a, [0, 1]);
      await owning(a, '0 1');
      world.forge(a, nonsense);
      await world.advance(5_000);
      expect([own(a), a.story.length]).to.deep.equal(['0 1', 2]);
    });
  }

  it('takes no partition that it does not know, and each once', async () => {
    plan(a, [[8, 1_000_000_000], 9, 9, -5, 10]);
    await owning(a, '8 9');
  });

  it('changes nothing when its plan is deleted', async () => {
    plan(a, [0]);
    await owning(a, '0');
    world.etcd.delete(`p/plan/${leaseOf(a)}`);
    await world.advance(30_000);
    expect([own(a), a.story.length]).to.deep.equal(['0', 1]);
  });

  it('loses everything with its lease, each partition once, and waits for another plan', async () => {
    plan(a, [0, 1]);
    await owning(a, '0 1');
    world.etcd.revoke(world.leaseOf(a));
    await world.until(() => own(a) === '', 'all is lost');
    expect(a.story.slice(2).sort()).to.deep.equal(['- 0 LEASE_LOST', '- 1 LEASE_LOST']);
    await world.until(() => a.pool.state === 'active', 'it is a member again');
    await world.advance(30_000);
    expect([own(a), world.etcd.keys('p/owners/')]).to.deep.equal(['', []]);
    plan(a, [1]);
    await owning(a, '1');
  });

  it('stands for a partition again when somebody has deleted its key', async () => {
    plan(a, [0]);
    await owning(a, '0');
    world.etcd.delete(`p/owners/0/${leaseOf(a)}`);
    await world.until(() => a.story.length === 3, 'it owns the partition again');
    expect(a.story).to.deep.equal(['+ 0', '- 0 KEY_DELETED', '+ 0']);
  });

  it('writes its member key again when somebody has deleted it, or written it without a lease', async () => {
    plan(a, [0]);
    await owning(a, '0');
    const lease = world.leaseOf(a);
    const key = `p/members/${hexOf(lease)}`;
    world.etcd.delete(key);
    await world.until(() => world.etcd.get(key) !== undefined, 'it is there again');
    world.etcd.put(key, 'forged');
    await world.until(() => world.etcd.get(key)?.lease === lease, 'it hangs on the lease again');
    expect(JSON.parse(world.etcd.get(key)?.value.toString() ?? '')).to.include({ id: 'a' });
    expect(a.story).to.deep.equal(['+ 0']);
  });

  it('waits in at most `concurrency` handovers at a time, and takes what is free all together', async () => {
    world = new PoolWorld(100);
    const [owner, late] = [
      world.worker('x', { coordinate: false }),
      world.worker('y', { coordinate: false, concurrency: 4 }),
    ];
    for (const { pool } of [owner, late]) {
      pool.start();
      await world.until(() => pool.state === 'active', 'it is a member');
    }
    plan(owner, [[0, 99]]);
    await world.until(() => owner.pool.owned.size === 100, 'it owns all');
    plan(late, [[0, 99]]);
    await world.advance(5_000);
    expect(world.etcd.keys('p/owners/').length).to.equal(104);
    await world.advance(10_000);
    expect(world.etcd.keys('p/owners/').length, 'a wait counts for handoffTimeout').to.equal(108);
  });

  it('stands for some partitions at a time, however many are free, so that its event loop goes on', async () => {
    world = new PoolWorld(2_000);
    /** By step of the world: how many elections were entered in it. */
    const begun = new Map<number, number>();
    const count = (data: object, message: string): void => {
      if (message !== 'state changed' || (data as { readonly to?: string }).to !== 'joining') return;
      begun.set(world.time.steps, (begun.get(world.time.steps) ?? 0) + 1);
    };
    const logger = { debug: () => {}, info: count, warn: () => {}, error: () => {} };
    const one = world.worker('x', { coordinate: false, logger });
    one.pool.start();
    await world.until(() => one.pool.state === 'active', 'it is a member');
    plan(one, [[0, 1_999]]);
    await world.until(() => one.pool.owned.size === 2_000, 'it owns all', 1_000);
    expect([...begun.values()].reduce((a, b) => a + b)).to.equal(2_000);
    expect(Math.max(...begun.values())).to.be.at.most(50);
  });
});
