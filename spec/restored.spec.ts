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

  it('a former leader does not lead by its old key, and the leader behind that key gives up', async () => {
    const [a, b] = all as [Election, Election];
    const before = world.etcd.revision;
    await world.settled(a.stepDown());
    await world.advance(1_000);
    expect(b.isLeader()).to.equal(true);
    const story = tell({ a, b });
    restore(before);
    await pass();
    expect(story[0]).to.equal('b unelected: LEASE_LOST');
    expect(most).to.equal(1);
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
