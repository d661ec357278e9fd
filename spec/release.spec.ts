import { expect } from 'chai';
import { Election } from '../lib/election.js';
import { ElectionError } from '../lib/errors.js';
import type { Session } from '../lib/session.js';
import { ClientClosed } from '../lib/store/store.js';
import { record } from './support/story.js';
import { type Process, recordLog, World } from './support/world.js';

const NOT_RELEASED = 'key not released in time: it ends with its lease at the latest';
const NOT_REVOKED = 'lease not revoked in time: it ends by itself at the latest';

/** Each way to leave, on a lease of one's own and on that of a session. Each resolves when the user goes on. */
const WAYS: Record<string, (leader: Election, session: Session | undefined) => Promise<unknown>> = {
  'stop()': (leader) => leader.stop(),
  'stepDown()': (leader) => leader.stepDown(),
  'the end of run()': (leader) => leader.run(() => 'done'),
  'session.close()': (leader, session) => (session === undefined ? leader.stop() : session.close()),
};

describe('a leader that leaves while etcd does not answer', () => {
  let world: World;
  let process: Process;
  let session: Session | undefined;
  let leader: Election;
  let next: Election;

  const build = async (isShared: boolean, options = {}): Promise<void> => {
    world = new World();
    session = undefined;
    if (isShared) {
      ({ session, ...process } = world.session('a', { ttl: 20, ...options }));
      leader = new Election(session, 'jobs', { value: 'a' });
    } else {
      ({ election: leader, ...process } = world.candidate('a', { ttl: 20, ...options }));
    }
    next = world.candidate('b', { ttl: 60 }).election;
    await world.queued(leader, next);
  };

  for (const [way, leave] of Object.entries(WAYS)) {
    for (const isShared of [false, true]) {
      const on = isShared ? "a session's lease" : 'a lease of its own';

      it(`is followed soon after etcd answers again, when it leaves by ${way} on ${on}`, async () => {
        await build(isShared);
        process.store.network = 'down';
        const left = leave(leader, session);
        await world.advance(4_000);
        expect([next.isLeader(), leader.isLeader()]).to.deep.equal([false, false]);
        process.store.network = 'up';
        await world.until(() => next.isLeader(), 'the next leads', 1_500);
        await world.settled(left, 1_100);
      });

      it(`is followed when the release was refused once, when it leaves by ${way} on ${on}`, async () => {
        await build(isShared);
        process.store.faults.next('txn', 'fail');
        process.store.faults.next('revoke', 'fail');
        const left = leave(leader, session);
        await world.until(() => next.isLeader(), 'the next leads', 100);
        await world.settled(left, 100);
      });
    }
  }

  for (const isShared of [false, true]) {
    const how = isShared ? 'session.close()' : 'stop()';
    const leave = (): Promise<void> => session?.close() ?? leader.stop();

    it(`has ${how} wait for releaseTimeout + 1 s, and warns with the seconds until the lease ends`, async () => {
      const log = recordLog();
      await build(isShared, { logger: log });
      process.store.network = 'down';
      const startedAt = world.now;
      await world.settled(leave());
      expect(world.now - startedAt).to.be.within(20_890, 21_020);
      const warnings = log.lines.filter(({ message }) => message === NOT_RELEASED || message === NOT_REVOKED);
      expect(warnings.map(({ level, data }) => [level, data.endsIn])).to.deep.equal([['warn', 0]]);
      expect(warnings[0]?.data.err).to.be.instanceOf(ElectionError).and.include({ code: 'UNAVAILABLE' });
    });

    it(`still releases the key when etcd answers again, and then nothing runs, though ${how} gave up`, async () => {
      await build(isShared, { ttl: 4 });
      world.etcd.loseQuorum();
      await world.settled(leave());
      await world.advance(30_000);
      expect(next.isLeader()).to.equal(false);
      world.etcd.restoreQuorum(); // every lease gets its full TTL again
      await world.until(() => world.etcd.leader !== undefined, 'etcd has a raft leader', 2_000);
      await world.until(() => next.isLeader(), 'the next leads', 3_500);
      await world.advance(200);
      expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
    });

    it(`resolves at once when the client is closed before ${how} has ended, and warns`, async () => {
      const log = recordLog();
      await build(isShared, { logger: log });
      const closed = { error: new ClientClosed('UNAVAILABLE', 'the client is closed') };
      process.store.faults.revoke = closed;
      process.store.faults.txn = closed;
      const startedAt = world.now;
      await world.settled(leave());
      expect(world.now - startedAt).to.be.below(50);
      const [warning] = log.lines.filter(({ message }) => message === NOT_RELEASED || message === NOT_REVOKED);
      expect(warning?.data).to.include({ endsIn: 20, err: closed.error });
      await world.advance(30_000);
      expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
      expect(process.store.requests.revoke).to.be.at.most(2);
    });

    it(`does not ask etcd for ever when it refuses what ${how} needs`, async () => {
      await build(isShared);
      process.store.faults.revoke = { error: new ElectionError('PERMISSION_DENIED', 'no role') };
      process.store.faults.txn = { error: new ElectionError('PERMISSION_DENIED', 'no role') };
      await world.settled(leave());
      await world.advance(40_000);
      expect([process.store.open, process.clock.timers]).to.deep.equal([[], []]);
    });
  }

  it('tells error once, and warns when the lease ends, after stop() of one election on a session', async () => {
    const log = recordLog();
    await build(true, { logger: log });
    const story = record(leader, ['error']);
    process.store.faults.txn = 'fail';
    await world.settled(leader.stop());
    expect(story).to.deep.equal(['error: UNAVAILABLE']);
    const [warning] = log.lines.filter(({ message }) => message === NOT_RELEASED);
    expect(warning?.data.endsIn).to.be.within(13, 20);
    process.store.faults.txn = 'ok';
    await world.until(() => next.isLeader(), 'the next leads', 1_100);
  });

  it('keeps what it has when it is started again: a late release takes nothing of a later term', async () => {
    await build(false, { releaseTimeout: 0 });
    await world.settled(next.stop());
    process.store.faults.revoke = 'hang';
    await world.settled(leader.stop());
    leader.start();
    await world.until(() => leader.state === 'waiting', 'it waits behind its own old key', 2_000);
    process.store.faults.revoke = 'ok';
    await world.until(() => leader.isLeader(), 'it leads again', 8_000);
    const story = record(leader);
    await world.advance(60_000);
    expect([leader.isLeader(), story, world.etcd.leases().length]).to.deep.equal([true, [], 1]);
  });

  it('has the lease revoked that a session without elections has lost', async () => {
    await build(true, { ttl: 4 });
    await world.settled(leader.stop());
    const hasty = new Election(session as Session, 'jobs', { value: 'hasty', releaseTimeout: 0 });
    await world.queued(hasty);
    await world.settled(next.stop());
    await world.queued(next);
    world.etcd.loseQuorum();
    await world.settled(hasty.stop());
    await world.advance(10_000);
    expect(process.store.requests.grant, 'no lease without an election').to.equal(1);
    world.etcd.restoreQuorum();
    await world.until(() => world.etcd.leader !== undefined, 'etcd has a raft leader', 2_000);
    await world.until(() => next.isLeader(), 'the next leads', 3_500);
    await world.advance(200);
    expect(world.etcd.leases()).to.have.length(1);
  });
});
