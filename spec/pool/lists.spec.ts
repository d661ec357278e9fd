import { expect } from 'chai';
import { bytesOfList, hashOfList } from '../../lib/pool/partition-list.js';
import { type PoolWorker, PoolWorld } from '../support/pool/pool-world.js';

/** Milliseconds for which a list is kept that nobody announces. */
const KEPT = 60_000;
const OLD = ['a', 'b', 'c', 'd'];
const NEW = ['a', 'b', 'c', 'd', 'e', 'f'];

describe('the lists of a pool', () => {
  let world: PoolWorld;

  const lists = (): string[] => world.etcd.keys('p/lists/').map(({ value }) => value.toString());
  const owned = (...workers: readonly PoolWorker[]): string[] =>
    workers.flatMap(({ pool }) => [...pool.owned.keys()]).sort();
  /** Two workers, of which one has the old list. It coordinates, unless said otherwise. */
  const oldAndNew = async (coordinates: 'old' | 'new' = 'new'): Promise<[PoolWorker, PoolWorker]> => {
    world = new PoolWorld(OLD);
    const old = world.worker('old', { coordinate: coordinates === 'old' });
    const fresh = world.worker('new', { partitions: NEW, coordinate: coordinates === 'new' });
    for (const { pool } of [old, fresh]) pool.start();
    await world.until(() => owned(old, fresh).length === NEW.length, 'all partitions are owned');
    return [old, fresh];
  };

  it('are deleted a minute after the last member that announces them has gone, and not before', async () => {
    const [old] = await oldAndNew();
    expect(lists()).to.have.members([JSON.stringify(OLD), JSON.stringify(NEW)]);
    await world.advance(5 * KEPT);
    expect(lists(), 'while they are in use').to.have.length(2);
    await world.settled(old.pool.stop());
    const goneAt = world.now;
    await world.until(() => lists().length === 1, 'the list is deleted', 2 * KEPT);
    expect(world.now - goneAt).to.be.within(KEPT - 1_500, KEPT + 1_500);
    expect(lists()).to.deep.equal([JSON.stringify(NEW)]);
  });

  it('are written again by a worker that joins after the deletion, though it has written its list before', async () => {
    const [old, fresh] = await oldAndNew();
    await world.settled(old.pool.stop());
    await world.until(() => lists().length === 1, 'the list is deleted', 2 * KEPT);
    old.pool.start();
    await world.until(() => old.pool.owned.size > 0, 'the worker owns partitions again');
    expect(lists()).to.have.length(2);
    expect(owned(old, fresh)).to.deep.equal(NEW);
  });

  it('are kept when a worker comes back in time', async () => {
    const [old, fresh] = await oldAndNew();
    await world.settled(old.pool.stop());
    await world.advance(KEPT - 5_000);
    old.pool.start();
    await world.advance(3 * KEPT);
    expect(lists()).to.have.length(2);
    expect(owned(old, fresh)).to.deep.equal(NEW);
  });

  it('are found by a coordinator that comes later', async () => {
    const [old] = await oldAndNew('old');
    const later = world.worker('later', { partitions: NEW });
    world.etcd.put(`p/lists/${hashOfList(bytesOfList(['x']))}`, JSON.stringify(['x']));
    await world.settled(old.pool.stop());
    later.pool.start();
    await world.until(() => lists().length === 1, 'both are deleted', 3 * KEPT);
    expect(lists()).to.deep.equal([JSON.stringify(NEW)]);
  });

  it('are told from what an application has written beside them, which is never deleted', async () => {
    const theirs = ['p/lists/customers', 'p/lists/customers/1', 'p/lists/65a1b2c3d4e5f607'];
    world = new PoolWorld(OLD);
    for (const key of theirs) world.etcd.put(key, 'the only copy');
    const { pool } = world.worker('one');
    pool.start();
    await world.until(() => pool.owned.size === OLD.length, 'all partitions are owned');
    await world.advance(5 * KEPT);
    const left = new Set(world.etcd.keys('p/lists/').map(({ key }) => key));
    expect(theirs.filter((key) => !left.has(key))).to.deep.equal([]);
  });

  it('are kept when a member is there that makes no sense to the coordinator', async () => {
    const [old] = await oldAndNew();
    const lease = 77n;
    await world.settled(old.store.grant(lease, 3_600));
    world.etcd.put(`p/members/${lease.toString(16)}`, '{"v":2,"list":"of another kind"}', lease);
    await world.settled(old.pool.stop());
    await world.advance(5 * KEPT);
    expect(lists()).to.have.length(2);
  });
});
