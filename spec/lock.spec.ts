import { expect } from 'chai';
import type { HeldLock } from '../lib/index.js';
import { Lock } from '../lib/lock.js';
import { Session } from '../lib/session.js';
import { newTask } from './support/task.js';
import { type Process, World } from './support/world.js';

const NAME = 'locks/report';

describe('a lock', () => {
  let world: World;
  let process: Process;
  let lock: Lock;
  let story: string[];

  beforeEach(() => {
    world = new World();
    process = world.process('a');
    lock = new Lock(process, NAME);
    story = [];
  });
  const keys = (): string[] => world.etcd.keys(`${NAME}/`).map(({ key }) => key);
  const elsewhere = (name = 'b'): Lock => new Lock(world.process(name), NAME);
  const held = (by: Lock): Promise<HeldLock> => world.settled(by.acquire());
  const nothingLeft = async (): Promise<void> => {
    await world.advance(50);
    expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
    expect([world.etcd.keys(), world.etcd.leases()]).to.deep.equal([[], []]);
  };

  it('asks etcd for nothing until somebody wants it', async () => {
    await world.advance(60_000);
    expect(world.etcd.requests).to.include({ grant: 0, txn: 0, keepAliveStream: 0, watchStream: 0 });
  });

  describe('run()', () => {
    it('holds the lock while the task runs, resolves with its result, and leaves nothing', async () => {
      const { work, terms } = newTask(story);
      const running = lock.run(work);
      await world.begun(terms);
      expect(keys()).to.have.length(1);
      expect(terms[0]?.leadership.isCurrent()).to.equal(true);
      terms[0]?.end('result');
      expect(await world.settled(running)).to.equal('result');
      expect(keys()).to.deep.equal([]);
      await nothingLeft();
    });

    it('keeps out every other process while the task runs', async () => {
      const [first, second] = [newTask(story), newTask(story)];
      const running = lock.run(first.work);
      await world.begun(first.terms);
      const waiting = elsewhere().run(second.work);
      await world.advance(60_000);
      expect(second.terms).to.deep.equal([]);
      first.terms[0]?.end();
      await world.settled(running);
      await world.begun(second.terms);
      second.terms[0]?.end();
      await world.settled(waiting);
    });

    it('rejects with the error of the task, thrown or rejected, and releases the lock', async () => {
      const failing = [
        () => {
          throw new Error('thrown');
        },
        () => Promise.reject(new Error('rejected')),
      ];
      for (const task of failing) expect(await world.refusal(lock.run(task))).to.match(/^(thrown|rejected)$/);
      await nothingLeft();
    });

    it('resolves with undefined when its signal aborts, after the task has wound down', async () => {
      const { work, terms } = newTask(story);
      const abort = new AbortController();
      const running = lock.run(work, { signal: abort.signal });
      await world.begun(terms);
      abort.abort(new Error('shutdown'));
      await world.advance(1_000);
      expect([story, keys().length]).to.deep.equal([['task begins', 'signal: ABORTED'], 1]);
      terms[0]?.end('late');
      expect(await world.settled(running)).to.equal(undefined);
      await nothingLeft();
    });

    it('lets no other task of this process begin while one outlives `releaseTimeout`', async () => {
      lock = new Lock(process, NAME, { releaseTimeout: 1_000 });
      const [first, second] = [newTask(story), newTask(story)];
      const abort = new AbortController();
      const running = lock.run(first.work, { signal: abort.signal });
      await world.begun(first.terms);
      const waiting = lock.run(second.work);
      abort.abort();
      expect(await world.settled(running)).to.equal(undefined);
      await world.advance(30_000);
      expect([keys(), second.terms]).to.deep.equal([[], []]);
      first.terms[0]?.end();
      await world.begun(second.terms);
      second.terms[0]?.end('second');
      expect(await world.settled(waiting)).to.equal('second');
      await nothingLeft();
    });
  });

  describe('acquire()', () => {
    it('resolves with a leadership, which release() ends', async () => {
      const mine = await held(lock);
      expect([mine.election, mine.isCurrent(), mine.signal.aborted]).to.deep.equal([NAME, true, false]);
      expect([mine.key]).to.deep.equal(keys());
      await world.settled(mine.release());
      expect([mine.isCurrent(), mine.signal.reason.code, keys()]).to.deep.equal([false, 'STOPPED', []]);
      await world.settled(mine.release());
      await nothingLeft();
    });

    it('is released at the end of a block of `await using`, by an error too', async () => {
      const block = async (): Promise<void> => {
        await using mine = await lock.acquire();
        expect(mine.isCurrent()).to.equal(true);
        throw new Error('of the block');
      };
      expect(await world.refusal(block())).to.equal('of the block');
      expect(keys()).to.deep.equal([]);
      await nothingLeft();
    });

    it('stays held when its signal aborts after the wait', async () => {
      const abort = new AbortController();
      const mine = await world.settled(lock.acquire({ signal: abort.signal }));
      abort.abort();
      await world.advance(60_000);
      expect(mine.isCurrent()).to.equal(true);
      await world.settled(mine.release());
      await nothingLeft();
    });
  });

  describe('tryAcquire()', () => {
    it('resolves with the lock when nobody holds it', async () => {
      const mine = await world.settled(lock.tryAcquire());
      expect(mine?.isCurrent()).to.equal(true);
      await world.settled(mine?.release() ?? Promise.resolve());
      await nothingLeft();
    });

    it('resolves with undefined when a process holds it, be it another or this one, and leaves the queue', async () => {
      const other = await held(elsewhere());
      const startedAt = world.now;
      expect(await world.settled(lock.tryAcquire())).to.equal(undefined);
      expect(world.now - startedAt).to.be.lessThan(50);
      expect(keys()).to.deep.equal([other.key]);
      await world.settled(other.release());

      const mine = await held(lock);
      expect(await new Lock(process, NAME).tryAcquire()).to.equal(undefined);
      await world.settled(mine.release());
      await nothingLeft();
    });

    it('rejects with UNAVAILABLE when etcd does not say whether somebody holds it', async () => {
      process.store.network = 'down';
      expect(await world.refusal(lock.tryAcquire())).to.equal('UNAVAILABLE');
    });
  });

  describe('a caller that gives up', () => {
    for (const place of ['in etcd’s queue', 'among the callers of this process']) {
      const holder = async (): Promise<HeldLock> => held(place === 'in etcd’s queue' ? elsewhere() : lock);

      it(`is told TIMEOUT to the millisecond ${place}`, async () => {
        const other = await holder();
        const startedAt = world.now;
        const waiting = lock.acquire({ wait: 5_000 }).catch(({ code, message }) => [code, message, world.now]);
        await world.runUntil(startedAt + 4_999);
        expect(keys()).to.have.length(place === 'in etcd’s queue' ? 2 : 1);
        const [code, message, at] = (await world.settled(waiting)) as [string, string, number];
        const text = 'the lock was not acquired within 5000 ms: somebody else holds it';
        expect([code, message]).to.deep.equal(['TIMEOUT', text]);
        expect(at - startedAt).to.be.within(5_000, 5_030);
        expect(keys()).to.deep.equal([other.key]);
        await world.settled(other.release());
        await nothingLeft();
      });

      it(`is told TIMEOUT at once with wait: 0 ${place}`, async () => {
        const other = await holder();
        const startedAt = world.now;
        expect(await world.refusal(lock.run(() => 'never', { wait: 0 }))).to.equal('TIMEOUT');
        expect(world.now - startedAt).to.be.lessThan(50);
        await world.settled(other.release());
        await nothingLeft();
      });

      it(`is told ABORTED by its signal, with the reason as the cause ${place}; run() resolves`, async () => {
        const other = await holder();
        const [abort, reason] = [new AbortController(), new Error('changed my mind')];
        const waiting = lock.acquire({ signal: abort.signal }).catch(({ code, cause }) => [code, cause]);
        const running = lock.run(() => 'never', { signal: abort.signal });
        await world.advance(1_000);
        abort.abort(reason);
        expect(await world.settled(waiting)).to.deep.equal(['ABORTED', reason]);
        expect(await world.settled(running)).to.equal(undefined);
        expect(keys()).to.deep.equal([other.key]);
        await world.settled(other.release());
        await nothingLeft();
      });
    }

    it('is told ABORTED at once, and asks etcd for nothing, when its signal was aborted before', async () => {
      const signal = AbortSignal.abort();
      expect(await world.refusal(lock.acquire({ signal }))).to.equal('ABORTED');
      expect(await lock.run(() => 'never', { signal })).to.equal(undefined);
      expect(world.etcd.requests).to.include({ grant: 0, txn: 0 });
      await nothingLeft();
    });

    it('leaves nothing when it gives up while its key is on the way into the queue', async () => {
      const abort = new AbortController();
      const waiting = world.refusal(lock.acquire({ signal: abort.signal }));
      await world.until(() => world.etcd.requests.txn > 0, 'the join is on the way');
      abort.abort();
      expect(await waiting).to.equal('ABORTED');
      await nothingLeft();
    });

    for (const releaseTimeout of [500, 3_000]) {
      it(`settles in bounded time while etcd does not answer: releaseTimeout ${releaseTimeout} ms`, async () => {
        const other = await held(elsewhere());
        const mine = new Lock(process, NAME, { releaseTimeout });
        const told = (options: object): Promise<number> =>
          mine.acquire(options).then(
            () => Number.NaN,
            () => world.now,
          );
        for (const how of ['wait', 'signal']) {
          const abort = new AbortController();
          const waiting = told(how === 'wait' ? { wait: 1_000 } : { signal: abort.signal });
          await world.advance(500);
          process.store.network = 'silent';
          await world.advance(500);
          const gaveUpAt = world.now;
          abort.abort();
          expect((await world.settled(waiting)) - gaveUpAt).to.be.within(0, 2 * (releaseTimeout + 1_000));
          process.store.network = 'up';
          await world.advance(20_000);
          expect(keys()).to.deep.equal([other.key]);
        }
        await world.settled(other.release());
        await nothingLeft();
      });
    }

    it('says in TIMEOUT what etcd has said, and the cause', async () => {
      process.store.network = 'down';
      const waiting = lock.run(() => 'never', { wait: 3_000 }).catch(({ code, cause }) => [code, cause?.code]);
      expect(await world.settled(waiting)).to.deep.equal(['TIMEOUT', 'UNAVAILABLE']);
    });
  });

  it('takes an error TIMEOUT of the task for the task’s own', async () => {
    const theirs = Object.assign(new Error('theirs'), { code: 'TIMEOUT' });
    const failed = lock.run(() => Promise.reject(theirs), { wait: 1_000 }).catch((err: unknown) => err);
    expect(await world.settled(failed)).to.equal(theirs);
  });

  describe('on a session', () => {
    it('keeps the lease of the session, and leaves no key', async () => {
      const session = new Session(process);
      const mine = await held(new Lock(session, NAME));
      const [{ id } = { id: 0n }] = world.etcd.leases();
      await world.settled(mine.release());
      expect([keys(), world.etcd.leases().map((lease) => lease.id)]).to.deep.equal([[], [id]]);
      await world.settled(session.close());
      await nothingLeft();
    });

    it('ends as planned when the session is closed: who holds it and who waits, here or there', async () => {
      const session = new Session(process);
      const ours = new Lock(session, NAME);
      const { work, terms } = newTask(story);
      const running = ours.run(work);
      await world.begun(terms);
      const waiting = ours.run(() => 'never');
      const asking = world.refusal(ours.acquire());
      const closing = session.close();
      await world.advance(10);
      expect(story).to.deep.equal(['task begins', 'signal: STOPPED']);
      terms[0]?.end();
      expect(await world.settled(Promise.all([running, waiting, closing]))).to.deep.equal([
        undefined,
        undefined,
        undefined,
      ]);
      expect(await asking).to.equal('STOPPED');
      expect(await world.refusal(ours.run(() => 'never'))).to.equal('STOPPED');
      expect(await world.refusal(ours.tryAcquire())).to.equal('STOPPED');
      await nothingLeft();
    });

    it('ends for those who wait for their turn when the session is closed, though nobody releases it', async () => {
      const session = new Session(process);
      const ours = new Lock(session, NAME);
      const mine = await held(ours);
      const [waiting, asking] = [ours.run(() => 'never'), world.refusal(ours.acquire())];
      const closing = session.close();
      await world.advance(10);
      expect(await world.settled(Promise.all([waiting, asking]))).to.deep.equal([undefined, 'STOPPED']);
      expect(mine.signal.aborted).to.equal(true);
      await world.settled(closing);
      await world.settled(mine.release());
      await nothingLeft();
    });

    it('ends as planned when the session is closed while it waits in etcd’s queue', async () => {
      const other = await held(elsewhere());
      const session = new Session(process);
      const running = new Lock(session, NAME).run(() => 'never');
      const asking = world.refusal(new Lock(session, NAME).acquire());
      await world.advance(1_000);
      await world.settled(session.close());
      expect(await world.settled(running)).to.equal(undefined);
      expect(await asking).to.equal('STOPPED');
      await world.settled(other.release());
      await nothingLeft();
    });
  });
});
