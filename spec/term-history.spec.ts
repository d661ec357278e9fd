import { expect } from 'chai';
import sinon from 'sinon';
import type { ElectionOptions } from '../lib/campaign/options.js';
import { Election } from '../lib/election.js';
import { ElectionError } from '../lib/errors.js';
import { bytesOfTerms, type RecordedTerm } from '../lib/queue/recorded-terms.js';
import type { MessageFault, Request } from './support/fake-etcd/faults.js';
import { record } from './support/story.js';
import { newTask } from './support/task.js';
import { type Process, recordLog, World } from './support/world.js';

const KEY = 'jobs!history';
/** Wall clock at the beginning of the virtual time. */
const BEGINNING = 1_700_000_000_000;

describe('the option `history`', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
    sinon.stub(Date, 'now').callsFake(() => BEGINNING + Math.floor(world.now));
  });
  afterEach(() => sinon.restore());

  type Made = Process & { readonly election: Election };

  const candidate = (name: string, options: ElectionOptions = {}): Made =>
    world.candidate(name, { history: 10, ...options });

  /** Candidates in the order of the queue. */
  const queue = async (names: readonly string[], options: ElectionOptions = {}): Promise<Made[]> => {
    const made = names.map((name) => candidate(name, options));
    await world.queued(...made.map(({ election }) => election));
    return made;
  };

  const read = (): Promise<RecordedTerm[]> => world.settled(world.candidate('reader').election.history());

  /** Leader and reason of each term, as `history()` tells them. */
  const story = async (): Promise<string[]> =>
    (await read()).map(
      ({ value, until, why }) => `${value}: ${until === undefined ? 'lasts' : (why ?? 'at or before')}`,
    );

  /** The same, by the key alone. */
  const stored = (): string[] => {
    const said = JSON.parse(world.etcd.get(KEY)?.value.toString() ?? '{"terms":[]}');
    return said.terms.map((term: Record<string, unknown>) => `${term['value']}: ${term['why']}`);
  };

  const isAppend = (request: Request): boolean =>
    request.kind === 'txn' && request.txn.success.some((op) => op.type === 'put' && op.key === KEY);
  const isEnd = (request: Request): boolean =>
    request.kind === 'txn' && request.txn.success.some((op) => op.type === 'put' && op.key.startsWith(`${KEY}/`));

  const leads = (made: Made | undefined): Promise<void> =>
    world.until(() => made?.election.isLeader() === true, 'it leads');

  it('records who leads under a key beside the election, without a lease', async () => {
    const [a] = await queue(['a', 'b']);
    const kv = world.etcd.get(KEY);
    const { fencingToken, leaseId } = a?.election.leadership ?? {};
    expect(kv?.lease).to.equal(0n);
    expect(JSON.parse(kv?.value.toString() ?? '')).to.deep.equal({
      v: 1,
      terms: [{ token: String(fencingToken), value: 'a', lease: leaseId, from: BEGINNING + 4, until: null, why: null }],
    });
  });

  it('records when a term ended and why, and the next leader takes that into the key', async () => {
    const [a, b] = await queue(['a', 'b']);
    const token = a?.election.leadership?.fencingToken;
    await world.runUntil(5_000);
    await world.settled(a?.election.stop() ?? Promise.resolve());
    await leads(b);
    await world.advance(20);
    const [first, second] = await read();
    expect(first).to.deep.equal({
      fencingToken: token,
      value: 'a',
      leaseId: first?.leaseId,
      from: BEGINNING + 4,
      until: BEGINNING + 5_000,
      why: 'STOPPED',
    });
    expect([second?.value, second?.until, second?.why]).to.deep.equal(['b', undefined, undefined]);
    expect([stored(), world.etcd.keys(`${KEY}/`)]).to.deep.equal([['a: STOPPED', 'b: null'], []]);
  });

  it('knows the end of the last term when nobody leads afterwards', async () => {
    const [a] = await queue(['a']);
    await world.settled(a?.election.stop() ?? Promise.resolve());
    expect(await story()).to.deep.equal(['a: STOPPED']);
  });

  it('is JSON with its tokens as strings, and a plain object otherwise', async () => {
    const [a] = await queue(['a']);
    const [term] = await read();
    expect(JSON.parse(JSON.stringify([term]))[0]).to.deep.equal({
      fencingToken: String(a?.election.leadership?.fencingToken),
      value: 'a',
      leaseId: a?.election.leadership?.leaseId,
      from: BEGINNING + 4,
    });
    expect(Object.keys(term ?? {})).to.deep.equal(['fencingToken', 'value', 'leaseId', 'from', 'until', 'why']);
  });

  describe('records that a leader', () => {
    it('has stepped down', async () => {
      const [a, b] = await queue(['a', 'b']);
      await world.settled(a?.election.stepDown() ?? Promise.resolve());
      await leads(b);
      await world.advance(20);
      expect(await story()).to.deep.equal(['a: STEPPED_DOWN', 'b: lasts']);
    });

    it('has lost its key', async () => {
      const [a, b] = await queue(['a', 'b']);
      world.etcd.delete(`jobs/${a?.election.leadership?.leaseId}`);
      await leads(b);
      await world.advance(5_000);
      expect(await story()).to.deep.equal(['a: KEY_DELETED', 'b: lasts']);
    });

    it('was cut off, as soon as it is back, and until then that its term ended at some time', async () => {
      const [a, b] = await queue(['a', 'b']);
      if (a !== undefined) a.store.network = 'silent';
      await leads(b);
      await world.advance(20);
      expect(await story()).to.deep.equal(['a: at or before', 'b: lasts']);
      if (a !== undefined) a.store.network = 'up';
      await world.advance(20_000);
      expect(await story()).to.deep.equal(['a: LEASE_EXPIRED', 'b: lasts']);
    });

    it('has died: its term ended when the next one began, or before', async () => {
      const [a, b] = await queue(['a', 'b']);
      a?.clock.kill();
      await leads(b);
      await world.advance(20);
      const [first, second] = await read();
      expect([first?.until, first?.why]).to.deep.equal([second?.from, undefined]);
    });

    it('led and was gone before it was recorded', async () => {
      const [a, b] = [candidate('a'), candidate('b')];
      await world.queued(a.election);
      a.store.faults.next('txn', { arriveLateBy: 1_000 }, isAppend);
      b.election.once('elected', () => void b.election.stepDown());
      await world.queued(b.election);
      await world.settled(a.election.stop());
      await world.advance(2_000);
      await world.settled(b.election.stop());
      expect((await story()).filter((line) => line.startsWith('b'))).to.deep.equal(['b: STEPPED_DOWN', 'b: STOPPED']);
    });
  });

  it('is written after every listener was told, and by no request before', async () => {
    const { election, store } = candidate('a');
    const requests: number[] = [];
    election.on('elected', () => requests.push(store.requests.txn));
    election.on('elected', () => requests.push(store.requests.txn));
    await world.queued(election);
    expect(requests).to.deep.equal([1, 1]);
    expect(store.requests.txn).to.equal(3);
  });

  describe('delays neither the next leader nor stop()', () => {
    /** Milliseconds from stop() to the next leader, and to the end of stop(). */
    const handover = async (history: number, fault: MessageFault): Promise<readonly [number, number]> => {
      world = new World();
      const [a, b] = await queue(['a', 'b'], { history });
      for (const made of [a, b]) {
        if (made !== undefined) made.store.faults.draw = (one) => (isAppend(one) || isEnd(one) ? fault : 'ok');
      }
      const startedAt = world.now;
      const stopped = a?.election.stop().then(() => world.now - startedAt);
      await leads(b);
      return [world.now - startedAt, await world.settled(stopped ?? Promise.resolve(-1))];
    };

    it('takes as long as without the option when etcd answers', async () => {
      expect(await handover(10, 'ok')).to.deep.equal(await handover(0, 'ok'));
    });

    it('holds stop() up by 200 ms at the most when etcd does not answer what would be recorded', async () => {
      const [next, stopped] = await handover(0, 'ok');
      expect(await handover(10, 'hang')).to.deep.equal([next, stopped + 200]);
    });
  });

  it('costs an election without it not one request and not one key', async () => {
    const { election, store } = world.candidate('a', { history: 0 });
    await world.queued(election);
    await world.settled(election.stop());
    expect([store.requests.txn, world.etcd.keys()]).to.deep.equal([1, []]);
  });

  it('is read without the option, and by one that is no candidate', async () => {
    expect(await read()).to.deep.equal([]);
    await queue(['a']);
    expect(await story()).to.deep.equal(['a: lasts']);
  });

  it('keeps the newest terms, as many as the leader keeps', async () => {
    const [a] = await queue(['a']);
    for (let times = 0; times < 12; times++) {
      await world.settled(a?.election.stepDown() ?? Promise.resolve());
      await world.advance(20);
    }
    expect(stored()).to.have.length(10);
    await world.settled(a?.election.stop() ?? Promise.resolve());
    await queue(['b'], { history: 2 });
    expect(stored()).to.deep.equal(['a: STOPPED', 'b: null']);
    expect(world.etcd.keys(`${KEY}/`)).to.deep.equal([]);
  });

  it('cuts a value that is too long', async () => {
    await queue(['a'], { value: 'x'.repeat(100_000) });
    expect((await read()).map(({ value }) => value)).to.deep.equal(['x'.repeat(200)]);
  });

  describe('has each term once', () => {
    for (const [what, fault] of Object.entries({
      'the answer to the write is lost': 'lose reply',
      'the write is lost': 'lose request',
      'the write is refused for a moment': 'fail',
      'the write is carried out twice': 'duplicate',
      'the write is repeated later': { repeatAfter: 2_500 },
      'the write arrives late': { arriveLateBy: 2_500 },
      'the write hangs': 'hang',
    } as const)) {
      it(`though ${what}`, async () => {
        const [a, b] = [candidate('a', { ttl: 6 }), candidate('b', { ttl: 6 })];
        a.store.faults.next('txn', fault, isAppend);
        await world.queued(a.election, b.election);
        await world.advance(10_000);
        expect([stored(), a.store.faults.unused]).to.deep.equal([['a: null'], 0]);
        b.store.faults.next('txn', fault, isAppend);
        await world.settled(a.election.stop());
        await world.advance(10_000);
        expect([stored(), b.store.faults.unused]).to.deep.equal([['a: STOPPED', 'b: null'], 0]);
      });

      it(`though ${what}: the one that tells of an end`, async () => {
        const [a, b] = (await queue(['a', 'b'], { ttl: 6 })) as [Made, Made];
        a.store.faults.next('txn', fault, isEnd);
        await world.settled(a.election.stepDown());
        await world.advance(10_000);
        expect([await story(), a.store.faults.unused]).to.deep.equal([['a: STEPPED_DOWN', 'b: lasts'], 0]);
        await world.settled(b.election.stepDown());
        await world.advance(20);
        expect(stored()).to.deep.equal(['a: STEPPED_DOWN', 'b: STEPPED_DOWN', 'a: null']);
      });
    }
  });

  it('loses no end that a second attempt has taken in, though the first attempt comes after it', async () => {
    const [a, b] = (await queue(['a', 'b'], { ttl: 6 })) as [Made, Made];
    a.store.faults.next('txn', { arriveLateBy: 3_000 }, isEnd);
    b.store.faults.next('txn', { arriveLateBy: 6_000 }, isAppend);
    await world.settled(a.election.stepDown());
    await world.advance(20_000);
    expect([a.store.faults.unused, b.store.faults.unused]).to.deep.equal([0, 0]);
    expect(await story()).to.deep.equal(['a: STEPPED_DOWN', 'b: lasts']);
  });

  it('keeps the end of a term that is over before it was appended, while the key is held for the work', async () => {
    const { election, store } = candidate('a');
    const isRead = (request: Request): boolean =>
      request.kind === 'txn' && request.txn.success.some((op) => op.type === 'range' && op.range.key === KEY);
    store.faults.next('txn', { arriveLateBy: 50 }, isRead);
    const { work, terms } = newTask([]);
    const running = election.run(work);
    await world.begun(terms);
    const stopped = election.stop();
    await world.advance(500);
    expect([stored(), await story(), store.faults.unused]).to.deep.equal([['a: null'], ['a: STOPPED'], 0]);
    terms[0]?.end();
    await world.settled(Promise.all([stopped, running]));
  });

  it('is never overwritten by a leader that was deposed in the middle of its write', async () => {
    const [a] = [candidate('a')];
    a.store.faults.next('txn', { arriveLateBy: 30_000 }, isAppend);
    await world.queued(a.election);
    const [b, c] = await queue(['b', 'c']);
    a.clock.kill();
    await leads(b);
    await world.settled(b?.election.stop() ?? Promise.resolve());
    await leads(c);
    await world.runUntil(60_000);
    expect([stored(), a.store.faults.unused]).to.deep.equal([['b: STOPPED', 'c: null'], 0]);
  });

  it('is tried again with the next refresh while etcd does not answer it, and logs no warning', async () => {
    const logger = recordLog();
    const { election, store } = candidate('a', { ttl: 6, logger });
    store.faults.draw = (request) => (isAppend(request) ? 'fail' : 'ok');
    await world.queued(election);
    await world.advance(5_000);
    expect([stored(), election.isLeader()]).to.deep.equal([[], true]);
    store.faults.draw = undefined;
    await world.advance(2_100);
    expect([stored(), logger.messages('warn'), logger.messages('error')]).to.deep.equal([['a: null'], [], []]);
    expect(logger.messages('debug')).to.include('the term is not recorded yet: trying again');
  });

  it('is given up for a term when etcd refuses it, with a warning, and the leader leads on', async () => {
    const logger = recordLog();
    const { election, store } = candidate('a', { ttl: 6, logger });
    const chapters = record(election, ['elected', 'unelected', 'error']);
    const error = new ElectionError('PERMISSION_DENIED', 'etcdserver: permission denied');
    store.faults.draw = (request) => (isAppend(request) || isEnd(request) ? { error } : 'ok');
    await world.queued(election);
    await world.advance(30_000);
    expect(logger.messages('warn')).to.deep.equal(['etcd refuses to record this term']);
    expect(chapters).to.have.length(1);
    await world.settled(election.stop());
    await world.advance(1_000);
    expect(logger.messages('warn')).to.have.length(2);
  });

  it('replaces what nobody understands, and leaves alone what a later version has written', async () => {
    world.etcd.put(KEY, 'who leads?');
    world.etcd.put(`${KEY}/1.1f`, 'no JSON either');
    const logger = recordLog();
    const [a] = await queue(['a'], { logger });
    expect([stored(), world.etcd.keys(`${KEY}/`)]).to.deep.equal([['a: null'], []]);
    await world.settled(a?.election.stop() ?? Promise.resolve());
    world.etcd.put(KEY, '{"v":2,"terms":[]}');
    await queue(['b'], { logger });
    await world.advance(30_000);
    expect(world.etcd.get(KEY)?.value.toString()).to.equal('{"v":2,"terms":[]}');
    expect(logger.messages('warn')).to.have.length(1);
  });

  it('forgets terms with a token that nobody can have had yet', async () => {
    const forged = { fencingToken: 10n ** 15n, value: 'x', leaseId: '1', from: 1, until: undefined, why: undefined };
    world.etcd.put(KEY, bytesOfTerms([forged], 1));
    await queue(['a']);
    expect(stored()).to.deep.equal(['a: null']);
  });

  it('begins anew with etcd: the end of a term of before is not among the terms of now', async () => {
    for (let n = 0; n < 100; n++) world.etcd.put('something else', Buffer.from(String(n)));
    const [a] = await queue(['a']);
    const { fencingToken, value = '', leaseId = '' } = a?.election.leadership ?? {};
    const before = fencingToken ?? 0n;
    world.etcd.beginAnew('nothing', 500);
    await world.advance(30_000);
    await leads(a);
    // Its own process may have stood still until now.
    const ended = { fencingToken: before, value, leaseId, from: 1, until: 2, why: 'LEASE_EXPIRED' };
    world.etcd.put(`${KEY}/${before}.${leaseId}`, bytesOfTerms([ended], 1));
    const now = a?.election.leadership?.fencingToken ?? 0n;
    expect(now < before, `${now} after ${before}`).to.equal(true);
    expect(await story()).to.deep.equal(['a: lasts']);
  });

  it('leaves nothing running when the candidate has stopped during an outage', async () => {
    const made = (await queue(['a']))[0] as Made;
    made.store.faults.draw = (request) => (isEnd(request) ? 'lose request' : 'ok');
    await world.settled(made.election.stop());
    await world.advance(3_000);
    expect([made.election.state, made.store.open, made.clock.timers]).to.deep.equal(['idle', [], []]);
  });

  it('is seen by no observer, no other candidate and no leader that follows asks', async () => {
    const logger = recordLog();
    const [a, b] = (await queue(['a', 'b'], { logger })) as [Made, Made];
    const parent = new Election(world.process('p'), 'jobs', { logger });
    const before = [a, b].map(({ store }) => store.requests.txn);
    world.etcd.put(KEY, '{"v":1,"terms":[]}');
    world.etcd.put(`${KEY}/12.1f`, '{"v":1,"terms":[]}');
    await world.advance(2_000);
    expect([a, b].map(({ store }) => store.requests.txn)).to.deep.equal(before);
    expect((await world.settled(parent.candidates())).map(({ value }) => value)).to.deep.equal(['a', 'b']);
    expect((await world.settled(parent.ask()))?.value).to.equal('b');
    expect(logger.messages('warn')).to.deep.equal([]);
  });
});
