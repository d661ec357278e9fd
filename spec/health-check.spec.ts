import { expect } from 'chai';
import { tell } from './support/story.js';
import { recordLog, World } from './support/world.js';

describe('a health check', () => {
  let world: World;
  let answer: () => boolean | Promise<boolean>;
  let asked: number[];
  let story: string[];
  let a: ReturnType<World['candidate']>;
  let b: ReturnType<World['candidate']>;
  const logger = recordLog();

  beforeEach(async () => {
    world = new World();
    asked = [];
    answer = () => true;
    const healthCheck = (): boolean | Promise<boolean> => {
      asked.push(Math.floor(world.now));
      return answer();
    };
    a = world.candidate('a', { ttl: 9, healthCheck, logger });
    b = world.candidate('b', { ttl: 9 });
    await world.queued(a.election, b.election);
    story = tell({ a: a.election, b: b.election }, ['elected', 'unelected', 'error']);
  });

  it('is asked before each refresh while leading', async () => {
    await world.runUntil(10_000);
    expect(asked).to.deep.equal([3_000, 6_000, 9_000]);
    expect(story).to.deep.equal([]);
  });

  it('is not asked while waiting', async () => {
    const c = world.candidate('c', { ttl: 9, healthCheck: () => asked.push(0) > 0 });
    await world.queued(c.election);
    asked.length = 0;
    await world.runUntil(3_500);
    expect(asked).to.deep.equal([3_000]);
  });

  const bad: Record<string, () => boolean | Promise<boolean>> = {
    'says false': () => false,
    'says false later': () => Promise.resolve(false),
    'says something other than true': () => 'yes' as unknown as boolean,
    throws: () => {
      throw new Error('sick');
    },
    rejects: () => Promise.reject(new Error('sick')),
  };
  for (const [what, how] of Object.entries(bad)) {
    it(`makes the leader step down, and another lead, when the check ${what}`, async () => {
      answer = how;
      await world.runUntil(3_010);
      expect(story).to.deep.equal(['a unelected: UNHEALTHY', 'b elected']);
    });
  }

  it('is logged with its error when it fails', async () => {
    answer = bad['throws'] ?? answer;
    await world.runUntil(3_010);
    const line = logger.lines.find(({ message }) => message === 'the health check failed');
    expect(line?.data['err']).to.include({ message: 'sick' });
  });

  it('makes the leader step down when it has not answered by the time the next refresh is due', async () => {
    answer = () => new Promise(() => {});
    await world.runUntil(5_999);
    expect(story).to.deep.equal([]);
    await world.runUntil(6_010);
    expect(story).to.deep.equal(['a unelected: UNHEALTHY', 'b elected']);
    expect(asked, 'one question at a time').to.deep.equal([3_000]);
  });

  it('does not delay the refresh, however long it takes', async () => {
    const refreshes: number[] = [];
    a.election.on('refresh', () => refreshes.push(Math.floor(world.now)));
    answer = () => new Promise((resolve) => void a.clock.after(2_900, () => resolve(true)));
    await world.runUntil(10_000);
    expect(refreshes).to.deep.equal([3_002, 6_002, 9_002]);
    expect(story).to.deep.equal([]);
  });

  it('keeps the candidate out of the queue until the check is good again, asked as often as before', async () => {
    answer = () => false;
    await world.runUntil(13_000);
    expect(asked).to.deep.equal([3_000, 6_000, 9_000, 12_000]);
    expect([a.election.state, world.etcd.keys('jobs/').length]).to.deep.equal(['joining', 1]);
    answer = () => true;
    await world.runUntil(15_010);
    expect(a.election.state).to.equal('waiting');
    expect(story).to.deep.equal(['a unelected: UNHEALTHY', 'b elected']);
    await world.settled(b.election.stop());
    await world.advance(10);
    expect(a.election.isLeader()).to.equal(true);
  });

  it('lets a hanging question be answered late', async () => {
    let resolve = (_: boolean): void => {};
    answer = () => new Promise((done) => (resolve = done));
    await world.runUntil(7_000);
    expect(a.election.state).to.equal('joining');
    resolve(true);
    await world.advance(10);
    expect(a.election.state).to.equal('waiting');
  });

  it('is asked anew when it hangs for ever, so that the candidate comes back when it answers again', async () => {
    answer = () => new Promise(() => {});
    await world.runUntil(6_010);
    answer = () => true;
    await world.runUntil(9_010);
    expect(asked).to.deep.equal([3_000, 9_000]);
    expect(a.election.state).to.equal('waiting');
  });

  it('does not keep a candidate from stopping when it is bad', async () => {
    answer = () => false;
    await world.runUntil(4_000);
    await world.settled(a.election.stop());
    await world.advance(10);
    expect([a.election.state, a.clock.timers, a.store.open]).to.deep.equal(['idle', [], []]);
  });

  it('keeps an unhealthy candidate out also when its lease is lost meanwhile', async () => {
    answer = () => false;
    await world.runUntil(4_000);
    const [lease] = world.etcd.leases();
    world.etcd.revoke(lease?.id ?? 0n);
    await world.advance(20_000);
    expect(a.election.state).to.equal('joining');
    answer = () => true;
    await world.advance(3_100);
    expect(a.election.state).to.equal('waiting');
  });
});
