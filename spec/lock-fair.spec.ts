import { expect } from 'chai';
import { Lock } from '../lib/lock.js';
import { Session } from '../lib/session.js';
import { type Process, World } from './support/world.js';

const NAME = 'locks/report';

describe('the callers of a lock', () => {
  let world: World;
  let process: Process;
  let story: string[];
  let tokens: bigint[];

  beforeEach(() => {
    world = new World();
    process = world.process('a');
    story = [];
    tokens = [];
  });
  const keys = (): string[] => world.etcd.keys(`${NAME}/`).map(({ key }) => key);
  /** Holds the lock for so many milliseconds, and writes down its name and its token. */
  const use = (lock: Lock, name: string, clock = process.clock, ms = 20): Promise<void> =>
    lock.run(({ fencingToken }) => {
      story.push(name);
      tokens.push(fencingToken);
      return new Promise<void>((resolve) => clock.after(ms, resolve));
    });
  const grows = (): boolean => tokens.every((token, i) => i === 0 || token > (tokens[i - 1] ?? 0n));

  it('are one key in etcd when a thousand of one process wait, each in its order, with a greater token', async () => {
    const lock = new Lock(process, NAME);
    let most = 0;
    world.etcd.onWrite(() => {
      most = Math.max(most, keys().length);
    });
    const all = Array.from({ length: 1_000 }, (_, i) => use(lock, `${i}`, process.clock, 1));
    await world.settled(Promise.all(all), 600_000);
    expect(story).to.deep.equal(Array.from({ length: 1_000 }, (_, i) => `${i}`));
    expect([most, grows()]).to.deep.equal([1, true]);
    expect(world.etcd.requests).to.include({ grant: 1, revoke: 1, keepAliveStream: 1 });
    expect(world.etcd.requests.txn, 'a join and a release for each').to.equal(2_000);
    await world.advance(50);
    expect([process.store.open, process.clock.timers, world.etcd.keys()]).to.deep.equal([[], [], []]);
  });

  for (const on of ['a client', 'a session']) {
    it(`take turns over all locks of one name on ${on}`, async () => {
      const session = new Session(process);
      const made = (): Lock => (on === 'a client' ? new Lock(process, NAME) : new Lock(session, NAME));
      const all = ['1', '2', '3', '4'].map((name) => use(made(), name));
      await world.advance(10);
      expect(keys()).to.have.length(1);
      await world.settled(Promise.all(all));
      expect([story, grows()]).to.deep.equal([['1', '2', '3', '4'], true]);
    });
  }

  it('do not wait for those of another name', async () => {
    const session = new Session(process);
    const all = ['x', 'y'].map((name) => use(new Lock(session, `locks/${name}`), name, process.clock, 10_000));
    await world.until(() => story.length === 2, 'both hold their lock', 100);
    await world.settled(Promise.all(all));
  });

  it('let another process in after each of them, however many of them wait', async () => {
    const [ours, theirs] = [world.process('ours'), world.process('theirs')];
    const [lock, other] = [new Lock(new Session(ours), NAME), new Lock(new Session(theirs), NAME)];
    const all = Array.from({ length: 100 }, (_, i) => use(lock, `ours ${i}`, ours.clock));
    await world.until(() => story.length === 3, 'some of them had it');
    all.push(...Array.from({ length: 5 }, (_, i) => use(other, `theirs ${i}`, theirs.clock)));
    await world.settled(Promise.all(all), 600_000);
    const after = story.slice(story.indexOf('theirs 0') - 1).map((name) => name.split(' ')[0]);
    const [o, t] = ['ours', 'theirs'];
    expect(after.slice(0, 11)).to.deep.equal([o, t, o, t, o, t, o, t, o, t, o]);
    expect(story.indexOf('theirs 0')).to.be.at.most(5);
    expect(story).to.have.length(105);
    expect(grows()).to.equal(true);
  });

  it('keep the order of etcd’s queue among three processes with one caller each, again and again', async () => {
    const again = async (name: string): Promise<void> => {
      const process = world.process(name);
      const lock = new Lock(new Session(process), NAME);
      for (let turn = 0; turn < 10; turn++) await use(lock, name, process.clock);
    };
    await world.settled(Promise.all(['p', 'q', 'r'].map(again)));
    const [p, q, r] = story;
    expect(new Set([p, q, r])).to.have.property('size', 3);
    expect(story).to.deep.equal(Array.from({ length: 10 }, () => [p, q, r]).flat());
  });

  it('close up when one in the middle gives up', async () => {
    const lock = new Lock(process, NAME);
    const abort = new AbortController();
    const all = [use(lock, 'first'), lock.run(() => story.push('never'), { signal: abort.signal }), use(lock, 'last')];
    await world.advance(10);
    abort.abort();
    await world.settled(Promise.all(all));
    expect(story).to.deep.equal(['first', 'last']);
  });
});
