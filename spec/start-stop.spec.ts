import { expect } from 'chai';
import type { Election } from '../lib/election.js';
import { record, tell } from './support/story.js';
import { settle } from './support/virtual-time.js';
import { type Process, recordLog, settling, World } from './support/world.js';

describe('a candidate', () => {
  let world: World;
  let process: Process;
  let election: Election;
  let story: string[];

  const build = (options = {}): void => {
    world = new World();
    ({ election, ...process } = world.candidate('a', options));
    story = record(election, ['elected', 'unelected', 'error']);
  };
  beforeEach(() => build());
  const nothingLeft = (): void => {
    expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
    expect([world.etcd.keys(), world.etcd.leases()]).to.deep.equal([[], []]);
  };

  describe('start()', () => {
    it('returns the election, and begins on the next tick', async () => {
      expect(election.start()).to.equal(election);
      expect([election.state, election.isRunning()]).to.deep.equal(['joining', true]);
      expect(process.store.requests.grant).to.equal(0);
      await settle();
      expect(process.store.requests.grant).to.equal(1);
    });

    it('can be taken back in the same tick, before anything was sent', async () => {
      election.start();
      const stopping = election.stop();
      expect(election.isRunning()).to.equal(false);
      await world.settled(stopping);
      await world.advance(1_000);
      expect([election.state, process.store.requests.grant, story]).to.deep.equal(['idle', 0, []]);
    });

    it('is idempotent, in every state', async () => {
      election.start().start();
      await world.until(() => election.isLeader(), 'it leads');
      election.start();
      await world.advance(100);
      expect(process.store.requests).to.include({ grant: 1, txn: 1 });
      expect(story).to.deep.equal(['elected with token 2']);
    });

    it('works again after stop(), with a new lease and a greater token', async () => {
      await world.queued(election);
      await world.settled(election.stop());
      await world.queued(election);
      expect(story).to.deep.equal(['elected with token 2', 'unelected: STOPPED', 'elected with token 4']);
      expect(process.store.requests.grant).to.equal(2);
    });

    it('takes effect after stop() when it is called during stop()', async () => {
      await world.queued(election);
      const stopping = election.stop();
      election.start();
      expect([election.state, election.isRunning()]).to.deep.equal(['leaving', true]);
      await world.settled(stopping);
      await world.until(() => election.isLeader(), 'it leads again');
      expect(story).to.deep.equal(['elected with token 2', 'unelected: STOPPED', 'elected with token 4']);
    });

    it('leaves the candidate stopped when stop() follows it during stop()', async () => {
      await world.queued(election);
      const first = election.stop();
      election.start();
      await world.settled(Promise.all([first, election.stop()]));
      await world.advance(1_000);
      expect(election.state).to.equal('idle');
      nothingLeft();
    });
  });

  describe('stop()', () => {
    it('does nothing before start()', async () => {
      await election.stop();
      expect([election.state, process.store.requests.grant]).to.deep.equal(['idle', 0]);
    });

    it('tells unelected at once, and resolves when the key and the lease are gone', async () => {
      await world.queued(election);
      const stopping = election.stop();
      expect(story).to.deep.equal(['elected with token 2', 'unelected: STOPPED']);
      expect([election.state, election.isLeader(), election.leadership]).to.deep.equal(['leaving', false, undefined]);
      await world.settled(stopping);
      expect([election.state, election.isRunning()]).to.deep.equal(['idle', false]);
      await world.advance(5);
      nothingLeft();
    });

    it('stops once however often it is called', async () => {
      await world.queued(election);
      await world.settled(Promise.all([election.stop(), election.stop(), election.stop()]));
      await election.stop();
      expect(process.store.requests.revoke).to.equal(1);
      expect(story).to.deep.equal(['elected with token 2', 'unelected: STOPPED']);
    });

    it('lets the next candidate lead at once', async () => {
      const next = world.candidate('b').election;
      await world.queued(election, next);
      const startedAt = world.now;
      void election.stop();
      await world.until(() => next.isLeader(), 'the next leads');
      expect(world.now - startedAt).to.be.lessThan(6);
    });

    it('takes a waiting candidate out of the queue, and tells nothing', async () => {
      const first = world.candidate('first').election;
      await world.queued(first, election);
      await world.settled(election.stop());
      await world.advance(5);
      expect([story, world.etcd.keys('jobs/').length]).to.deep.equal([[], 1]);
      expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
    });

    for (const at of [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]) {
      it(`leaves nothing in etcd when it comes ${at} ms after start()`, async () => {
        election.start();
        await world.advance(at);
        await world.settled(election.stop());
        await world.advance(100);
        expect(story.length % 2).to.equal(0);
        nothingLeft();
      });
    }

    it('releases what comes of a join that is on its way', async () => {
      world.etcd.next('txn', { arriveLateBy: 1_000 });
      election.start();
      await world.advance(100);
      const stopping = election.stop();
      await world.settled(stopping);
      await world.advance(2_000);
      expect(story).to.deep.equal([]);
      nothingLeft();
    });

    it('does not wait for the next attempt to join when it comes between two attempts', async () => {
      process.store.network = 'down';
      election.start();
      await world.advance(10_000);
      const startedAt = world.now;
      await world.settled(election.stop());
      expect(world.now - startedAt).to.be.lessThan(10);
      process.store.network = 'up';
      await world.advance(10_000);
      nothingLeft();
    });

    for (const network of ['silent', 'down'] as const) {
      it(`resolves within releaseTimeout + 1 s when etcd is ${network}`, async () => {
        build({ releaseTimeout: 3_000 });
        await world.queued(election);
        process.store.network = network;
        const startedAt = world.now;
        await world.settled(election.stop());
        expect(world.now - startedAt).to.be.at.most(4_000);
        expect([election.state, story.at(-1)]).to.deep.equal(['idle', 'unelected: STOPPED']);
        process.store.network = 'up';
        await world.advance(5_000);
        nothingLeft();
      });
    }

    it('resolves within a second when nothing is to be waited for and every request hangs', async () => {
      const log = recordLog();
      build({ releaseTimeout: 0, logger: log });
      await world.queued(election);
      process.store.faults.all = 'hang';
      const startedAt = world.now;
      await world.settled(election.stop());
      expect(world.now - startedAt).to.be.within(899, 911);
      process.store.faults.all = 'ok';
      await world.advance(10_000);
      nothingLeft();
    });

    it('resolves within releaseTimeout + 1 s while a join hangs; a key of this join ends with the lease', async () => {
      const log = recordLog();
      build({ releaseTimeout: 0, logger: log });
      world.etcd.next('txn', 'hang');
      election.start();
      await world.advance(100);
      const startedAt = world.now;
      await world.settled(election.stop());
      expect(world.now - startedAt).to.equal(910);
      expect(log.messages('warn')).to.include('key not released in time: it ends with its lease at the latest');
      await world.advance(30_000);
      nothingLeft();
    });

    it('takes no lease from a candidate that was started again after stop() had given etcd up', async () => {
      build({ releaseTimeout: 0 });
      world.etcd.next('txn', 'hang');
      election.start();
      await world.advance(100);
      await world.settled(election.stop());
      await world.queued(election);
      await world.advance(30_000);
      expect([election.isLeader(), story]).to.deep.equal([true, ['elected with token 2']]);
    });

    it('is what leaving the scope calls', async () => {
      await world.queued(election);
      await world.settled(election[Symbol.asyncDispose]());
      expect([election.state, story.at(-1)]).to.deep.equal(['idle', 'unelected: STOPPED']);
    });
  });

  it('tells resumed when it has a lease again, though it was stopped while it was suspended', async () => {
    await world.queued(election);
    process.store.faults.keepAlive = 'hang';
    const events = tell({ it: election }, ['suspended', 'resumed', 'elected', 'unelected']);
    await world.until(() => events.length === 1, 'it is suspended', 10_000);
    await world.settled(election.stop());
    process.store.faults.keepAlive = 'ok';
    await world.queued(election);
    expect(events.map((line) => line.split(':')[0])).to.deep.equal([
      'it suspended',
      'it unelected',
      'it resumed',
      'it elected',
    ]);
  });

  it('says that it runs until it is stopped, whatever becomes of it', async () => {
    expect(election.isRunning()).to.equal(false);
    await world.queued(election);
    world.etcd.delete(...world.etcd.keys().map(({ key }) => key));
    await world.advance(2);
    expect(election.isRunning()).to.equal(true);
    const stopping = settling(election.stop());
    expect([election.isRunning(), stopping.done]).to.deep.equal([false, false]);
    await world.advance(20);
    expect(stopping.done).to.equal(true);
  });
});
