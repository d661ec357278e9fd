import { expect } from 'chai';
import { bytesOfTerms, type RecordedTerm } from '../../lib/queue/recorded-terms.js';
import { ViewWorld } from '../support/view/view-world.js';

const [A, B, C] = [0xa1n, 0xb2n, 0xc3n];

describe('a view of an election whose leaders record their terms', () => {
  let world: ViewWorld;

  beforeEach(() => {
    world = new ViewWorld({ history: true });
  });

  afterEach(() => world.closed());

  const term = (value: string, token: bigint, from: number, until?: number, why?: string): RecordedTerm => {
    return { value, fencingToken: token, leaseId: `${token}`, from, until, why };
  };
  const record = (...terms: readonly RecordedTerm[]): void => {
    world.etcd.put('jobs!history', bytesOfTerms(terms, 1_000));
  };
  const recordEnd = (one: RecordedTerm): void => {
    world.etcd.put(`jobs!history/${one.fencingToken}.${one.leaseId}`, bytesOfTerms([one], 1));
  };
  /** Joins, and returns the token. */
  const join = (lease: bigint, value: string): bigint => {
    world.join('jobs', lease, value);
    const key = world.etcd.keys('jobs/').find((each) => each.lease === lease);
    if (key === undefined) throw new Error('the key is not there');
    return key.createRevision;
  };
  const details = (): readonly unknown[] =>
    (world.election('jobs')?.terms ?? []).map(({ value, why, isRecorded }) => [value, why, isRecorded]);

  it('shows who led before it began, from when until when, and why that ended', async () => {
    for (let n = 0; n < 10; n++) world.etcd.put('other', `${n}`);
    record(term('x', 2n, 100, 900, 'STOPPED'), term('y', 5n, 950));
    recordEnd(term('y', 5n, 950, 1_500, 'LEASE_EXPIRED'));
    await world.runUntil(5_000);
    join(A, 'a');
    await world.look();
    expect(world.terms('jobs')).to.deep.equal([
      'x: 100 to 900, released',
      'y: 950 to 1500, lease ended',
      'a: ~5006 to now',
    ]);
    expect(details()).to.deep.equal([
      ['x', 'STOPPED', true],
      ['y', 'LEASE_EXPIRED', true],
      ['a', undefined, false],
    ]);
  });

  it('knows since when the present leader leads, though it did so already when the view began', async () => {
    const token = join(A, 'a');
    record({ ...term('a', token, 1), leaseId: 'a1' });
    await world.runUntil(5_000);
    await world.look();
    expect(world.terms('jobs')).to.deep.equal(['a: 1 to now']);
    expect(world.election('jobs')?.leader?.since).to.deep.equal({ at: 1, isExact: true });
    expect(details()).to.deep.equal([['a', undefined, true]]);
  });

  it('prefers the times that it has seen to those of another host’s clock, and takes the reason', async () => {
    const token = join(A, 'a');
    await world.look();
    await world.runUntil(2_000);
    world.leave('jobs', A);
    await world.heard();
    expect(world.terms('jobs')).to.deep.equal(['a: ~4 to 2001, unknown']);
    world.changes.length = 0;
    recordEnd({ ...term('a', token, 2, 77_777, 'STOPPED'), leaseId: 'a1' });
    await world.heard();
    expect(world.terms('jobs')).to.deep.equal(['a: 2 to 2001, released']);
    expect([details(), world.changes]).to.deep.equal([[['a', 'STOPPED', true]], [{ elections: ['jobs'], pools: [] }]]);
  });

  it('prefers the moment at which it has seen a term begin or end, also to an earlier one', async () => {
    await world.look();
    await world.runUntil(1_000);
    const token = join(A, 'a');
    await world.runUntil(2_000);
    world.leave('jobs', A);
    recordEnd({ ...term('a', token, 900, 1_900, 'STOPPED'), leaseId: 'a1' });
    await world.heard();
    expect(world.terms('jobs')).to.deep.equal(['a: 1001 to 2001, released']);
  });

  it('says of a recorded end only while its leader leads no more', async () => {
    const token = join(A, 'a');
    await world.look();
    recordEnd({ ...term('a', token, 2, 3, 'STOPPED'), leaseId: 'a1' });
    await world.heard();
    expect([world.terms('jobs'), details()]).to.deep.equal([['a: 2 to now'], [['a', undefined, true]]]);
  });

  it('shows a term of which nobody recorded the end as over when the next one began, or before', async () => {
    for (let n = 0; n < 5; n++) world.etcd.put('other', `${n}`);
    record(term('x', 2n, 100));
    await world.runUntil(5_000);
    join(A, 'a');
    await world.look();
    expect(world.terms('jobs')).to.deep.equal(['x: 100 to ~5006, unknown', 'a: ~5006 to now']);
  });

  it('fills what it has missed while its watch was interrupted', async () => {
    join(A, 'a');
    await world.look();
    await world.runUntil(1_000);
    world.viewer.store.network = 'down';
    await world.advance(20_000);
    world.leave('jobs', A);
    const missed = join(B, 'b');
    recordEnd({ ...term('b', missed, 21_100, 21_900, 'STEPPED_DOWN'), leaseId: 'b2' });
    world.leave('jobs', B);
    join(C, 'c');
    world.etcd.compact();
    world.viewer.store.network = 'up';
    await world.until(() => world.news.at(-1) === 'answered', 'etcd answers again');
    expect(world.terms('jobs').map((line) => line.replace(/~\d+/g, '~'))).to.deep.equal([
      'a: ~ to ~, unknown',
      'b: 21100 to 21900, released',
      'c: ~ to now',
    ]);
  });

  it('fills it too when nobody leads any more', async () => {
    join(A, 'a');
    await world.look();
    world.viewer.store.network = 'down';
    await world.advance(20_000);
    world.leave('jobs', A);
    const missed = join(B, 'b');
    recordEnd({ ...term('b', missed, 21_100, 21_900, 'STOPPED'), leaseId: 'b2' });
    world.leave('jobs', B);
    world.etcd.compact();
    world.viewer.store.network = 'up';
    await world.until(() => world.news.at(-1) === 'answered', 'etcd answers again');
    expect(world.terms('jobs').at(-1)).to.equal('b: 21100 to 21900, released');
    expect(world.leaders).to.deep.equal({ jobs: 'nobody' });
  });

  it('forgets what is deleted, and shows no term twice when the end goes into the history', async () => {
    for (let n = 0; n < 5; n++) world.etcd.put('other', `${n}`);
    const x = term('x', 2n, 100, 900, 'STOPPED');
    recordEnd(x);
    join(A, 'a');
    await world.look();
    expect(world.terms('jobs')[0]).to.equal('x: 100 to 900, released');
    record(x);
    world.etcd.delete('jobs!history/2.2');
    await world.heard();
    expect(world.terms('jobs')).to.have.length(2);
    recordEnd(term('y', 3n, 910, 920, 'STOPPED'));
    await world.heard();
    expect(world.terms('jobs')).to.have.length(3);
    world.viewer.store.network = 'down';
    await world.advance(20_000);
    world.etcd.delete('jobs!history/3.3');
    world.etcd.compact();
    world.viewer.store.network = 'up';
    await world.until(() => world.news.at(-1) === 'answered', 'etcd answers again');
    expect(world.terms('jobs')).to.have.length(2);
    world.etcd.delete('jobs!history');
    await world.heard();
    expect(world.terms('jobs')).to.have.length(1);
  });

  it('keeps a hundred terms, the newest', async () => {
    for (let n = 0; n < 1_200; n++) world.etcd.put('other', `${n}`);
    record(...Array.from({ length: 1_000 }, (_, n) => term(`${n}`, BigInt(n + 2), n, n + 1, 'STOPPED')));
    join(A, 'a');
    await world.look();
    const terms = world.election('jobs')?.terms ?? [];
    expect([terms.length, terms[0]?.value, terms.at(-2)?.value, terms.at(-1)?.value]).to.deep.equal([
      100,
      '901',
      '999',
      'a',
    ]);
  });

  it('believes no more than a hundred ends that have keys of their own', async () => {
    for (let n = 0; n < 400; n++) world.etcd.put('other', `${n}`);
    join(A, 'a');
    await world.look();
    for (let n = 0; n < 150; n++) recordEnd(term('0', BigInt(n + 2), n, n + 1, 'STOPPED'));
    await world.heard();
    const terms = world.election('jobs')?.terms ?? [];
    expect([terms.length, terms[0]?.from?.at, terms.at(-2)?.from?.at]).to.deep.equal([100, 51, 149]);
    // The older ones are not kept for later.
    for (let n = 50; n < 150; n++) world.etcd.delete(`jobs!history/${n + 2}.${n + 2}`);
    await world.heard();
    expect(world.terms('jobs')).to.have.length(1);
  });

  it('reads no more than a hundred ends that have keys of their own', async () => {
    for (let n = 0; n < 400; n++) world.etcd.put('other', `${n}`);
    join(A, 'a');
    for (let n = 0; n < 250; n++) recordEnd(term('0', BigInt(n + 2), n, n + 1, 'STOPPED'));
    await world.look();
    expect(world.viewer.store.requests.txn).to.equal(1 + 1 + 2);
    expect(world.terms('jobs')).to.have.length(100);
  });

  it('takes garbage for nothing', async () => {
    for (let n = 0; n < 5; n++) world.etcd.put('other', `${n}`);
    const token = join(A, 'a');
    const garbage = ['', '{', '[]', '{"v":1}', '{"v":2,"terms":[]}', '{"v":1,"terms":[{"token":"x"}]}', '\xff\xfe'];
    const keys = [
      'jobs!history',
      'jobs!history/',
      'jobs!history/1',
      'jobs!history/2.2',
      '!history',
      'jobs!history/1.a/x',
    ];
    const write = (): void => {
      for (const key of keys) for (const value of garbage) world.etcd.put(key, value);
      // Another term than the key says; a term that is still to come; the leader's token on another lease.
      world.etcd.put('jobs!history/3.c1', bytesOfTerms([term('x', 2n, 1, 2, 'STOPPED')], 1));
      recordEnd(term('f', 10n ** 12n, 1, 2, 'STOPPED'));
      recordEnd(term('e', token, 1, 2, 'STOPPED'));
    };
    write();
    await world.look();
    expect(world.terms('jobs')).to.deep.equal(['a: ~6 to now']);
    write();
    await world.heard();
    expect([world.leaders, world.terms('jobs')]).to.deep.equal([{ jobs: 'a' }, ['a: ~6 to now']]);
  });

  it('reads what is recorded of elections that somebody stands for, a hundred keys in a request', async () => {
    for (let n = 0; n < 300; n++) {
      if (n < 150) world.join(`e${n}`, A);
      world.etcd.put(`e${n}!history`, bytesOfTerms([term('x', 1n, 1, 2, 'STOPPED')], 1));
    }
    await world.look();
    expect(world.election('e149')?.terms.map(({ value }) => value)).to.deep.equal(['x', 'e149 a1']);
    expect(world.names).to.have.length(150);
    expect(world.viewer.store.requests.txn).to.equal(1 + 2 + 2);
  });

  it('shows terms of an etcd whose history has begun anew after those from before', async () => {
    for (let n = 0; n < 20; n++) world.etcd.put('other', `${n}`);
    join(A, 'old');
    await world.look();
    world.etcd.beginAnew('nothing', 1_000);
    for (let n = 0; n < 5; n++) world.etcd.put('other', `${n}`);
    record(term('x', 3n, 100, 200, 'STOPPED'), term('y', 19n, 50, 60, 'STOPPED'));
    join(B, 'new');
    await world.until(() => world.leaders['jobs'] === 'new', 'the view has believed it');
    await world.heard();
    expect(world.election('jobs')?.terms.map(({ value }) => value)).to.deep.equal(['old', 'x', 'new']);
  });

  it('shows what candidates of this library record', async () => {
    const [a, b] = [world.candidate('a', { history: 10 }).election, world.candidate('b', { history: 10 }).election];
    await world.queued(a, b);
    await world.settled(a.stop());
    await world.advance(1_000);
    await world.look();
    expect(details()).to.deep.equal([
      ['a', 'STOPPED', true],
      ['b', undefined, true],
    ]);
    await world.settled(b.stop());
  });
});

describe('a view that does not want what leaders record', () => {
  it('neither reads nor shows it', async () => {
    const world = new ViewWorld();
    const value = '{"v":1,"terms":[{"token":"1","value":"x","lease":"a1","from":1,"until":2,"why":"STOPPED"}]}';
    world.etcd.put('jobs!history', value);
    world.join('jobs', A);
    await world.look();
    world.etcd.put('jobs!history', value);
    await world.heard();
    expect([world.terms('jobs').length, world.viewer.store.requests.txn]).to.deep.equal([1, 2]);
    await world.closed();
  });
});
