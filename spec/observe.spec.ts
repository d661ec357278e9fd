import { expect } from 'chai';
import { Election } from '../lib/election.js';
import { record } from './support/story.js';
import { settle } from './support/virtual-time.js';
import { World } from './support/world.js';

describe('observe()', () => {
  let world: World;
  let watcher: ReturnType<World['candidate']>;
  let controller: AbortController;
  let story: string[];

  beforeEach(() => {
    world = new World();
    watcher = world.candidate('watcher');
    controller = new AbortController();
    story = [];
  });
  const observe = async (election = watcher.election): Promise<void> => {
    for await (const leader of election.observe({ signal: controller.signal })) story.push(leader?.value ?? 'nobody');
    story.push('end');
  };
  const nothingLeft = async (): Promise<void> => {
    await world.advance(110);
    expect([watcher.store.open, watcher.clock.timers]).to.deep.equal([[], []]);
  };

  it('yields the present leader at once and then every change, without start()', async () => {
    const [a, b] = [world.candidate('a').election, world.candidate('b').election];
    await world.queued(a, b);
    const observing = observe();
    await world.advance(10);
    expect(story).to.deep.equal(['a']);
    await world.settled(a.stop());
    await world.advance(10);
    await world.settled(b.stop());
    await world.advance(10);
    controller.abort();
    await world.settled(observing);
    expect(story).to.deep.equal(['a', 'b', 'nobody', 'end']);
    expect([watcher.election.state, watcher.store.requests.grant]).to.deep.equal(['idle', 0]);
    await nothingLeft();
  });

  it('gives a slow consumer the latest, and no backlog', async () => {
    const leaders = ['a', 'b', 'c', 'd'].map((name) => world.candidate(name).election);
    await world.queued(...leaders);
    const iterator = watcher.election.observe()[Symbol.asyncIterator]();
    expect((await world.settled(iterator.next())).value).to.include({ value: 'a' });
    for (const leader of leaders.slice(0, 3)) {
      await world.settled(leader.stop());
      await world.advance(10);
    }
    expect((await world.settled(iterator.next())).value).to.include({ value: 'd' });
    await iterator.return?.();
    await nothingLeft();
  });

  it('ends at once with a signal that has aborted, and asks for nothing', async () => {
    controller.abort();
    await observe();
    expect([story, watcher.store.requests.txn]).to.deep.equal([['end'], 0]);
  });

  it('ends while it waits for the first answer', async () => {
    watcher.store.network = 'silent';
    const observing = observe();
    await world.advance(100);
    controller.abort();
    await observing;
    expect(story).to.deep.equal(['end']);
    await world.advance(10_000);
    await nothingLeft();
  });

  it('ends with its loop, and leaves nothing running', async () => {
    const looping = (async () => {
      for await (const leader of watcher.election.observe()) return leader;
      return 'ended';
    })();
    expect(await world.settled(looping)).to.equal(undefined);
    await nothingLeft();
  });

  it('survives an etcd that is down, and says so as an error', async () => {
    const errors = record(watcher.election, ['error']);
    watcher.store.network = 'down';
    const observing = observe();
    await world.advance(2_000);
    expect(new Set(errors)).to.deep.equal(new Set(['error: UNAVAILABLE']));
    watcher.store.network = 'up';
    await world.advance(3_000);
    expect(story).to.deep.equal(['nobody']);
    const a = world.candidate('a').election;
    await world.queued(a);
    world.etcd.restart(500);
    await world.advance(5_000);
    world.etcd.compact();
    await world.settled(a.stop());
    await world.advance(100);
    expect(story).to.deep.equal(['nobody', 'a', 'nobody']);
    controller.abort();
    await observing;
  });

  it('is not ended by stop()', async () => {
    const observing = observe();
    await world.queued(watcher.election);
    await world.settled(watcher.election.stop());
    await world.advance(10);
    expect(story).to.deep.equal(['nobody', 'watcher', 'nobody']);
    controller.abort();
    await observing;
  });

  it('is not ended by the end of its session', async () => {
    const { session, store, clock } = world.session('shared');
    const election = new Election(session, 'jobs', { value: 'shared' });
    const observing = observe(election);
    await world.queued(election);
    await world.settled(session.close());
    await world.queued(world.candidate('b').election);
    await world.advance(10);
    expect(story).to.deep.equal(['nobody', 'shared', 'nobody', 'b']);
    controller.abort();
    await observing;
    await world.advance(110);
    expect([store.open, clock.timers]).to.deep.equal([[], []]);
  });

  it('ends by return() at once, also while it waits for a change', async () => {
    const iterator = watcher.election.observe();
    expect(await world.settled(iterator.next())).to.deep.equal({ done: false, value: undefined });
    const next = iterator.next();
    await world.advance(10);
    const over = { done: true, value: undefined };
    expect(await Promise.all([iterator.return?.(), next])).to.deep.equal([over, over]);
    expect(await iterator.next()).to.deep.equal(over);
    await nothingLeft();
  });

  it('answers several calls of next() with one change each', async () => {
    const iterator = watcher.election.observe();
    const asked = [iterator.next(), iterator.next()];
    await world.advance(10);
    await world.queued(world.candidate('a').election);
    const values = (await Promise.all(asked)).map(({ value }) => value?.value);
    expect(values).to.deep.equal([undefined, 'a']);
    await iterator.return?.();
  });

  it('gives each consumer bytes of its own', async () => {
    const [a, b] = [world.candidate('a').election, world.candidate('a').election];
    await world.queued(a);
    const [first, second] = [await world.settled(a.leader()), await world.settled(b.leader())];
    let told: Buffer | undefined;
    watcher.election.on('leader', (_, candidate) => {
      told = candidate?.bytes;
    });
    await world.queued(watcher.election);
    for (const bytes of [first?.bytes, second?.bytes, told]) bytes?.fill(0);
    expect(watcher.election.currentLeader()).to.equal('a');
  });

  it('may go on several times beside each other', async () => {
    const a = world.candidate('a').election;
    const observing = [observe(), observe()];
    await world.queued(a);
    await world.advance(10);
    controller.abort();
    await Promise.all(observing);
    expect(story.slice(0, 4)).to.deep.equal(['nobody', 'nobody', 'a', 'a']);
  });

  it('refuses what is no signal', () => {
    expect(() => watcher.election.observe({ signal: 1 as never }))
      .to.throw()
      .with.property('code', 'INVALID_OPTION');
  });
});

describe('who leads', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  it('is told to every candidate, the leader too, at each change', async () => {
    const [a, b] = [world.candidate('a').election, world.candidate('b').election];
    const stories = [a, b].map((election) => record(election, ['leader']));
    await world.queued(a, b);
    await world.settled(a.stepDown());
    await world.advance(10);
    expect(stories).to.deep.equal([
      ['leader: a', 'leader: b'],
      ['leader: a', 'leader: b'],
    ]);
    expect([a.currentLeader(), b.currentLeader()]).to.deep.equal(['b', 'b']);
  });

  it('is told with all that is known of the leader', async () => {
    const { election } = world.candidate('a');
    const told: unknown[] = [];
    election.on('leader', (_, candidate) => told.push(candidate?.fencingToken));
    await world.queued(election);
    expect(told).to.deep.equal([election.leadership?.fencingToken]);
  });

  it('is nobody when not running', async () => {
    const { election } = world.candidate('a');
    expect(election.currentLeader()).to.equal(undefined);
    await world.queued(election);
    expect(election.currentLeader()).to.equal('a');
    await world.settled(election.stop());
    expect(election.currentLeader()).to.equal(undefined);
  });

  it('is not followed with observe: false, except that a candidate knows when it leads itself', async () => {
    const [a, b] = [world.candidate('a', { observe: false }), world.candidate('b', { observe: false })];
    const stories = [a, b].map(({ election }) => record(election, ['leader']));
    await world.queued(a.election, b.election);
    expect([stories, a.election.currentLeader(), b.election.currentLeader()]).to.deep.equal([[[], []], 'a', undefined]);
    // Its own key, and the control keys of the election that it leads.
    expect(a.store.open).to.have.members(['watch stream', `watch ${a.election.leadership?.key}`, 'watch jobs!']);
  });

  it('is the candidate itself as soon as the candidate leads, and nobody as soon as it is stopped', async () => {
    const [a, b] = [world.candidate('a').election, world.candidate('b').election];
    await world.queued(a, b);
    const heard: (string | undefined)[] = [];
    b.on('elected', () => heard.push(b.currentLeader()));
    b.on('unelected', () => heard.push(b.currentLeader()));
    await world.settled(a.stop());
    await world.until(() => b.isLeader(), 'the next one leads');
    const stopped = b.stop();
    expect([heard, b.currentLeader()]).to.deep.equal([['b', undefined], undefined]);
    await world.settled(stopped);
  });

  it('can be asked of etcd, with the whole queue, without start()', async () => {
    const names = ['a', 'b', 'c'];
    const election = new Election(world.process('asking'), 'jobs');
    expect(await world.settled(election.leader())).to.equal(undefined);
    expect(await world.settled(election.candidates())).to.deep.equal([]);
    await world.queued(...names.map((name) => world.candidate(name).election));
    expect((await world.settled(election.leader()))?.value).to.equal('a');
    expect((await world.settled(election.candidates())).map(({ value }) => value)).to.deep.equal(names);
    expect(election.state).to.equal('idle');
  });

  it('is not guessed when etcd does not answer', async () => {
    const { election, store } = world.candidate('a');
    store.network = 'silent';
    expect(await world.refusal(election.leader())).to.equal('UNAVAILABLE');
    expect(await world.refusal(election.candidates())).to.equal('UNAVAILABLE');
    await settle();
  });
});
