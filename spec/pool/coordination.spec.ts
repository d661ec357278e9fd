import { expect } from 'chai';
import type { Txn } from '../../lib/store/store.js';
import type { MessageFault } from '../support/fake-etcd/faults.js';
import { type PoolWorker, PoolWorld } from '../support/pool/pool-world.js';

/** The keys of the plans that a transaction writes. */
function plansIn({ success }: Txn): string[] {
  return success.flatMap((op) => (op.type === 'put' && op.key.startsWith('p/plan/') ? [op.key] : []));
}

/** The ranges that a transaction reads, but for the queue of the coordinator's election. */
function rangesIn({ success }: Txn): string[] {
  const ranges = success.flatMap((op) => (op.type === 'range' && op.range.end !== undefined ? [op.range.key] : []));
  return ranges.filter((key) => !key.startsWith('p/coordinator/'));
}

describe('the requests of a coordinator', () => {
  let world: PoolWorld;

  afterEach(() => world.expectPaired());

  /** Shows every transaction of a worker to `fault`. */
  const onTxn = ({ store }: PoolWorker, fault: (txn: Txn) => MessageFault | undefined): void => {
    store.faults.draw = (request) => (request.kind === 'txn' ? fault(request.txn) : undefined) ?? 'ok';
  };

  it('are two reads when it is elected, and then no more', async () => {
    world = new PoolWorld(['x', 'y']);
    const a = world.worker('a', { weight: 0 });
    const read: string[][] = [];
    onTxn(a, (txn) => {
      const ranges = rangesIn(txn);
      if (ranges.length > 0) read.push(ranges);
      return undefined;
    });
    a.pool.start();
    await world.until(() => a.pool.isCoordinator(), 'it coordinates');
    const b = world.worker('b', { coordinate: false });
    b.pool.start();
    await world.until(() => b.pool.owned.size === 2, 'the other owns all');
    await world.advance(30_000);
    expect(read).to.deep.equal([['p/members/', 'p/plan/', 'p/control/', 'p/lists/'], ['p/owners/']]);
  });

  for (const { tellsLeases, ofNewcomer, etcd } of [
    { etcd: 'from 3.7 on', tellsLeases: false, ofNewcomer: 2 },
    { etcd: 'before 3.7', tellsLeases: true, ofNewcomer: 1 },
  ]) {
    it(`are one plan at a join; a move costs its owner one, the newcomer ${ofNewcomer} on etcd ${etcd}`, async () => {
      world = new PoolWorld(220, { tellsLeases });
      const ten = [...'abcdefghij'].map((name) => world.worker(name));
      await world.balanced(ten);
      await world.advance(10_000);
      const before = ten.map(({ store, story }) => ({ sent: store.requests.txn, told: story.length }));
      const newcomer = world.worker('k');
      await world.balanced([...ten, newcomer]);
      await world.advance(10_000);
      let moves = 0;
      for (const [at, { name, pool, store, story }] of ten.entries()) {
        const { sent = 0, told = 0 } = before[at] ?? {};
        const given = story.length - told;
        moves += given;
        // The owner deletes its key. Its watch tells the owner that the successor is in the queue.
        const plans = pool.isCoordinator() ? 2 : 0;
        expect(store.requests.txn - sent, name).to.be.within(given, given + plans);
      }
      expect(moves).to.equal(20);
      // It stands in the queue; where an answer leaves out the leases, it asks whose key is before its own.
      const beside = newcomer.store.requests.txn - ofNewcomer * moves;
      expect(beside, 'its keys as a member, and as a candidate for coordinator').to.be.at.most(4);
    });
  }

  it('write the plans that have changed, and no others', async () => {
    world = new PoolWorld(30);
    const three = ['a', 'b', 'c'].map((name) => world.worker(name));
    await world.balanced(three);
    await world.advance(10_000);
    const written: string[] = [];
    for (const worker of three) {
      onTxn(worker, (txn) => {
        written.push(...plansIn(txn));
        return undefined;
      });
    }
    const dropped = world.etcd.keys('p/plan/')[1]?.key ?? '';
    world.etcd.delete(dropped);
    await world.advance(10_000);
    expect(written).to.deep.equal([dropped]);
  });

  it('go over to another worker after three plans in a row that could not be written', async () => {
    world = new PoolWorld(30);
    const two = ['a', 'b'].map((name) => world.worker(name));
    await world.balanced(two);
    const [first] = two.filter(({ pool }) => pool.isCoordinator());
    if (first === undefined) throw new Error('nobody coordinates');
    let failed = 0;
    const told: string[] = [];
    first.pool.on('error', ({ code }) => told.push(code));
    first.pool.on('coordinating', (is) => told.push(`coordinates: ${is}`));
    onTxn(first, (txn) => {
      if (plansIn(txn).length === 0) return undefined;
      failed += 1;
      return 'fail';
    });
    const all = [...two, world.worker('c')];
    await world.balanced(all);
    expect(failed).to.equal(3);
    expect([...new Set(told)]).to.deep.equal(['UNAVAILABLE', 'coordinates: false']);
    expect(all.filter(({ pool }) => pool.isCoordinator()))
      .to.have.length(1)
      .and.not.include(first);
    expect(first.pool.owned.size, 'it is a worker all the same').to.equal(10);
  });
});
