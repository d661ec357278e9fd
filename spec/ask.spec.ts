import { expect } from 'chai';
import type { ElectionOptions } from '../lib/campaign/options.js';
import { Election } from '../lib/election.js';
import { ElectionError } from '../lib/errors.js';
import { newLeaseId } from '../lib/store/bytes.js';
import type { Request } from './support/fake-etcd/faults.js';
import { tell } from './support/story.js';
import { newTask } from './support/task.js';
import { type Process, recordLog, settling, World } from './support/world.js';

const ASK = 'jobs!ask';

describe('a leader that is asked to step down', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  type Made = Process & { readonly election: Election };

  const queue = async (names: readonly string[], options: ElectionOptions = {}): Promise<Made[]> => {
    const made = names.map((name) => world.candidate(name, options));
    await world.queued(...made.map(({ election }) => election));
    return made;
  };

  /** Somebody who is no candidate. */
  const operator = (): Election => world.candidate('operator').election;

  /** Writes the key as whoever may write it can, on a lease of 30 s. */
  const write = async (text: string): Promise<bigint> => {
    const lease = newLeaseId();
    await world.settled(world.process('somebody').store.grant(lease, 30));
    world.etcd.put(ASK, text, lease);
    return lease;
  };

  const tokenOf = (election: Election): string => String(election.leadership?.fencingToken);

  it('steps down, and the one who has asked is told who leads', async () => {
    const [a, b] = (await queue(['a', 'b'])) as [Made, Made];
    const story = tell({ a: a.election, b: b.election });
    let said = '';
    a.election.on('unelected', (_, { message }) => {
      said = message;
    });
    const leader = await world.settled(operator().ask());
    expect([leader?.value, leader?.fencingToken]).to.deep.equal(['b', b.election.leadership?.fencingToken]);
    expect(story).to.deep.equal(['a unelected: STEPPED_DOWN', 'b elected']);
    expect(said).to.equal('operator has asked the leader to step down: queueing again');
    expect(world.etcd.get(ASK)).to.equal(undefined);
  });

  it('hands over to the candidate that is named', async () => {
    const [, b, c] = (await queue(['a', 'b', 'c'])) as [Made, Made, Made];
    const leader = await world.settled(operator().ask({ to: 'c' }));
    expect([leader?.value, c.election.isLeader(), b.election.isLeader()]).to.deep.equal(['c', true, false]);
  });

  it('is asked by the key <election>!ask, on a lease of its own of 30 s', async () => {
    const [a, b] = (await queue(['a', 'b'], { steerable: false })) as [Made, Made];
    const asked = operator().ask({ to: 'b' });
    const refused = world.refusal(asked);
    await world.until(() => world.etcd.get(ASK) !== undefined, 'the ask is there');
    const kv = world.etcd.get(ASK);
    const { by, ...said } = JSON.parse(kv?.value.toString() ?? '');
    const [, second] = await world.settled(a.election.candidates());
    expect(said).to.deep.equal({ v: 1, token: tokenOf(a.election), to: second?.leaseId });
    expect(by).to.equal('operator');
    expect(world.etcd.leases().find(({ id }) => id === kv?.lease)?.ttl).to.equal(30);
    expect(await refused).to.equal('TIMEOUT');
    expect(b.election.state).to.equal('waiting');
  });

  it('lets its work end first, and takes the ask at once', async () => {
    const [a, b] = (await queue(['a', 'b'])) as [Made, Made];
    const { work, terms } = newTask([]);
    const running = a.election.run(work);
    await world.begun(terms);
    const asking = operator().ask();
    const asked = settling(asking);
    await world.advance(5_000);
    expect([asked.done, b.election.state, world.etcd.get(ASK)]).to.deep.equal([false, 'waiting', undefined]);
    expect(terms[0]?.leadership.signal.aborted).to.equal(true);
    terms[0]?.end();
    expect((await world.settled(asking))?.value).to.equal('b');
    await world.settled(a.election.stop());
    await world.settled(running);
  });

  describe('while it is leaving already', () => {
    const leave: Record<string, (leader: Election) => Promise<unknown>> = {
      'stop()': (leader) => leader.stop(),
      'stepDown()': (leader) => leader.stepDown(),
      'an ask whose caller has gone': async () => {
        const abort = new AbortController();
        const asked = world.refusal(operator().ask({ signal: abort.signal }));
        await world.advance(1_000);
        abort.abort();
        expect(await asked).to.equal('ABORTED');
      },
    };
    for (const [how, begin] of Object.entries(leave)) {
      for (const to of [undefined, 'c']) {
        const next = to ?? 'b';
        it(`takes an ask${to ? ' for another' : ''} after ${how}: ${next} leads when its work has ended`, async () => {
          const [a, b, c] = (await queue(['a', 'b', 'c'], { ttl: 60 })) as [Made, Made, Made];
          const { work, terms } = newTask([]);
          const running = a.election.run(work);
          await world.begun(terms);
          const leaving = begin(a.election);
          await world.until(() => a.election.state === 'leaving', 'it is leaving');
          await world.advance(1_000);
          const asking = operator().ask({ ...(to !== undefined && { to }) });
          const asked = settling(asking);
          await world.advance(5_000);
          expect([asked.done, b.election.state, c.election.state]).to.deep.equal([false, 'waiting', 'waiting']);
          terms[0]?.end();
          expect((await world.settled(asking))?.value).to.equal(next);
          await world.settled(leaving);
          await world.settled(a.election.stop());
          await world.settled(running);
          expect(world.etcd.keys('jobs!').map(({ key }) => key)).to.deep.equal([]);
        });
      }
    }

    it('hands over to whom its own stepDown({ to }) has named, whatever an ask says', async () => {
      const [a] = (await queue(['a', 'b', 'c', 'd'], { ttl: 60 })) as [Made];
      const { work, terms } = newTask([]);
      const running = a.election.run(work);
      await world.begun(terms);
      const stepping = a.election.stepDown({ to: 'd' });
      await world.until(() => a.election.state === 'leaving', 'it is leaving');
      const asking = operator().ask({ to: 'c' });
      await world.advance(3_000);
      terms[0]?.end();
      expect((await world.settled(asking))?.value).to.equal('d');
      expect((await world.settled(stepping))?.value).to.equal('d');
      await world.settled(a.election.stop());
      await world.settled(running);
    });
  });

  it('steps down alone too, and leads again with a greater token', async () => {
    const [a] = (await queue(['a'])) as [Made];
    const token = a.election.leadership?.fencingToken ?? 0n;
    const leader = await world.settled(operator().ask());
    expect(leader?.value).to.equal('a');
    expect((leader?.fencingToken ?? 0n) > token).to.equal(true);
  });

  it('is not disturbed when the one that is named leads already', async () => {
    const [a] = (await queue(['a', 'b'])) as [Made, Made];
    const leader = await world.settled(operator().ask({ to: 'a' }));
    expect(leader?.fencingToken).to.equal(a.election.leadership?.fencingToken);
  });

  it('can ask itself', async () => {
    const [a] = (await queue(['a', 'b'])) as [Made, Made];
    expect((await world.settled(a.election.ask({ to: 'b' })))?.value).to.equal('b');
  });

  describe('and does not answer', () => {
    for (const [what, options] of Object.entries({
      'has steerable: false': { steerable: false },
      'was cut off': {},
    } as Record<string, ElectionOptions>)) {
      it(`the ask is withdrawn after 2 s, and rejects with TIMEOUT, when the leader ${what}`, async () => {
        const [a] = (await queue(['a', 'b'], { ttl: 60, ...options })) as [Made, Made];
        if (options.steerable !== false) a.store.network = 'silent';
        const startedAt = world.now;
        expect(await world.refusal(operator().ask())).to.equal('TIMEOUT');
        expect(world.now - startedAt).to.be.within(1_900, 2_100);
        a.store.network = 'up';
        await world.advance(20_000);
        expect([a.election.isLeader(), world.etcd.get(ASK)]).to.deep.equal([true, undefined]);
      });
    }

    it('hears of no ask on a shared session, unless its `steerable` says so', async () => {
      const { session } = world.session('s');
      const shy = new Election(session, 'jobs', { value: 'a' });
      const open = new Election(session, 'others', { value: 'b', steerable: true });
      await world.queued(shy, open);
      expect(await world.refusal(operator().ask())).to.equal('TIMEOUT');
      const other = new Election(world.process('p'), 'others', { value: 'operator' });
      expect((await world.settled(other.ask()))?.value).to.equal('b');
      await world.settled(session.close());
    });

    it('has nothing written for it when it is a candidate of another client', async () => {
      const lease = 0x694d_7a0e_1c3f_0002n;
      await world.settled(world.process('go').store.grant(lease, 600));
      world.etcd.put(`jobs/${lease.toString(16)}`, 'go', lease);
      const revision = world.etcd.revision;
      expect(await world.refusal(operator().ask())).to.equal('TIMEOUT');
      expect(world.etcd.revision).to.equal(revision);
    });
  });

  it('rejects whoever asks for nobody, or where nobody leads', async () => {
    expect(await world.refusal(operator().ask())).to.equal('NOT_LEADER');
    await queue(['a', 'b']);
    expect(await world.refusal(operator().ask({ to: 'x' }))).to.equal('NOT_CANDIDATE');
    expect(await world.refusal(operator().ask({ to: 7 as never }))).to.equal('INVALID_OPTION');
    expect(await world.refusal(operator().ask({ too: 'b' } as never))).to.equal('INVALID_OPTION');
    world.etcd.put('others/config', 'x');
    expect(await world.refusal(new Election(world.process('p'), 'others').ask())).to.equal('BLOCKED');
  });

  it('is not asked any more when the caller has aborted, and the ask is withdrawn', async () => {
    const [a] = (await queue(['a', 'b'], { steerable: false })) as [Made, Made];
    const abort = new AbortController();
    const refused = world.refusal(operator().ask({ signal: abort.signal }));
    await world.until(() => world.etcd.get(ASK) !== undefined, 'the ask is there');
    abort.abort();
    expect(await refused).to.equal('ABORTED');
    expect([world.etcd.get(ASK), a.election.isLeader()]).to.deep.equal([undefined, true]);
    expect(await world.refusal(operator().ask({ signal: AbortSignal.abort() }))).to.equal('ABORTED');
  });

  it('is asked again by one whose first ask came while the leader was being elected', async () => {
    const [a] = (await queue(['a', 'b'])) as [Made, Made];
    a.store.faults.next('watch', 'lose request', (request) => request.kind === 'watch' && request.what === 'event');
    a.store.silenceStreams('watch');
    const asking = operator().ask();
    await world.advance(100);
    a.store.breakStreams('watch');
    expect((await world.settled(asking))?.value).to.equal('b');
  });

  it('is reported as silent also when the answer to the withdrawal is lost', async () => {
    await queue(['a', 'b'], { steerable: false });
    const { store, election } = world.candidate('operator');
    store.faults.next(
      'txn',
      'duplicate',
      (request) => request.kind === 'txn' && request.txn.success.some(({ type }) => type === 'delete'),
    );
    expect(await world.refusal(election.ask())).to.equal('TIMEOUT');
    expect(world.etcd.get(ASK)).to.equal(undefined);
  });

  /** The transaction in which a leader takes an ask. */
  const isTaking = (request: Request): boolean =>
    request.kind === 'txn' && request.txn.success.some((op) => op.type === 'delete' && op.key === ASK);

  it('obeys although the answer was lost when it took the ask, and the repeat finds the ask gone', async () => {
    const [a, b] = (await queue(['a', 'b'])) as [Made, Made];
    a.store.faults.next('txn', 'duplicate', isTaking);
    const leader = await world.settled(operator().ask(), 3_000);
    expect([leader?.value, b.election.isLeader(), a.store.faults.unused]).to.deep.equal(['b', true, 0]);
    expect(world.etcd.keys('jobs!')).to.deep.equal([]);
  });

  it('does not obey an ask that was withdrawn before it could take it', async () => {
    const [a] = (await queue(['a', 'b'], { ttl: 60 })) as [Made, Made];
    a.store.faults.next('txn', { arriveLateBy: 3_000 }, isTaking);
    expect(await world.refusal(operator().ask())).to.equal('TIMEOUT');
    await world.advance(10_000);
    expect([a.election.isLeader(), a.store.faults.unused]).to.deep.equal([true, 0]);
  });

  it('takes the ask that another one has written over the one that it wanted to take', async () => {
    const [a, b] = (await queue(['a', 'b'], { ttl: 60 })) as [Made, Made];
    a.store.faults.next('txn', { arriveLateBy: 200 }, isTaking);
    await write(JSON.stringify({ v: 1, token: tokenOf(a.election) }));
    await world.advance(20);
    world.etcd.delete(ASK);
    await write(JSON.stringify({ v: 1, token: tokenOf(a.election) }));
    await world.until(() => b.election.isLeader(), 'the next one leads', 1_000);
  });

  it('is not waited for longer than 30 s when the ask has vanished, and nothing says that it was taken', async () => {
    await queue(['a', 'b'], { steerable: false });
    const startedAt = world.now;
    const refused = world.refusal(operator().ask());
    await world.until(() => world.etcd.get(ASK) !== undefined, 'the ask is there');
    world.etcd.delete(ASK);
    expect(await refused).to.equal('TIMEOUT');
    expect(world.now - startedAt).to.be.within(30_000, 33_000);
  });

  it('is asked by two at a time, and steps down once', async () => {
    const [a, b] = (await queue(['a', 'b', 'c'])) as [Made, Made];
    const story = tell({ a: a.election, b: b.election });
    const others = [world.candidate('x').election, world.candidate('y').election];
    const leaders = await world.settled(Promise.all(others.map((other) => other.ask())));
    expect(leaders.map((leader) => leader?.value)).to.deep.equal(['b', 'b']);
    expect(story).to.deep.equal(['a unelected: STEPPED_DOWN', 'b elected']);
  });

  it('is asked by two at a time, and both are told who leads, though it takes an ask late', async () => {
    const [a] = (await queue(['a', 'b', 'c'], { ttl: 60 })) as [Made, Made];
    a.store.faults.next('txn', { arriveLateBy: 1_200 }, isTaking);
    const others = [world.candidate('x').election, world.candidate('y').election];
    const leaders = await world.settled(Promise.all(others.map((other) => other.ask())), 5_000);
    expect(leaders.map((leader) => leader?.value)).to.deep.equal(['b', 'b']);
    expect([world.etcd.get(ASK), a.store.faults.unused]).to.deep.equal([undefined, 0]);
  });

  describe('by a control key', () => {
    for (const [what, text] of Object.entries({
      'is no JSON': () => 'step down!',
      'is empty': () => '',
      'is of a later version': (token: string) => JSON.stringify({ v: 2, token }),
      'has its token as a number': (token: string) => JSON.stringify({ v: 1, token: Number(token) }),
      'names the term before': (token: string) => JSON.stringify({ v: 1, token: String(BigInt(token) - 1n) }),
      'names a term to come': (token: string) => JSON.stringify({ v: 1, token: String(BigInt(token) + 1n) }),
      'names a target that is no lease': (token: string) => JSON.stringify({ v: 1, token, to: 'worker' }),
      'names a target that is nothing': (token: string) => JSON.stringify({ v: 1, token, to: null }),
      'is a list': () => '[1]',
    })) {
      it(`leads on when the key ${what}`, async () => {
        const [a] = (await queue(['a', 'b'])) as [Made, Made];
        await write(text(tokenOf(a.election)));
        await world.advance(3_000);
        expect(a.election.isLeader()).to.equal(true);
      });
    }

    it('leads on when the key names the leader itself as the next one', async () => {
      const [a] = (await queue(['a', 'b'])) as [Made, Made];
      const { leaseId } = a.election.leadership ?? {};
      await write(JSON.stringify({ v: 1, token: tokenOf(a.election), to: leaseId }));
      await world.advance(3_000);
      expect(a.election.isLeader()).to.equal(true);
    });

    it('steps down once when the key is written twice', async () => {
      const [a, b] = (await queue(['a', 'b'])) as [Made, Made];
      const story = tell({ a: a.election, b: b.election });
      const text = JSON.stringify({ v: 1, token: tokenOf(a.election) });
      await write(text);
      await write(text);
      await world.advance(5_000);
      expect(story).to.deep.equal(['a unelected: STEPPED_DOWN', 'b elected']);
    });

    it('steps down when the key says more than we know, and does not say who has asked', async () => {
      const [a, b] = (await queue(['a', 'b'])) as [Made, Made];
      let reason: ElectionError | undefined;
      a.election.on('unelected', (_, why) => {
        reason = why;
      });
      const lease = await write(JSON.stringify({ v: 1, token: tokenOf(a.election), why: 'maintenance' }));
      await world.until(() => b.election.isLeader(), 'the next one leads', 1_000);
      expect(reason?.code).to.equal('STEPPED_DOWN');
      expect(reason?.message).to.include(`somebody (lease ${lease.toString(16)})`);
    });

    it('leaves the place to the next when the key names a target that has left', async () => {
      const [a, b] = (await queue(['a', 'b'])) as [Made, Made];
      await write(JSON.stringify({ v: 1, token: tokenOf(a.election), to: '4000000000000001' }));
      await world.until(() => b.election.isLeader(), 'the next one leads', 1_000);
    });

    it('leads on when the key was there before it was elected, and names a leader before', async () => {
      const [a, b] = (await queue(['a', 'b'])) as [Made, Made];
      await write(JSON.stringify({ v: 1, token: '1' }));
      await world.settled(a.election.stop());
      await world.advance(40_000);
      expect(b.election.isLeader()).to.equal(true);
    });
  });

  it('is followed by the leader alone', async () => {
    const [a, b] = (await queue(['a', 'b'])) as [Made, Made];
    const [, second] = await world.settled(a.election.candidates());
    await write(JSON.stringify({ v: 1, token: String(second?.fencingToken) }));
    await world.advance(3_000);
    expect([a.election.isLeader(), b.election.state]).to.deep.equal([true, 'waiting']);
  });

  it('hears of an ask that came while its watches were interrupted', async () => {
    const [a, b] = (await queue(['a', 'b'])) as [Made, Made];
    a.store.breakStreams('watch');
    await write(JSON.stringify({ v: 1, token: tokenOf(a.election) }));
    await world.until(() => b.election.isLeader(), 'the next one leads', 5_000);
  });

  it('obeys although the answer of etcd is lost when it deletes the ask', async () => {
    const [a, b] = (await queue(['a', 'b'])) as [Made, Made];
    a.store.faults.next('txn', 'lose reply', isTaking);
    await world.settled(operator().ask());
    expect(b.election.isLeader()).to.equal(true);
  });

  it('tells nobody and costs nobody anything when its user may not read the key', async () => {
    const log = recordLog();
    const { election, store, clock } = world.candidate('a', { logger: log });
    const open = store.watch.bind(store);
    store.watch = (on) => {
      const stream = open(on);
      const create = stream.create.bind(stream);
      stream.create = (...args) => {
        if (args[1] !== 'jobs!') return create(...args);
        clock.after(2, () => on.cancelled(args[0], undefined, new ElectionError('PERMISSION_DENIED', 'no')));
      };
      return stream;
    };
    const errors: string[] = [];
    election.on('error', ({ code }) => errors.push(code));
    await world.queued(election);
    await world.advance(10_000);
    expect([errors, log.messages('warn'), log.messages('error')]).to.deep.equal([[], [], []]);
    expect(log.messages('info').filter((message) => /nobody can ask/.test(message))).to.have.lengthOf(1);
    expect(election.isLeader()).to.equal(true);
  });

  it('costs one watch, from the election to the end of the term, and no request more', async () => {
    const cost = async (steerable: boolean): Promise<Record<string, number>> => {
      const own = new World();
      const made = ['a', 'b'].map((name) => own.candidate(name, { steerable, ttl: 600 }).election);
      await own.queued(...made);
      await own.settled(made[0]?.stop() ?? Promise.resolve());
      await own.settled(made[1]?.stop() ?? Promise.resolve());
      await own.advance(1_000);
      return { ...own.etcd.requests };
    };
    const [without, withIt] = [await cost(false), await cost(true)];
    const { watch = 0 } = without;
    expect(withIt).to.deep.equal({ ...without, watch: watch + 2 }); // two terms; the watches end with their streams
  });
});
