import { expect } from 'chai';
import { FakeElection } from '../lib/testing.js';
import { expiresIn, isCurrent, type LeadershipHandle, signalOf } from '../lib/threads/index.js';
import { Watchman } from './support/threads.js';
import { tracked } from './support/track.js';
import { until } from './support/wait.js';
import { World } from './support/world.js';

/** ms that this process may be busy with something else between two looks. */
const SLACK = 500;

/** What another thread gets when the handle is posted. */
const posted = (handle: LeadershipHandle): LeadershipHandle => structuredClone(handle);

describe('a handle on a leadership', () => {
  let world: World;
  let a: ReturnType<World['candidate']>;

  beforeEach(async () => {
    world = new World();
    a = world.candidate('a');
    await world.queued(a.election);
  });

  const shared = (): LeadershipHandle => {
    const { leadership } = a.election;
    if (leadership === undefined) throw new Error('it does not lead');
    return leadership.share();
  };

  it('says which term it is of, and survives being posted', () => {
    const { election, key, leaseId, fencingToken } = a.election.leadership ?? {};
    expect(posted(shared())).to.include({ election, key, leaseId, fencingToken });
  });

  it('runs out when the term does, by the clock of the process', () => {
    const left = a.election.leadership?.expiresIn() ?? 0;
    expect(expiresIn(posted(shared()))).to.be.within(left - SLACK, left);
    expect(isCurrent(posted(shared()))).to.equal(true);
  });

  it('is moved by each refresh', async () => {
    const handle = posted(shared());
    await world.advance(3_000);
    const before = a.election.leadership?.expiresIn() ?? 0;
    await world.until(() => (a.election.leadership?.expiresIn() ?? 0) > before, 'it is refreshed');
    expect(expiresIn(handle)).to.be.within(7_500 - SLACK, 7_500);
  });

  it('shares one memory with all other handles of the term, and none with those of another term', async () => {
    const first = shared();
    expect(shared().shared).to.equal(first.shared);
    await world.settled(a.election.stepDown());
    await world.until(() => a.election.isLeader(), 'it leads again');
    expect(shared().shared).to.not.equal(first.shared);
    expect([isCurrent(first), isCurrent(shared())]).to.deep.equal([false, true]);
  });

  it('is 0 and aborted with the same code when the term has ended', async () => {
    const handle = posted(shared());
    const signal = signalOf(handle);
    expect(signal.aborted).to.equal(false);
    await world.settled(a.election.stop());
    expect([isCurrent(handle), expiresIn(handle)]).to.deep.equal([false, 0]);
    await until(() => signal.aborted, { within: 5_000, what: 'the signal' });
    expect(signal.reason).to.include({ name: 'ElectionError', code: 'STOPPED' });
  });

  it('stays 0 whatever is refreshed after the end', async () => {
    const { leadership } = a.election;
    const handle = posted(shared());
    await world.settled(a.election.stepDown());
    await world.advance(10_000);
    expect([isCurrent(handle), leadership?.isCurrent()]).to.deep.equal([false, false]);
  });

  it('has ended already when it is asked for after the end', async () => {
    const { leadership } = a.election;
    await world.settled(a.election.stop());
    const handle = leadership?.share();
    if (handle === undefined) throw new Error('it did not lead');
    expect(isCurrent(handle)).to.equal(false);
    expect(signalOf(handle).reason).to.include({ code: 'STOPPED' });
  });

  it('is 0 as soon as the key is gone, before anybody knows why', async () => {
    const handle = posted(shared());
    const story: string[] = [];
    a.election.on('unelected', (_, { code }) => story.push(code));
    world.etcd.delete(handle.key);
    await world.until(() => !isCurrent(handle), 'the handle runs out');
    expect(a.election.state).to.equal('leading');
    expect(story).to.deep.equal([]);
    await world.until(() => story.length > 0, 'unelected');
    expect(story).to.deep.equal(['KEY_DELETED']);
    expect(signalOf(handle).reason).to.include({ code: 'KEY_DELETED' });
  });

  it('has one signal in each thread', () => {
    const handle = posted(shared());
    expect(signalOf(handle)).to.equal(signalOf(handle));
  });

  it('never runs out by itself when it is of a FakeElection, whose time stands still', async () => {
    const fake = tracked(new FakeElection('jobs'));
    fake.start();
    const handle = (await fake.elect()).share();
    expect(expiresIn(handle)).to.equal(Number.POSITIVE_INFINITY);
    await fake.depose('LEASE_LOST');
    expect(isCurrent(handle)).to.equal(false);
    expect(signalOf(handle).reason).to.include({ code: 'LEASE_LOST' });
  });

  for (const [what, handle] of [
    ['undefined', undefined],
    ['null', null],
    ['object', {}],
    ['object', { shared: new ArrayBuffer(64) }],
    ['object', { shared: new SharedArrayBuffer(8) }],
  ] as const) {
    it(`is refused when it is ${JSON.stringify(handle)}, of type ${what}, and nothing of share()`, () => {
      for (const ask of [isCurrent, expiresIn, signalOf]) {
        expect(() => ask(handle as unknown as LeadershipHandle)).to.throw(
          `\`handle\` must be what \`leadership.share()\` returns; got ${what}`,
        );
      }
    });
  }
});

describe('a thread with a handle', () => {
  it('sees the end of each of 20 terms while the main thread is blocked', async () => {
    const handles: LeadershipHandle[] = [];
    for (let n = 0; n < 20; n++) {
      const world = new World();
      const { election } = world.candidate('a', { ttl: 10, renewDeadline: 5 });
      await world.queued(election);
      handles.push((await election.elected()).share());
    }
    const watchman = tracked(await Watchman.start(handles));
    expect(handles.every(isCurrent)).to.equal(true);

    const longest = Math.max(...handles.map(expiresIn));
    expect(longest).to.be.within(0, 5_000);
    const blockedUntil = performance.now() + longest + 2_000;
    while (performance.now() < blockedUntil);
    const unblockedAt = process.hrtime.bigint();

    const ends = await watchman.ends();
    expect(ends).to.have.length(20);
    for (const { seenAt, toldAt, code } of ends) {
      expect([seenAt < unblockedAt, toldAt < unblockedAt, code]).to.deep.equal([true, true, 'LEASE_EXPIRED']);
    }
  });
});
