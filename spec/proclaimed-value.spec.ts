import { expect } from 'chai';
import type { Election } from '../lib/election.js';
import { type Process, World } from './support/world.js';

describe('the value that a candidate announces', () => {
  let world: World;
  let process: Process;
  let election: Election;

  beforeEach(async () => {
    world = new World();
    ({ election, ...process } = world.candidate('a'));
    await world.queued(election);
  });

  const announced = (): string | undefined => world.etcd.oldest('jobs/')?.value.toString();

  it('is the last of several that are proclaimed at a time, whichever request is late', async () => {
    process.store.faults.next('txn', { arriveLateBy: 300 });
    const all = ['one', 'two', 'three'].map((value) => election.proclaim(value));
    await world.settled(Promise.all(all));
    expect([announced(), election.leadership?.value, election.currentLeader()]).to.deep.equal(Array(3).fill('three'));
  });

  it('is not changed by an attempt that was given up, and that etcd carries out later', async () => {
    process.store.faults.next('txn', { arriveLateBy: 5_000 });
    expect(await world.refusal(election.proclaim('late'))).to.equal('UNAVAILABLE');
    await world.settled(election.proclaim('now'));
    await world.advance(5_000);
    expect([announced(), election.leadership?.value, election.currentLeader()]).to.deep.equal(Array(3).fill('now'));
  });

  it('is the one that the candidate proclaimed just before it was elected', async () => {
    const next = world.candidate('b');
    await world.queued(next.election);
    next.store.faults.next('txn', { lateBy: 100 });
    const proclaimed = next.election.proclaim('b, improved');
    await world.settled(election.stop());
    await world.settled(proclaimed);
    await world.until(() => next.election.isLeader(), 'it leads', 100);
    expect([announced(), next.election.leadership?.value]).to.deep.equal(Array(2).fill('b, improved'));
  });

  it('is the one that the candidate proclaimed on its way from one place to the next', async () => {
    const before = world.etcd.oldest('jobs/')?.key;
    process.store.faults.next('txn', { lateBy: 200 });
    const proclaimed = election.proclaim('new');
    await world.advance(5);
    world.etcd.delete(before ?? '');
    await world.settled(proclaimed);
    await world.advance(100);
    expect([announced(), election.leadership?.value]).to.deep.equal(['new', 'new']);
  });

  it('is written again, until that succeeds, when somebody else has written the key', async () => {
    process.store.faults.next('txn', 'fail');
    world.etcd.put(world.etcd.oldest('jobs/')?.key ?? '', 'of an operator');
    await world.advance(50);
    expect(announced()).to.equal('of an operator');
    await world.until(() => announced() === 'a', 'it is written again', 4_000);
    expect(world.etcd.oldest('jobs/')?.lease).to.equal(world.etcd.leases()[0]?.id);
  });
});
