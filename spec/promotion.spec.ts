import { expect } from 'chai';
import { Election } from '../lib/election.js';
import { tell } from './support/story.js';
import { type Process, World } from './support/world.js';

interface Candidate extends Process {
  readonly name: string;
  readonly election: Election;
}

describe('a promotion', () => {
  let world: World;
  let all: readonly Candidate[];

  /** Three candidates with default options, each in a process of its own, in the order of their names. */
  beforeEach(async () => {
    world = new World();
    all = ['a', 'b', 'c'].map((name) => ({ name, ...world.candidate(name) }));
    await world.queued(...all.map(({ election }) => election));
    await world.advance(500);
  });

  const tokens = (): bigint[] =>
    world.etcd
      .keys('jobs/')
      .map(({ createRevision }) => createRevision)
      .sort((a, b) => Number(a - b));
  /** The candidate at this place of the queue. */
  const at = (place: number): Candidate => {
    const kv = world.etcd.keys('jobs/').find(({ createRevision }) => createRevision === tokens()[place]);
    const found = all.find(({ name }) => name === kv?.value.toString());
    if (found === undefined) throw new Error(`nobody stands at place ${place}`);
    return found;
  };

  const leaveBy = {
    'stop()': ({ election }: Candidate) => void election.stop().then(() => election.start()),
    'stepDown()': ({ election }: Candidate) => void election.stepDown(),
    'losing its lease': ({ election }: Candidate) => world.etcd.revoke(BigInt(`0x${election.leadership?.leaseId}`)),
  };
  for (const [how, leave] of Object.entries(leaveBy)) {
    it(`makes the next leader read nothing, time after time, when the leader leaves by ${how}`, async () => {
      for (let handover = 0; handover < 20; handover++) {
        const [leader, next] = [at(0), at(1)];
        const before = next.store.requests.txn;
        leave(leader);
        await world.until(() => next.election.isLeader(), 'the next leads', 100);
        expect(next.store.requests.txn - before, `handover ${handover}`).to.equal(0);
        expect(next.election.leadership?.fencingToken).to.equal(tokens()[0]);
        await world.advance(3_000);
        for (const { election } of all) expect(election.currentLeader()).to.equal(next.name);
      }
    });
  }

  it('takes one message of etcd, and no more', async () => {
    const [leader, next] = [at(0), at(1)];
    world.etcd.delete(leader.election.leadership?.key ?? '');
    await world.advance(1);
    expect(next.election.isLeader()).to.equal(true);
  });

  it('reads nothing at all when the candidates share a client', async () => {
    const process = world.process('all');
    const together = ['d', 'e', 'f'].map((value) => new Election(process, 'reports', { value }));
    await world.queued(...together);
    for (let handover = 0; handover < 10; handover++) {
      await world.advance(500);
      const leader = together.find((election) => election.isLeader());
      const before = process.store.requests.txn;
      await world.settled(leader?.stop() ?? Promise.resolve());
      await world.until(() => together.some((election) => election.isLeader()), 'somebody leads', 100);
      await world.advance(500);
      expect(process.store.requests.txn - before, `handover ${handover}`).to.equal(0);
      leader?.start();
    }
  });

  it('wins nothing once the deadline of the lease has passed, however late the news is', async () => {
    const [leader, next] = [at(0), at(1)];
    const story = tell({ next: next.election });
    next.clock.pause();
    world.etcd.delete(leader.election.leadership?.key ?? '');
    await world.advance(7_500);
    next.clock.resume('messages first');
    await world.advance(0);
    expect(story).to.deep.equal([]);
  });

  it('tells everybody what the new leader announces, when its proclaim() was on its way', async () => {
    const [leader, next] = [at(0), at(1)];
    next.store.faults.next('txn', { lateBy: 500 });
    const proclaimed = next.election.proclaim('new');
    await world.advance(5);
    const stopped = leader.election.stop();
    await world.until(() => next.election.isLeader(), 'the next leads', 2_000);
    await world.settled(Promise.all([stopped, proclaimed]));
    await world.advance(3_000);
    expect(all.map(({ election }) => election.currentLeader())).to.deep.equal([undefined, 'new', 'new']);
    expect((await world.settled(next.election.leader()))?.value).to.equal('new');
  });
});
