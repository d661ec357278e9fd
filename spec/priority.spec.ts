import { expect } from 'chai';
import type { ElectionOptions } from '../lib/campaign/options.js';
import { Election } from '../lib/election.js';
import { ElectionError } from '../lib/errors.js';
import { Random } from './support/random.js';
import { record, tell } from './support/story.js';
import { newTask } from './support/task.js';
import { type Process, World } from './support/world.js';

describe('priority', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  type Made = Process & { readonly election: Election };

  /** Candidates in the order of the queue, by name. */
  const queue = async (made: Readonly<Record<string, ElectionOptions>>): Promise<Made[]> => {
    const all = Object.entries(made).map(([name, options]) => world.candidate(name, { ttl: 60, ...options }));
    await world.queued(...all.map(({ election }) => election));
    return all;
  };

  const ranks = (): string[] => world.etcd.keys('jobs!rank/').map(({ value }) => value.toString());

  const leads = (all: readonly Made[]): number => all.findIndex(({ election }) => election.isLeader());

  it('is a key on the lease of the candidate, written by the join, and none for 0', async () => {
    const [, b] = await queue({ a: { priority: 0 }, b: { priority: 10 }, c: {} });
    const [kv] = world.etcd.keys('jobs!rank/');
    const [, second] = [...world.etcd.keys('jobs/')].sort((x, y) => Number(x.createRevision - y.createRevision));
    expect(ranks()).to.deep.equal(['10']);
    expect([kv?.key, kv?.lease, kv?.createRevision]).to.deep.equal([
      `jobs!rank/${second?.lease.toString(16)}`,
      second?.lease,
      second?.createRevision,
    ]);
    expect(b?.store.requests.txn).to.equal(1);
  });

  for (const [how, leave] of Object.entries({
    'stop()': (election: Election) => election.stop(),
    'stepDown()': (election: Election) => election.stepDown(),
  })) {
    it(`decides who leads after ${how}: the best, and of equals the oldest`, async () => {
      const all = await queue({
        a: { priority: 5 },
        b: {},
        c: { priority: 7 },
        d: { priority: 9 },
        e: { priority: 9 },
      });
      await world.settled(leave(all[0]?.election as Election));
      await world.advance(100);
      expect(leads(all)).to.equal(3);
      await world.settled(leave(all[3]?.election as Election));
      await world.advance(100);
      expect(leads(all)).to.equal(4);
    });
  }

  describe('when the work takes its time to end', () => {
    /** `a` leads and runs; its stop has begun. */
    const stopping = async (): Promise<{
      readonly all: Made[];
      readonly end: () => void;
      readonly requests: () => number;
    }> => {
      const all = await queue({ a: { priority: 0 }, b: {}, c: { priority: 2 }, d: { priority: 1 } });
      const { election, store } = all[0] as Made;
      const { work, terms } = newTask([]);
      void election.run(work);
      await world.begun(terms);
      const before = store.requests.txn;
      void election.stop();
      return { all, end: () => terms[0]?.end(), requests: () => store.requests.txn - before };
    };

    it('is read meanwhile, and the best leads after one request more', async () => {
      const { all, end, requests } = await stopping();
      await world.advance(500);
      expect(requests()).to.equal(1);
      end();
      await world.until(() => all[2]?.election.isLeader() === true, 'the best leads', 5);
      expect(requests()).to.equal(2);
    });

    it('is read again when the best has left meanwhile', async () => {
      const { all, end } = await stopping();
      await world.advance(100);
      await world.settled(all[2]?.election.stop() ?? Promise.resolve());
      end();
      await world.until(() => all[3]?.election.isLeader() === true, 'the second best leads', 100);
    });

    it('is read again when the best stood right behind and has left meanwhile', async () => {
      const all = await queue({ a: { priority: 0 }, b: { priority: 9 }, c: {}, d: { priority: 1 } });
      const [a, b, , d] = all as [Made, Made, Made, Made];
      const { work, terms } = newTask([]);
      void a.election.run(work);
      await world.begun(terms);
      void a.election.stop();
      await world.advance(100);
      await world.settled(b.election.stop());
      terms[0]?.end();
      await world.until(() => leads(all) >= 0, 'somebody leads', 100);
      expect(d.election.isLeader()).to.equal(true);
    });

    it('is read again after more than a second, in which a better one has come', async () => {
      const { all, end } = await stopping();
      await world.advance(1_001);
      const best = world.candidate('e', { priority: 3 });
      await world.queued(best.election);
      end();
      await world.until(() => best.election.isLeader(), 'the best leads', 100);
      expect(leads(all)).to.equal(-1);
    });
  });

  for (const [who, handOver] of Object.entries({
    'that stepDown({ to }) names': (a: Election) => a.stepDown({ to: 'd' }),
    'that ask({ to }) names': () => world.candidate('operator').election.ask({ to: 'd' }),
  })) {
    it(`decides who leads when the candidate ${who} has left meanwhile`, async () => {
      const all = await queue({ a: { priority: 0 }, b: {}, c: { priority: 2 }, d: {} });
      const [a, , c, d] = all as [Made, Made, Made, Made];
      const { work, terms } = newTask([]);
      void a.election.run(work);
      await world.begun(terms);
      const handed = handOver(a.election);
      await world.advance(100);
      await world.settled(d.election.stop());
      terms[0]?.end();
      expect((await world.settled(handed))?.value).to.equal('c');
      expect(c.election.isLeader()).to.equal(true);
      await world.settled(a.election.stop());
    });
  }

  it('hands over to those below 0 last', async () => {
    const all = await queue({ a: { priority: 0 }, b: { priority: -5 }, c: {} });
    await world.settled(all[0]?.election.stop() ?? Promise.resolve());
    await world.advance(100);
    expect(leads(all)).to.equal(2);
  });

  it('is known to a leader without one when it was written in its term', async () => {
    const all = await queue({ a: {}, b: {}, c: { priority: 1 } });
    await world.settled(all[0]?.election.stop() ?? Promise.resolve());
    await world.advance(100);
    expect(leads(all)).to.equal(2);
  });

  it('is known to a leader without one that was elected later, for all candidates that observe', async () => {
    const all = await queue({ a: {}, b: {}, c: {}, d: { priority: 1 }, e: {} });
    const d = all[3] as Made;
    const before = d.store.requests.txn;
    world.etcd.revoke(world.etcd.oldest('jobs/')?.lease ?? 0n);
    await world.until(() => all[1]?.election.isLeader() === true, 'the oldest leads', 100);
    await world.advance(3_000);
    expect(d.store.requests.txn - before).to.be.within(1, 2); // the priority; perhaps an observer's read
    await world.settled(all[1]?.election.stop() ?? Promise.resolve());
    await world.advance(100);
    expect(leads(all)).to.equal(3);
  });

  it('does not decide after a crash: the oldest leads', async () => {
    const all = await queue({ a: { priority: 1, ttl: 5 }, b: {}, c: { priority: 9 } });
    world.etcd.revoke(world.etcd.oldest('jobs/')?.lease ?? 0n);
    await world.until(() => all[1]?.election.isLeader() === true, 'the oldest leads', 100);
  });

  it('costs nothing more where nobody speaks of priorities', async () => {
    const all = await queue({ a: { observe: false }, b: { observe: false }, c: { observe: false } });
    const before = world.etcd.requests.txn;
    await world.settled(all[0]?.election.stop() ?? Promise.resolve());
    await world.until(() => all[1]?.election.isLeader() === true, 'the next one leads', 100);
    expect(world.etcd.requests.txn - before).to.equal(0); // the lease is revoked, and the next leader needs no read
  });

  describe('setPriority()', () => {
    it('changes what the key says, and the key is gone for 0', async () => {
      const [, b] = (await queue({ a: {}, b: {} })) as [Made, Made];
      await world.settled(b.election.setPriority(3));
      expect(ranks()).to.deep.equal(['3']);
      await world.settled(b.election.setPriority(-1000));
      expect(ranks()).to.deep.equal(['-1000']);
      await world.settled(b.election.setPriority(0));
      expect(ranks()).to.deep.equal([]);
      await world.settled(b.election.setPriority(0));
    });

    it('holds from the next join on outside the queue', async () => {
      const { election } = world.candidate('a');
      await world.settled(election.setPriority(4));
      expect(ranks()).to.deep.equal([]);
      await world.queued(election);
      expect(ranks()).to.deep.equal(['4']);
    });

    it('is written when it was called during the join', async () => {
      const { election } = world.candidate('a', { priority: 1 });
      election.start();
      await world.until(() => election.state === 'joining', 'it joins');
      await world.advance(3);
      await world.settled(election.setPriority(2));
      await world.advance(20);
      expect(ranks()).to.deep.equal(['2']);
    });

    it('is written by the latest of several calls', async () => {
      const [a] = (await queue({ a: {} })) as [Made];
      await world.settled(Promise.all([1, 2, 0, 7].map((rank) => a.election.setPriority(rank))));
      expect(ranks()).to.deep.equal(['7']);
    });

    it('is written again after a failure, which it tells its caller', async () => {
      const [a] = (await queue({ a: { ttl: 6 } })) as [Made];
      a.store.faults.next('txn', 'fail');
      expect(await world.refusal(a.election.setPriority(5))).to.equal('UNAVAILABLE');
      await world.advance(3_000);
      expect(ranks()).to.deep.equal(['5']);
    });

    it('rejects what is no priority', async () => {
      const { election } = world.candidate('a');
      for (const rank of [1.5, 1_001, -1_001, Number.NaN, '1', null, undefined]) {
        expect(await world.refusal(election.setPriority(rank as never)), String(rank)).to.equal('INVALID_OPTION');
      }
    });
  });

  it('goes when a transfer has taken the key while its release was hanging, on a session that lives on', async () => {
    const { session, store } = world.session('s', { ttl: 60 });
    const election = new Election(session, 'jobs', { priority: 3, releaseTimeout: 0 });
    const other = new Election(session, 'others');
    await world.queued(other, election);
    store.faults.txn = 'hang';
    await world.settled(election.stop());
    world.etcd.delete(world.etcd.keys('jobs/')[0]?.key ?? '');
    expect(ranks()).to.deep.equal(['3']);
    store.faults.txn = 'ok';
    await world.advance(10_000); // the release is tried again
    expect(ranks()).to.deep.equal([]);
    await world.settled(session.close());
  });

  it('leaves no key behind on a lease that lives on', async () => {
    const { session } = world.session('s');
    const [a, b] = [new Election(session, 'jobs', { priority: 3 }), new Election(session, 'others')];
    await world.queued(a, b);
    expect(ranks()).to.deep.equal(['3']);
    await world.settled(a.stop());
    expect(ranks()).to.deep.equal([]);
    await world.queued(a);
    world.etcd.delete(a.key ?? '');
    await world.settled(a.stop());
    await world.advance(100);
    expect([ranks(), world.etcd.keys('jobs/').length]).to.deep.equal([[], 0]);
    await world.settled(session.close());
  });

  it('goes from a lease that lives on, though etcd refuses that at first, when its key was deleted', async () => {
    const { session, store } = world.session('s', { ttl: 60 });
    const election = new Election(session, 'jobs', { priority: 3, releaseTimeout: 0 });
    const other = new Election(session, 'others');
    await world.queued(other, election);
    const stopped = new Promise<void>((resolve) => {
      election.once('unelected', () => {
        store.faults.txn = 'fail';
        resolve(election.stop());
      });
    });
    world.etcd.delete(election.key ?? '');
    await world.settled(stopped);
    expect([election.state, ranks()]).to.deep.equal(['idle', ['3']]);
    store.faults.txn = 'ok';
    await world.advance(10_000); // it is tried again
    expect(ranks()).to.deep.equal([]);
    await world.settled(session.close());
  });

  it('goes with the candidate to the end of the queue', async () => {
    const all = await queue({ a: { priority: 3 }, b: { priority: 2 }, c: {} });
    await world.settled(all[0]?.election.stepDown() ?? Promise.resolve());
    await world.advance(100);
    expect([leads(all), ranks().sort()]).to.deep.equal([1, ['2', '3']]);
  });

  describe('by a key', () => {
    for (const [what, put] of Object.entries({
      'says no number': (lease: bigint) => world.etcd.put(`jobs!rank/${lease.toString(16)}`, 'high', lease),
      'says too much': (lease: bigint) => world.etcd.put(`jobs!rank/${lease.toString(16)}`, '1001', lease),
      'hangs on no lease': (lease: bigint) => world.etcd.put(`jobs!rank/${lease.toString(16)}`, '9'),
      'hangs on another lease': (lease: bigint) =>
        world.etcd.put(`jobs!rank/${lease.toString(16)}`, '9', world.etcd.oldest('jobs/')?.lease),
    })) {
      it(`counts for nothing when the key ${what}`, async () => {
        const all = await queue({ a: { priority: 0 }, b: {}, c: {} });
        put([...world.etcd.keys('jobs/')].sort((x, y) => Number(y.createRevision - x.createRevision))[0]?.lease ?? 0n);
        await world.settled(all[0]?.election.stop() ?? Promise.resolve());
        await world.advance(100);
        expect(leads(all)).to.equal(1);
      });
    }

    it('counts for nothing when the key belongs to nobody in the queue', async () => {
      const all = await queue({ a: { priority: 0 }, b: {} });
      await world.settled(world.process('p').store.grant(77n, 600));
      world.etcd.put('jobs!rank/4d', '900', 77n);
      await world.settled(all[0]?.election.stop() ?? Promise.resolve());
      await world.advance(100);
      expect(leads(all)).to.equal(1);
    });
  });
});

describe('preempt', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  const make = (name: string, options: ElectionOptions): Election =>
    world.candidate(name, { ttl: 60, ...options }).election;

  it('makes way for a better candidate that has waited so long', async () => {
    const [a, b, c] = [make('a', { preempt: 30 }), make('b', {}), make('c', { priority: 1 })];
    const story = tell({ a, b, c });
    let said = '';
    a.on('unelected', (_, { code, message }) => {
      said = `${code} ${message}`;
    });
    await world.queued(a, b, c);
    await world.advance(29_000);
    expect(story).to.deep.equal(['a elected']);
    await world.advance(1_100);
    expect(story).to.deep.equal(['a elected', 'a unelected: STEPPED_DOWN', 'c elected']);
    expect(said).to.match(/^STEPPED_DOWN .* of higher priority/);
  });

  it('makes way for the best of those that have waited so long', async () => {
    const [a, b, c] = [make('a', { preempt: 5, priority: 9 }), make('b', { priority: 3 }), make('c', { priority: 7 })];
    await world.queued(a, b, c);
    await world.advance(20_000);
    await world.settled(a.setPriority(0));
    await world.advance(5_100);
    expect(c.isLeader()).to.equal(true);
  });

  it('counts from the election of the leader for those that waited before', async () => {
    const [x, a, b] = [make('x', {}), make('a', { preempt: 10 }), make('b', { priority: 2 })];
    await world.queued(x, a, b);
    await world.advance(20_000);
    world.etcd.revoke(world.etcd.oldest('jobs/')?.lease ?? 0n);
    await world.until(() => a.isLeader(), 'the oldest leads', 100);
    await world.advance(9_500);
    expect(a.isLeader()).to.equal(true);
    await world.advance(600);
    expect(b.isLeader()).to.equal(true);
  });

  it('makes way for the next best when the better one leaves while the work ends', async () => {
    const [a, b, c, d] = [
      make('a', { preempt: 5 }),
      make('b', {}),
      make('c', { priority: 1 }),
      make('d', { priority: 9 }),
    ];
    const { work, terms } = newTask([]);
    const running = a.run(work);
    await world.begun(terms);
    await world.queued(b, d, c);
    await world.until(() => a.state === 'leaving', 'a makes way', 10_000);
    await world.settled(d.stop());
    terms[0]?.end();
    await world.until(() => c.isLeader() || b.isLeader(), 'somebody leads', 1_000);
    expect(c.isLeader()).to.equal(true);
    await world.settled(a.stop());
    await world.settled(running);
  });

  it('begins anew when the better one has left meanwhile', async () => {
    const [a, b] = [make('a', { preempt: 10 }), make('b', { priority: 2 })];
    await world.queued(a, b);
    await world.advance(8_000);
    await world.settled(b.stop());
    await world.queued(b);
    await world.advance(8_000);
    expect(a.isLeader()).to.equal(true);
    await world.advance(2_100);
    expect(b.isLeader()).to.equal(true);
  });

  it('says that it may not read the priorities, and makes way for a better one in any term when it may', async () => {
    const { election: a, store, clock } = world.candidate('a', { ttl: 60, preempt: 5 });
    const no = new ElectionError('PERMISSION_DENIED', 'no');
    const errors: string[] = [];
    a.on('error', ({ code }) => errors.push(code));
    let isDenied = true;
    store.faults.draw = (request) => {
      const reads = request.kind === 'txn' ? request.txn.success : [];
      const isOfRanks = reads.some((op) => op.type === 'range' && op.range.key.startsWith('jobs!'));
      return isDenied && isOfRanks ? { error: no } : 'ok';
    };
    const open = store.watch.bind(store);
    store.watch = (on) => {
      const stream = open(on);
      const create = stream.create.bind(stream);
      stream.create = (...args) => {
        if (!isDenied || args[1] !== 'jobs!') return create(...args);
        clock.after(2, () => on.cancelled(args[0], undefined, no));
      };
      return stream;
    };
    const b = make('b', { priority: 1 });
    await world.queued(a, b);
    await world.advance(15_000);
    expect([a.isLeader(), [...new Set(errors)]]).to.deep.equal([true, ['PERMISSION_DENIED']]);
    await world.settled(a.stepDown());
    await world.until(() => b.isLeader(), 'the other leads');
    await world.settled(b.stepDown());
    await world.until(() => a.isLeader(), 'it leads again');
    isDenied = false;
    await world.advance(10_000);
    expect(b.isLeader()).to.equal(true);
  });

  it('never makes way for an equal', async () => {
    const all = ['a', 'b', 'c'].map((name) => make(name, { priority: 5, preempt: 1 }));
    const story = tell({ a: all[0] as Election, b: all[1] as Election, c: all[2] as Election });
    await world.queued(...all);
    await world.advance(120_000);
    expect(story).to.deep.equal(['a elected']);
  });

  it('makes way for candidates without a priority when its own is below 0', async () => {
    const [a, b] = [make('a', { preempt: 5, priority: -1 }), make('b', {})];
    await world.queued(a);
    await world.advance(30_000);
    await world.queued(b);
    await world.advance(10_100);
    expect(b.isLeader()).to.equal(true);
  });

  it('follows setPriority(), its own and that of others', async () => {
    const [a, b] = [make('a', { preempt: 5, priority: 3 }), make('b', { preempt: 5, priority: 2 })];
    await world.queued(a, b);
    await world.settled(b.setPriority(4));
    await world.advance(4_000);
    await world.settled(a.setPriority(4));
    await world.advance(10_000);
    expect(a.isLeader()).to.equal(true);
    await world.settled(a.setPriority(0));
    await world.advance(5_100);
    expect(b.isLeader()).to.equal(true);
  });

  it('needs no session of its own', async () => {
    const { session } = world.session('s', { ttl: 60 });
    const a = new Election(session, 'jobs', { preempt: 5 });
    const b = make('b', { priority: 1 });
    await world.queued(a, b);
    await world.advance(5_200);
    expect(b.isLeader()).to.equal(true);
    await world.settled(session.close());
  });

  for (const seed of [1, 2, 3, 5, 22]) {
    it(`changes its leader only where a join, a leave or a change needs that, and then rests: ${seed}`, async () => {
      const random = new Random(seed);
      const all = Array.from({ length: 6 }, (_, n) => make(`c${n}`, { priority: n % 3, preempt: 1 }));
      const rank = new Map(all.map((election, n) => [election, n % 3]));
      const rankOf = (election: Election): number => rank.get(election) ?? 0;
      let [elections, causes, preempted] = [0, 0, 0];
      let outranked: number | undefined;
      for (const election of all) {
        election.on('elected', () => {
          elections++;
          if (outranked !== undefined) expect(rankOf(election), 'the one that a leader makes way for').above(outranked);
          outranked = undefined;
        });
        election.on('unelected', (_, { code }) => {
          if (code !== 'STEPPED_DOWN') return;
          preempted++;
          outranked = rankOf(election);
        });
      }
      for (let event = 0; event < 100; event++) {
        const election = random.pick(all);
        const what = random.pick(['start', 'start', 'stop', 'priority'] as const);
        const isIn = election.state !== 'idle';
        const leader = all.find((other) => other.isLeader());
        const isBetter = (to: number): boolean => leader === undefined || to > rankOf(leader);
        if (what === 'start') {
          if (!isIn && isBetter(rankOf(election))) causes++;
          election.start();
        } else if (what === 'stop') {
          if (election === leader) causes++;
          await world.settled(election.stop());
        } else {
          const to = random.pick([0, 1, 2, -1]);
          if (election === leader ? to < rankOf(election) : isIn && isBetter(to)) causes++;
          rank.set(election, to);
          await world.settled(election.setPriority(to));
        }
        await world.advance(random.between(0, 1_500));
      }
      expect(elections).to.be.within(1, causes);
      expect(preempted).to.be.above(0);
      all[0]?.start();
      await world.advance(10_000);
      const before = elections;
      await world.advance(60_000);
      expect(elections).to.equal(before);
      const ranks = new Map(world.etcd.keys('jobs!rank/').map((kv) => [kv.lease, Number(kv.value)]));
      const queue = [...world.etcd.keys('jobs/')].sort((x, y) => Number(x.createRevision - y.createRevision));
      const [first = 0, ...others] = queue.map(({ lease }) => ranks.get(lease) ?? 0);
      expect(Math.max(first, ...others)).to.equal(first);
    });
  }

  it('leaves a better one that comes back in peace once it leads', async () => {
    const [a, b] = [make('a', { preempt: 2, priority: 1 }), make('b', { preempt: 2, priority: 2 })];
    const story = record(b);
    await world.queued(a, b);
    await world.advance(60_000);
    expect(story).to.have.lengthOf(1);
  });
});
