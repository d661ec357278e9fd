import { AsyncLocalStorage } from 'node:async_hooks';
import { expect } from 'chai';
import { withResolvers } from '../../lib/common/deferred.js';
import { Session } from '../../lib/index.js';
import type { Ownership } from '../../lib/pool/ownership.js';
import { Pool } from '../../lib/pool/pool.js';
import { type PoolWorker, PoolWorld } from '../support/pool/pool-world.js';

/** A task that goes on until its signal is aborted, and then for `ms`. */
function lasting(world: PoolWorld, worker: PoolWorker, story: string[], ms = 0) {
  return (ownership: Ownership): Promise<void> => {
    const { promise, resolve } = withResolvers<void>();
    story.push(`${worker.name} begins ${ownership.partition}`);
    ownership.signal.addEventListener('abort', () => {
      worker.clock.after(ms, () => {
        story.push(`${worker.name} ends ${ownership.partition} ${ownership.signal.reason.code}`);
        resolve();
      });
    });
    expect(world).not.to.equal(undefined);
    return promise;
  };
}

describe('the task of a pool', () => {
  let world: PoolWorld;
  let story: string[];

  beforeEach(() => {
    story = [];
  });

  afterEach(() => world.expectPaired());

  it('runs in every partition that the worker owns, and ends before another begins it', async () => {
    world = new PoolWorld(2);
    const [a, b] = [world.worker('a'), world.worker('b')];
    const runs = [a.pool.run(lasting(world, a, story, 700))];
    await world.balanced([a]);
    expect(story.sort()).to.deep.equal(['a begins 0', 'a begins 1']);
    runs.push(b.pool.run(lasting(world, b, story, 700)));
    await world.balanced([a, b]);
    const moved = [...b.pool.owned.keys()][0];
    expect(story.slice(2)).to.deep.equal([`a ends ${moved} REBALANCED`, `b begins ${moved}`]);
    await world.settled(a.pool.stop());
    await world.balanced([b]);
    expect(story.slice(4)).to.deep.equal([`a ends ${1 - Number(moved)} STOPPED`, `b begins ${1 - Number(moved)}`]);
    await world.settled(runs[0] as Promise<void>);
    await world.settled(b.pool.stop());
    await world.settled(runs[1] as Promise<void>);
  });

  it('keeps its partition when it returns', async () => {
    world = new PoolWorld(3);
    const a = world.worker('a');
    let calls = 0;
    const running = a.pool.run(() => {
      calls += 1;
    });
    await world.balanced([a]);
    await world.advance(60_000);
    expect([calls, a.pool.owned.size]).to.deep.equal([3, 3]);
    await world.settled(a.pool.stop());
    await world.settled(running);
  });

  it('is called again after 1, 2, 4 … 60 s when it throws, and the error is told', async () => {
    world = new PoolWorld(1);
    const a = world.worker('a');
    const calls: number[] = [];
    const errors: string[] = [];
    a.pool.on('error', ({ code, cause }) => errors.push(`${code} ${(cause as Error).message}`));
    const running = a.pool.run(() => {
      calls.push(Math.round(world.now / 1_000));
      throw new Error('broken');
    });
    await world.balanced([a]);
    const begun = calls[0] ?? 0;
    await world.advance(200_000);
    expect(calls.map((at) => at - begun)).to.deep.equal([0, 1, 3, 7, 15, 31, 63, 123, 183]);
    expect(new Set(errors)).to.deep.equal(new Set(['TASK_FAILED broken']));
    expect(a.pool.owned.size).to.equal(1);
    await world.settled(a.pool.stop(), 2_000);
    await world.settled(running);
  });

  it('is ended by the signal of `run()`, which then resolves', async () => {
    world = new PoolWorld(2);
    const a = world.worker('a');
    const shutdown = new AbortController();
    const running = a.pool.run(lasting(world, a, story, 300), { signal: shutdown.signal });
    await world.balanced([a]);
    shutdown.abort();
    await world.settled(running, 2_000);
    expect(story.slice(2).sort()).to.deep.equal(['a ends 0 ABORTED', 'a ends 1 ABORTED']);
    expect([a.pool.state, world.etcd.keys()]).to.deep.equal(['idle', []]);
  });

  it('is never called twice at a time for one partition, though a task outlives its lease', async () => {
    world = new PoolWorld(1);
    const a = world.worker('a');
    const { promise, resolve } = withResolvers<void>();
    let calls = 0;
    const running = a.pool.run(() => {
      calls += 1;
      return promise;
    });
    await world.balanced([a]);
    world.etcd.revoke(world.leaseOf(a));
    await world.until(() => a.pool.owned.size === 0, 'it is lost');
    await world.advance(60_000);
    expect(calls).to.equal(1);
    resolve();
    await world.until(() => calls === 2, 'it is called again', 15_000);
    await world.settled(a.pool.stop());
    await world.settled(running);
  });

  it('runs in the async context of the call of `run()`', async () => {
    world = new PoolWorld(2);
    const a = world.worker('a');
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const running = storage.run('of the caller', () =>
      a.pool.run(() => {
        seen.push(storage.getStore());
      }),
    );
    await world.balanced([a]);
    expect(seen).to.deep.equal(['of the caller', 'of the caller']);
    await world.settled(a.pool.stop());
    await world.settled(running);
  });

  it('is one at a time, a function, and refused by a closed session', async () => {
    world = new PoolWorld(2);
    const a = world.worker('a');
    const running = a.pool.run(() => {});
    expect(await world.refusal(a.pool.run(() => {}))).to.equal('INVALID_OPTION');
    await world.settled(a.pool.stop());
    await world.settled(running);
    expect(await world.refusal(a.pool.run(undefined as never))).to.equal('INVALID_OPTION');
    const session = new Session(world.process('b'));
    const pool = new Pool(session, 'p', { partitions: 2 });
    await world.settled(session.close());
    expect(await world.refusal(pool.run(() => {}))).to.equal('STOPPED');
    await world.settled(a.pool.run(() => {}, { signal: AbortSignal.abort() }));
  });

  it('stops a worker that was started before when its signal has aborted before', async () => {
    world = new PoolWorld(2);
    const { pool } = world.worker('a');
    pool.start();
    await world.until(() => pool.owned.size === 2, 'it owns all');
    await world.settled(pool.run(() => {}, { signal: AbortSignal.abort() }));
    expect([pool.state, pool.isRunning(), pool.owned.size]).to.deep.equal(['idle', false, 0]);
  });
});

describe('the end of a worker', () => {
  let world: PoolWorld;

  afterEach(() => world.expectPaired());

  it('comes at once when nobody is there to take over', async () => {
    world = new PoolWorld(20);
    const a = world.worker('a');
    await world.balanced([a]);
    const from = world.now;
    await world.settled(a.pool.stop());
    expect(world.now - from).to.be.at.most(200);
    expect(world.etcd.keys()).to.deep.equal([]);
  });

  it('comes after a second when nobody coordinates', async () => {
    world = new PoolWorld(4);
    const a = world.worker('a', { coordinate: false });
    a.pool.start();
    await world.until(() => a.pool.state === 'active', 'it is a member');
    world.forge(a, { v: 1, by: '1', own: [[0, 3]] });
    await world.until(() => a.pool.owned.size === 4, 'it owns all');
    const from = world.now;
    const stopping = a.pool.stop();
    await world.advance(999);
    expect(a.pool.owned.size).to.equal(4);
    await world.settled(stopping);
    expect(world.now - from).to.be.within(1_000, 1_100);
    expect(a.story.slice(4).sort()).to.deep.equal(['- 0 STOPPED', '- 1 STOPPED', '- 2 STOPPED', '- 3 STOPPED']);
  });

  it('leaves no gap: each partition is owned by its successor a moment after it is let go', async () => {
    world = new PoolWorld(20);
    const [a, b] = [world.worker('a'), world.worker('b')];
    await world.balanced([a, b]);
    const lost = new Map<string, number>();
    const gaps: number[] = [];
    a.pool.on('lost', ({ partition }) => lost.set(partition, world.now));
    b.pool.on('gained', ({ partition }) => gaps.push(world.now - (lost.get(partition) ?? 0)));
    await world.settled(a.pool.stop());
    await world.balanced([b]);
    expect(gaps.length).to.equal(10);
    // etcd looks every 100 ms at watches that begin at a revision which has passed meanwhile, by another handover.
    expect(Math.max(...gaps)).to.be.at.most(110);
  });

  it('is bounded by releaseTimeout and a second, whatever the tasks do', async () => {
    world = new PoolWorld(4);
    const [a, b] = [world.worker('a', { releaseTimeout: 3_000 }), world.worker('b')];
    const errors: string[] = [];
    a.pool.on('error', ({ code }) => errors.push(code));
    const running = a.pool.run(() => new Promise(() => {}));
    await world.balanced([a]);
    b.pool.start();
    await world.until(() => b.pool.state === 'active', 'b is a member');
    const from = world.now;
    await world.settled(a.pool.stop());
    expect(world.now - from).to.be.at.most(4_000);
    await world.settled(running);
    expect(errors).to.include('RELEASE_TIMEOUT');
    await world.balanced([b]);
  });

  it('is bounded by releaseTimeout and a second, though etcd does not answer', async () => {
    world = new PoolWorld(4);
    const a = world.worker('a', { releaseTimeout: 3_000 });
    await world.balanced([a]);
    a.store.network = 'silent';
    const from = world.now;
    await world.settled(a.pool.stop());
    expect(world.now - from).to.be.at.most(4_000);
    expect([a.pool.state, a.pool.owned.size]).to.deep.equal(['idle', 0]);
  });

  it('can be followed by another beginning, also when that comes before the end', async () => {
    world = new PoolWorld(6);
    const [a, b] = [world.worker('a'), world.worker('b')];
    await world.balanced([a, b]);
    const stopping = a.pool.stop();
    a.pool.start();
    expect([a.pool.state, a.pool.isRunning()]).to.deep.equal(['leaving', true]);
    await world.settled(stopping);
    await world.balanced([a, b]);
    for (const { pool } of [a, b]) await world.settled(pool.stop());
    expect([world.etcd.keys(), world.etcd.leases()]).to.deep.equal([[], []]);
  });

  it('deletes its own keys and leaves the lease alone when the session is shared', async () => {
    world = new PoolWorld(6);
    const { session, ...process } = world.session('a');
    const pool = new Pool(session, 'p', { partitions: 6, member: 'a' });
    const other = new Pool(session, 'q', { partitions: 2, member: 'a' });
    for (const one of [pool, other]) one.start();
    await world.until(() => pool.owned.size === 6 && other.owned.size === 2, 'both own all');
    await world.settled(pool.stop());
    expect(world.etcd.keys('p/')).to.deep.equal([]);
    expect(other.owned.size).to.equal(2);
    await world.advance(20_000);
    pool.start();
    await world.until(() => pool.owned.size === 6, 'it owns all again');
    await world.settled(session.close());
    expect([pool.state, other.state, world.etcd.keys(), world.etcd.leases()]).to.deep.equal(['idle', 'idle', [], []]);
    expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
  });

  it('comes with the end of its session', async () => {
    world = new PoolWorld(6);
    const { session } = world.session('a');
    const pool = new Pool(session, 'p', { partitions: 6 });
    const running = pool.run(() => {});
    await world.until(() => pool.owned.size === 6, 'it owns all');
    await world.settled(session.close());
    await world.settled(running);
    const codes: string[] = [];
    pool.on('error', ({ code }) => codes.push(code));
    pool.start();
    await world.until(() => pool.state === 'idle', 'it has ended');
    expect([codes, pool.isRunning()]).to.deep.equal([['STOPPED'], false]);
  });

  for (const at of [0, 1, 2, 3, 4, 5, 10, 500, 1_000, 1_005, 1_010, 1_013, 1_015, 1_020]) {
    it(`leaves nothing when it comes ${at} ms after the beginning`, async () => {
      world = new PoolWorld(3);
      const a = world.worker('a');
      a.pool.start();
      await world.advance(at);
      await world.settled(a.pool.stop());
      await world.advance(1_000);
      expect([a.pool.state, a.store.open, a.clock.timers]).to.deep.equal(['idle', [], []]);
      expect([world.etcd.keys(), world.etcd.leases()]).to.deep.equal([[], []]);
    });
  }
});

describe('an unfit worker', () => {
  it('loses every partition with UNHEALTHY, and is given partitions again when its check is good', async () => {
    const world = new PoolWorld(10);
    let isFit = true;
    const [a, b] = [world.worker('a', { healthCheck: () => isFit }), world.worker('b')];
    await world.balanced([a, b]);
    isFit = false;
    await world.until(() => b.pool.owned.size === 10, 'the other has all');
    expect(a.story.filter((line) => line.startsWith('-'))).to.deep.equal(
      a.story.filter((line) => line.endsWith('UNHEALTHY')),
    );
    expect(a.pool.state).to.equal('active');
    isFit = true;
    await world.balanced([a, b]);
    world.expectPaired();
  });
});
