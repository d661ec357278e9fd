import { expect } from 'chai';
import { Election } from '../lib/election.js';
import type { Session } from '../lib/session.js';
import { record } from './support/story.js';
import { type Process, World } from './support/world.js';

describe('a session', () => {
  let world: World;
  let process: Process;
  let election: Election;
  let story: string[];

  const build = (options = {}): void => {
    world = new World();
    ({ election, ...process } = world.candidate('a', options));
    story = record(election, ['elected', 'unelected', 'suspended', 'resumed', 'error']);
  };
  beforeEach(() => build());

  const leases = (): bigint[] => world.etcd.leases().map(({ id }) => id);

  it('asks etcd for nothing until a candidate starts', async () => {
    await world.advance(60_000);
    expect(world.etcd.requests).to.include({ grant: 0, txn: 0, keepAliveStream: 0, watchStream: 0 });
    expect(process.clock.timers).to.deep.equal([]);
  });

  it('leads on when etcd grants much more than was asked for: a cluster with slow elections does', async () => {
    build({ ttl: 2 });
    const { store } = process;
    const grant = store.grant.bind(store);
    store.grant = (id) => grant(id, 30);
    const refreshes: number[] = [];
    election.on('refresh', () => refreshes.push(world.now));
    election.start();
    await world.runUntil(2_700);
    expect(refreshes.map(Math.round)).to.deep.equal([669, 1_335, 2_002, 2_669]);
    expect(story).to.deep.equal(['elected with token 2']);
  });

  it('recognises its own lease when the reply to the grant was lost and the client asked again', async () => {
    world.etcd.next('grant', 'duplicate');
    election.start();
    await world.until(() => election.isLeader(), 'it leads');
    expect(leases()).to.have.length(1);
    expect(process.store.requests.grant).to.equal(1);
    expect(story).to.deep.equal(['elected with token 2']);
  });

  it('takes another lease, and revokes the first, when a grant was carried out that it took for failed', async () => {
    world.etcd.next('grant', 'lose reply');
    election.start();
    await world.until(() => election.isLeader(), 'it leads');
    await world.advance(10);
    expect(leases()).to.have.length(1);
    expect(story).to.deep.equal(['suspended: UNAVAILABLE', 'error: UNAVAILABLE', 'resumed', 'elected with token 2']);
    expect(election.leadership?.expiresIn(), 'counted from the second grant').to.be.within(7_400, 7_500);
  });

  it('takes a lease although each repeated grant finds the one before', async () => {
    world.etcd.next('grant', 'fail');
    for (let times = 0; times < 5; times += 1) world.etcd.next('grant', 'duplicate');
    election.start();
    await world.until(() => election.isLeader(), 'it leads', 2_000);
    expect(process.store.requests.grant).to.equal(3);
  });

  it('is suspended once and resumed once, however many requests fail meanwhile', async () => {
    await world.queued(election);
    process.store.faults.keepAlive = 'fail';
    await world.runUntil(5_000);
    process.store.faults.keepAlive = 'ok';
    await world.runUntil(6_000);
    expect(story).to.deep.equal(['elected with token 2', 'suspended: UNAVAILABLE', 'resumed']);
  });

  it('stays suspended through the loss of the lease, and resumes with the next one', async () => {
    await world.queued(election);
    process.store.network = 'down';
    await world.runUntil(9_000);
    process.store.network = 'up';
    await world.until(() => election.isLeader(), 'it leads again');
    const told = story.filter((line) => !line.startsWith('error'));
    expect(told).to.deep.equal([
      'elected with token 2',
      'suspended: UNAVAILABLE',
      'unelected: LEASE_EXPIRED',
      'resumed',
      'elected with token 3',
    ]);
  });

  it('says what kept it from refreshing when the lease expires', async () => {
    let cause: unknown;
    election.on('unelected', (_, reason) => {
      cause = reason.cause;
    });
    await world.queued(election);
    process.store.faults.keepAlive = 'hang';
    await world.runUntil(7_500);
    expect(cause).to.be.instanceOf(Error).and.include({ code: 'UNAVAILABLE' });
  });

  it('revokes a lease that was granted too late to be of use, and asks for another', async () => {
    build({ ttl: 2 });
    world.etcd.next('grant', { lateBy: 1_498 });
    election.start();
    await world.until(() => election.isLeader(), 'it leads');
    await world.advance(5);
    expect(story).to.include('error: UNAVAILABLE');
    expect(leases()).to.have.length(1);
    expect(process.store.requests.grant).to.be.within(2, 3);
  });

  it("leaves a lease that it gave up alone while the leader's work may last, and revokes it then", async () => {
    await world.queued(election);
    const [given] = leases();
    process.store.faults.keepAlive = 'hang';
    await world.runUntil(7_500);
    expect(story.at(-1)).to.equal('unelected: LEASE_EXPIRED');
    world.etcd.changeLeader(); // gives every lease its full TTL again
    process.store.faults.keepAlive = 'ok';

    await world.runUntil(9_999);
    expect(leases()).to.have.length(2).and.include(given);
    expect(election.state).to.equal('waiting');

    await world.until(() => election.isLeader(), 'it leads again', 200);
    expect(leases()).to.have.length(1).and.not.include(given);
    expect(world.etcd.keys('jobs/')).to.have.length(1);
  });

  it('leaves a lease that missed its deadline alone while work may last, also when all have left', async () => {
    const { session, ...alone } = world.session('alone');
    const one = new Election(session, 'one');
    await world.queued(one);
    const [given] = leases();
    await world.settled(one.stop());
    alone.store.faults.keepAlive = 'hang';
    await world.runUntil(7_600);
    world.etcd.changeLeader(); // gives every lease its full TTL again
    await world.runUntil(9_900);
    expect(leases()).to.deep.equal([given]);
    await world.runUntil(10_100);
    expect(leases()).to.deep.equal([]);
  });

  it('asks for a lease again and again until etcd answers, with pauses of a second at the most', async () => {
    process.store.network = 'down';
    election.start();
    await world.runUntil(60_000);
    expect(process.store.requests.grant).to.be.within(60, 130);
    expect(story).to.deep.equal(['suspended: UNAVAILABLE', ...Array(3).fill('error: UNAVAILABLE')]);
    process.store.network = 'up';
    await world.until(() => election.isLeader(), 'it leads', 1_100);
  });

  it('keeps asking for a lease when it is refused, and says why', async () => {
    const denied = { error: new (await import('../lib/errors.js')).ElectionError('PERMISSION_DENIED', 'no') };
    process.store.faults.grant = denied;
    election.start();
    await world.runUntil(3_000);
    expect(new Set(story)).to.deep.equal(new Set(['suspended: PERMISSION_DENIED', 'error: PERMISSION_DENIED']));
    process.store.faults.grant = 'ok';
    await world.until(() => election.isLeader(), 'it leads', 1_100);
  });

  it('loses its lease at once when etcd says in reply to a refresh that the lease is gone', async () => {
    await world.queued(election);
    process.store.silenceStreams('watch');
    world.etcd.revoke(leases()[0] ?? 0n);
    await world.runUntil(3_334);
    expect(story).to.deep.equal(['elected with token 2']);
    await world.runUntil(3_336);
    expect(story).to.deep.equal(['elected with token 2', 'unelected: LEASE_LOST']);
  });

  it('leaves nothing running, in itself and in etcd, when its only election stops', async () => {
    await world.queued(election);
    await world.settled(election.stop());
    await world.advance(10);
    expect([process.clock.timers, process.store.open, leases(), world.etcd.keys()]).to.deep.equal([[], [], [], []]);
  });

  describe('that is closed', () => {
    let session: Session;
    let closing: Process;
    beforeEach(() => {
      ({ session, ...closing } = world.session('s'));
    });

    it('stops its elections, and revokes its lease', async () => {
      const [one, two] = [new Election(session, 'one'), new Election(session, 'two')];
      const stories = [record(one), record(two)];
      await world.queued(one, two);
      await world.settled(session.close());
      expect(stories.map((lines) => lines.at(-1))).to.deep.equal(['unelected: STOPPED', 'unelected: STOPPED']);
      expect([one.state, two.state]).to.deep.equal(['idle', 'idle']);
      await world.advance(10);
      expect([leases(), closing.clock.timers, closing.store.open]).to.deep.equal([[], [], []]);
    });

    it('closes once, and returns the same promise each time', async () => {
      const first = session.close();
      expect(session.close()).to.equal(first);
      await world.settled(first);
    });

    it('closes when it goes out of scope', async () => {
      const one = new Election(session, 'one');
      await world.queued(one);
      await world.settled(session[Symbol.asyncDispose]());
      expect([one.state, leases()]).to.deep.equal(['idle', []]);
    });

    it('refuses a candidate that starts afterwards, and this candidate does not wait for ever', async () => {
      await world.settled(session.close());
      const late = new Election(session, 'late');
      const lines = record(late, ['elected', 'error']);
      const elected = late.start().elected();
      expect(await world.refusal(elected)).to.equal('STOPPED');
      expect([lines, late.state]).to.deep.equal([['error: STOPPED'], 'idle']);
    });

    it('closes in about a second when etcd does not answer', async () => {
      const one = new Election(session, 'one', { releaseTimeout: 0 });
      await world.queued(one);
      closing.store.network = 'silent';
      const startedAt = world.now;
      await world.settled(session.close());
      expect(world.now - startedAt).to.be.within(1_000, 1_020);
      closing.store.network = 'up';
      await world.advance(5_000);
      expect([closing.clock.timers, closing.store.open]).to.deep.equal([[], []]);
    });
  });
});
