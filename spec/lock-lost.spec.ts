import { expect } from 'chai';
import { Lock } from '../lib/lock.js';
import { ClientClosed } from '../lib/store/store.js';
import { newTask } from './support/task.js';
import { type Process, recordLog, World } from './support/world.js';

const NAME = 'locks/report';

describe('a lock that is lost', () => {
  let world: World;
  let process: Process;
  let lock: Lock;
  let story: string[];

  beforeEach(() => {
    world = new World();
    process = world.process('a');
    lock = new Lock(process, NAME, { ttl: 10 });
    story = [];
  });
  const keys = (): string[] => world.etcd.keys(`${NAME}/`).map(({ key }) => key);
  const nothingLeft = async (): Promise<void> => {
    await world.advance(50);
    expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
    expect([world.etcd.keys(), world.etcd.leases()]).to.deep.equal([[], []]);
  };
  const losses = {
    LEASE_LOST: () => world.etcd.revoke(world.etcd.leases()[0]?.id ?? 0n),
    KEY_DELETED: () => world.etcd.delete(...keys()),
    LEASE_EXPIRED: () => {
      process.store.network = 'down';
    },
  };

  for (const [code, lose] of Object.entries(losses)) {
    it(`aborts the signal, rejects with ${code} when the task has ended, and does not run the task again`, async () => {
      const { work, terms } = newTask(story);
      const running = lock.run(work).catch((err: { code: string }) => err.code);
      await world.begun(terms);
      lose();
      await world.until(() => story.length > 1, 'the signal', 8_000);
      expect(story).to.deep.equal(['task begins', `signal: ${code}`]);
      expect(terms[0]?.leadership.isCurrent()).to.equal(false);
      process.store.network = 'up';
      await world.advance(5_000);
      expect(keys(), 'not back in the queue while the task winds down').to.deep.equal([]);
      terms[0]?.end('too late');
      expect(await world.settled(running)).to.equal(code);
      expect(terms).to.have.length(1);
      await nothingLeft();
    });
  }

  it('tells its holder before another process holds it, when the holder is cut off', async () => {
    const mine = await world.settled(lock.acquire());
    mine.signal.addEventListener('abort', () => story.push(`lost: ${mine.signal.reason.code}`));
    const other = new Lock(world.process('b'), NAME);
    const waiting = other.run(() => story.push('another holds it'));
    await world.advance(100);
    process.store.network = 'down';
    await world.settled(waiting);
    expect(story).to.deep.equal(['lost: LEASE_EXPIRED', 'another holds it']);
    process.store.network = 'up';
    await world.settled(mine.release());
    await nothingLeft();
  });

  it('is not current from the first moment after a pause of its process, before any timer has run', async () => {
    const mine = await world.settled(lock.acquire());
    const other = new Lock(world.process('b'), NAME);
    const waiting = other.acquire();
    await world.advance(100);
    process.clock.pause();
    const theirs = await world.settled(waiting);
    expect(theirs.fencingToken > mine.fencingToken).to.equal(true);
    process.clock.resume();
    expect([mine.isCurrent(), theirs.isCurrent()]).to.deep.equal([false, true]);
    await world.settled(Promise.all([mine.release(), theirs.release()]));
    await nothingLeft();
  });

  it('is not given to another caller of this process before its holder has released it', async () => {
    const mine = await world.settled(lock.acquire());
    const waiting = lock.run(() => story.push('next'));
    world.etcd.delete(...keys());
    await world.advance(30_000);
    expect([mine.signal.reason.code, story, keys()]).to.deep.equal(['KEY_DELETED', [], []]);
    await world.settled(mine.release());
    await world.settled(waiting);
    expect(story).to.deep.equal(['next']);
    await nothingLeft();
  });

  it('is taken all the same by a caller who waits, when a lease is lost in the queue', async () => {
    const mine = await world.settled(new Lock(world.process('b'), NAME).acquire());
    const waiting = lock.run(() => 'held');
    await world.until(() => keys().length === 2, 'it waits');
    for (const { id } of world.etcd.leases().slice(1)) world.etcd.revoke(id);
    await world.until(() => keys().length === 2, 'it waits again');
    await world.settled(mine.release());
    expect(await world.settled(waiting)).to.equal('held');
    await nothingLeft();
  });
});

describe('a lock on a client that is closed', () => {
  const closed = { error: new ClientClosed('UNAVAILABLE', 'the client is closed') };
  let world: World;
  let process: Process;

  beforeEach(() => {
    world = new World();
    process = world.process('a');
  });

  it('rejects with UNAVAILABLE instead of waiting for ever, and leaves nothing running', async () => {
    process.store.faults.all = closed;
    const lock = new Lock(process, NAME);
    for (const call of [() => lock.run(() => 'never'), () => lock.acquire(), () => lock.tryAcquire()]) {
      expect(await world.refusal(call())).to.equal('UNAVAILABLE');
    }
    await world.advance(100);
    expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
  });

  it('rejects those who wait for their turn too', async () => {
    process.store.faults.all = closed;
    const lock = new Lock(process, NAME);
    const codes = [1, 2, 3].map(() => lock.run(() => 'never').catch(({ code }) => code));
    expect(await world.settled(Promise.all(codes))).to.deep.equal(Array(3).fill('UNAVAILABLE'));
  });
});

describe('the log of a lock', () => {
  it('tells of an outage at growing intervals, as that of an election does', async () => {
    const world = new World();
    const process = world.process('a');
    const log = recordLog();
    process.store.network = 'down';
    const lock = new Lock(process, NAME, { logger: log });
    const abort = new AbortController();
    const running = lock.run(() => 'never', { signal: abort.signal });
    await world.advance(25_000);
    const told = log.lines.filter(({ level }) => level === 'error');
    expect(told.map(({ message }) => message)).to.deep.equal(Array(2).fill('something went wrong with the lock'));
    abort.abort();
    expect(await world.settled(running)).to.equal(undefined);
  });
});
