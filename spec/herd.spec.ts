import { expect } from 'chai';
import type { Election } from '../lib/election.js';
import type { RequestCounts } from './support/fake-etcd/counts.js';
import { noRequests } from './support/fake-etcd/counts.js';
import { World } from './support/world.js';

describe('a change in the queue', () => {
  /** Requests of all processes together for a change, while so many candidates wait. */
  const cost = async (waiting: number, change: (leader: Election) => unknown): Promise<RequestCounts> => {
    const world = new World();
    // Followers that want to hear of every leader cost a read each, spread over time. The election itself does not.
    const all = Array.from(
      { length: waiting + 1 },
      (_, n) => world.candidate(`c${n}`, { ttl: 600, observe: false }).election,
    );
    for (const election of all) {
      election.start();
      await world.advance(5);
    }
    await world.advance(5); // the last one has joined, and looks whether a key blocks so long a queue
    const [leader, next] = all;
    if (leader === undefined || next === undefined) throw new Error('nobody');
    expect(leader.isLeader()).to.equal(true);
    expect(all.filter((election) => election.state === 'waiting')).to.have.length(waiting);
    await world.advance(100);
    const before = { ...world.etcd.requests };
    void change(leader);
    await world.until(() => next.isLeader(), 'the next one leads', 1_000);
    await world.advance(1_000);
    expect(all.filter((election) => election.isLeader())).to.have.length(1);
    const counts = noRequests();
    for (const kind of Object.keys(counts) as (keyof RequestCounts)[]) {
      counts[kind] = world.etcd.requests[kind] - before[kind];
    }
    return counts;
  };

  for (const waiting of [10, 1_000]) {
    it(`costs one request to leave and none to take over, with ${waiting} waiting, when the leader stops`, async () => {
      const counts = await cost(waiting, (leader) => leader.stop());
      // The new leader watches its own key, instead of the range, and control keys. Those of the old leader end with
      // its stream.
      expect(counts).to.deep.equal({ ...noRequests(), revoke: 1, watch: 2, watchCancel: 1 });
    });
  }

  it('costs two more requests, for the new place in a long queue, when the leader steps down', async () => {
    const counts = await cost(100, (leader) => leader.stepDown());
    // Transactions: leave, join, and the look for keys that block, since the join has not shown the whole queue.
    // Watches: our own key, the last key in the queue, and the next leader's own key and control keys.
    expect(counts).to.deep.equal({ ...noRequests(), txn: 3, watch: 4, watchCancel: 3 });
  });

  it('costs one read, by the next candidate, when a candidate in the middle of the queue leaves', async () => {
    const world = new World();
    const all = Array.from({ length: 20 }, (_, n) => world.candidate(`c${n}`, { ttl: 600, observe: false }).election);
    await world.queued(...all);
    const before = { ...world.etcd.requests };
    await world.settled(all[10]?.stop() ?? Promise.reject(new Error('nobody')));
    await world.advance(100);
    expect(world.etcd.requests.txn - before.txn).to.equal(1);
    expect(world.etcd.requests.watch - before.watch).to.equal(1);
  });
});
