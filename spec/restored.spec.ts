import { expect } from 'chai';
import type { Election } from '../lib/election.js';
import { tell } from './support/story.js';
import { World } from './support/world.js';

/** Milliseconds that etcd is down while a snapshot is restored. */
const DOWN = 500;

describe('when a snapshot was restored with a higher revision', () => {
  let world: World;
  let all: readonly Election[];
  let most: number;

  beforeEach(async () => {
    world = new World();
    all = ['a', 'b', 'c'].map((name) => world.candidate(name).election);
    await world.queued(...all);
    most = 0;
  });

  /** Lets ten seconds pass, and asks every millisecond who leads. */
  const pass = async (): Promise<void> => {
    for (let ms = 0; ms < 10_000; ms++) {
      await world.advance(1);
      most = Math.max(most, all.filter((election) => election.isLeader()).length);
    }
  };
  const restore = (revision: bigint): void => {
    world.etcd.restoreSnapshot({ changes: Number(world.etcd.revision - revision), ms: DOWN });
  };
  const agreed = async (): Promise<void> => {
    const [first, second, third] = await world.settled((all[0] as Election).candidates());
    expect(all.filter((election) => election.isLeader()).map(({ key }) => key)).to.deep.equal([first?.key]);
    expect([second, third].every((kv) => kv !== undefined)).to.equal(true);
    expect(all.map((election) => election.currentLeader())).to.deep.equal(all.map(() => first?.value));
  };

  it('a former leader that waits does not lead by its old key', async () => {
    const [a, b] = all as [Election, Election];
    const before = world.etcd.revision;
    await world.settled(a.stepDown());
    await world.advance(1_000);
    const token = b.leadership?.fencingToken ?? 0n;
    restore(before);
    await pass();
    expect(most).to.equal(1);
    await agreed();
    // `b` leads on when it has not seen the old key before that was released.
    const leader = all.find((election) => election.isLeader());
    expect((leader?.leadership?.fencingToken ?? 0n) >= token).to.equal(true);
  });

  it('a leader that finds an older key gives up, and the queue closes up when that key is gone', async () => {
    const [a, b, c] = all as [Election, Election, Election];
    const before = world.etcd.revision;
    const key = a.leadership?.key ?? '';
    await world.settled(a.stop());
    await world.advance(1_000);
    const story = tell({ b, c });
    restore(before);
    await pass();
    expect([story, most]).to.deep.equal([['b unelected: LEASE_LOST'], 1]);
    expect(all.map((election) => election.isLeader())).to.deep.equal([false, false, false]);
    world.etcd.delete(key); // in etcd its lease ends
    await world.queued(a);
    await pass();
    await agreed();
  });

  it('candidates whose keys are not in it queue again, and the others keep their places', async () => {
    const [a, b, c] = all as [Election, Election, Election];
    await world.settled(c.stop());
    const before = world.etcd.revision;
    await world.queued(c);
    const story = tell({ a, b, c }, ['elected', 'unelected', 'error']);
    restore(before);
    await pass();
    expect([story, most]).to.deep.equal([[], 1]);
    await agreed();
    const queue = await world.settled(b.candidates());
    expect(queue.map(({ value }) => value)).to.deep.equal(['a', 'b', 'c']);
  });
});
