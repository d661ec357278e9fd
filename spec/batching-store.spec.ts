import { expect } from 'chai';
import { withResolvers } from '../lib/common/deferred.js';
import { ElectionError } from '../lib/errors.js';
import { BatchingStore } from '../lib/store/batching-store.js';
import { type Compare, type Op, RequestRefused, type Txn, type TxnResult } from '../lib/store/store.js';
import { settle } from './support/virtual-time.js';
import { type Process, World } from './support/world.js';

describe('transactions of one session', () => {
  let world: World;
  let process: Process;
  let store: BatchingStore;
  /** The transactions that were sent, in order. */
  let sent: Txn[];

  beforeEach(() => {
    world = new World();
    process = world.process('one');
    sent = [];
    const txn = process.store.txn.bind(process.store);
    process.store.txn = (request) => {
      sent.push(request);
      return txn(request);
    };
    store = new BatchingStore(process.store);
  });
  const put = (key: string, value: string | Buffer = key): Op => ({
    type: 'put',
    key,
    value: Buffer.from(value),
    lease: 0n,
  });
  const range = (key: string): Op => ({ type: 'range', range: { key, order: 'oldest', limit: 1 } });
  const create = (key: string, ...more: Op[]): Txn => ({
    compare: [{ key, createRevision: 0n }],
    success: [put(key), ...more],
    failure: [range(key)],
  });
  const commit = (txn: Txn): Promise<TxnResult> => store.txn(txn);
  /** Sends eight transactions that stay under way, so that the next ones have to wait. */
  const busy = (): Promise<unknown> =>
    Promise.all(
      Array.from({ length: 8 }, (_, n) => commit({ compare: [], success: [range(`busy${n}`)], failure: [] })),
    );
  const codeOf = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'ok',
      ({ code }) => code,
    );

  it('go at once, each by itself, as long as few others are on their way', async () => {
    const answers = Promise.all([commit(create('a')), commit(create('b'))]);
    expect(sent).to.deep.equal([create('a'), create('b')]);
    await world.settled(answers);
  });

  it('are put together when they would have to wait, and each gets its own answer', async () => {
    void busy();
    const answers = ['a', 'b', 'c'].map((key) => commit(create(key, range(key), range('a'))));
    const results = await world.settled(Promise.all(answers));
    expect(sent).to.have.length(9);
    expect(new Set(results.map(({ revision }) => revision)).size).to.equal(1);
    expect(results.map(({ succeeded }) => succeeded)).to.deep.equal([true, true, true]);
    const names = results.map(({ ranges }) => ranges.map(({ kvs }) => kvs.map(({ key }) => key).join()));
    expect(names).to.deep.equal([
      ['a', 'a'],
      ['b', 'a'],
      ['c', 'a'],
    ]);
  });

  it('go by themselves when they read at a revision, because with a write etcd’s members could differ', async () => {
    const past: Txn = {
      compare: [],
      success: [{ type: 'range', range: { key: 'a', order: 'oldest', limit: 1, revision: world.etcd.revision } }],
      failure: [],
    };
    void busy();
    await world.settled(Promise.all([commit(create('a')), commit(past), commit(create('b')), commit(create('c'))]));
    expect(sent.slice(8).map(({ success }) => success.map(({ type }) => type))).to.deep.equal([
      ['put'],
      ['range'],
      ['put', 'put'],
    ]);
  });

  it('read what is true at the revision that they are answered with, also what others of the batch write', async () => {
    world.etcd.put('a', 'old');
    void busy();
    const before = commit({ compare: [], success: [range('a')], failure: [] });
    const gone = commit({
      compare: [{ key: 'a', createRevision: world.etcd.get('a')?.createRevision ?? 0n }],
      success: [{ type: 'delete', key: 'a' }],
      failure: [],
    });
    const written = commit(create('b'));
    const reads = [before, commit({ compare: [], success: [range('b')], failure: [] })];
    const [first, second] = await world.settled(Promise.all([...reads, gone, written]));
    expect(sent).to.have.length(9);
    expect(first?.revision).to.equal(second?.revision);
    expect(first?.ranges[0]?.kvs).to.deep.equal([]);
    expect(second?.ranges[0]?.kvs.map(({ key }) => key)).to.deep.equal(['b']);
  });

  it('are sent one by one when a comparison of one of them fails, since it decides for that one alone', async () => {
    world.etcd.put('b', 'there');
    void busy();
    const results = await world.settled(Promise.all(['a', 'b', 'c'].map((key) => commit(create(key)))));
    expect(results.map(({ succeeded }) => succeeded)).to.deep.equal([true, false, true]);
    expect(results[1]?.ranges[0]?.kvs[0]?.value.toString()).to.equal('there');
    expect(sent).to.have.length(8 + 1 + 3);
  });

  for (const [what, error] of [
    ['a lease is gone', new ElectionError('LEASE_LOST', 'no such lease')],
    ['a permission is missing', new ElectionError('PERMISSION_DENIED', 'no')],
    ['it is refused as it stands', new RequestRefused('UNAVAILABLE', 'too large')],
    ['the server has an error of its own', new Error('etcdserver: duplicate key given in txn request')],
  ] as const) {
    it(`are sent one by one when ${what}, since that may concern one of them alone`, async () => {
      void busy();
      process.store.faults.next(
        'txn',
        { error },
        (request) => request.kind === 'txn' && request.txn.success.length === 3,
      );
      const answers = ['a', 'b', 'c'].map((key) => codeOf(commit(create(key))));
      expect(await world.settled(Promise.all(answers))).to.deep.equal(['ok', 'ok', 'ok']);
      expect(sent).to.have.length(8 + 1 + 3);
    });
  }

  it('are refused with their own errors when they are refused one by one', async () => {
    void busy();
    const gone = new ElectionError('LEASE_LOST', 'no such lease');
    const isOfB = (txn: Txn): boolean => txn.success.some((op) => op.type === 'put' && op.key === 'b');
    process.store.faults.draw = (request) => (request.kind === 'txn' && isOfB(request.txn) ? { error: gone } : 'ok');
    const answers = ['a', 'b', 'c'].map((key) => codeOf(commit(create(key))));
    expect(await world.settled(Promise.all(answers))).to.deep.equal(['ok', 'LEASE_LOST', 'ok']);
  });

  it('all fail at once in an outage, since each is tried again by itself', async () => {
    void busy();
    process.store.faults.next('txn', 'fail', (request) => request.kind === 'txn' && request.txn.success.length === 3);
    const answers = ['a', 'b', 'c'].map((key) => codeOf(commit(create(key))));
    expect(await world.settled(Promise.all(answers))).to.deep.equal(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE']);
    expect(sent).to.have.length(8 + 1);
  });

  const sizes = (): number[] => sent.slice(8).map(({ success }) => success.length);

  it("stay within etcd's limit of operations", async () => {
    void busy();
    const many = Array.from({ length: 100 }, (_, n) => commit(create(`k${n}`, range('a'), range('b'))));
    await world.settled(Promise.all(many));
    expect(sizes()).to.deep.equal([120, 120, 60]);
  });

  it("stay within etcd's limit of comparisons", async () => {
    void busy();
    const compare = (n: number): Compare[] =>
      Array.from({ length: 50 }, (_, i) => ({ key: `${n}/${i}`, createRevision: 0n }));
    const many = [1, 2, 3].map((n) => commit({ compare: compare(n), success: [put(`k${n}`)], failure: [] }));
    await world.settled(Promise.all(many));
    expect(sent.slice(8).map((txn) => txn.compare.length)).to.deep.equal([100, 50]);
  });

  it('stay within a quarter of a megabyte, but for one that is larger by itself', async () => {
    void busy();
    const values = [100, 100, 100, 1_000, 100].map((kb) => Buffer.alloc(kb * 1_024));
    const many = values.map((value, n) => commit({ compare: [], success: [put(`k${n}`, value)], failure: [] }));
    await world.settled(Promise.all(many));
    expect(sizes()).to.deep.equal([2, 1, 1, 1]);
  });

  it('never write one key twice in one request', async () => {
    void busy();
    const remove: Txn = { compare: [], success: [{ type: 'delete', key: 'a' }], failure: [] };
    const results = await world.settled(Promise.all([commit(create('a')), commit(remove), commit(create('a'))]));
    expect(results.map(({ succeeded }) => succeeded)).to.deep.equal([true, true, true]);
    expect(sent.slice(8)).to.have.length(3);
    expect(world.etcd.get('a')).to.include({ version: 1n });
  });

  it('are never more than eight on their way', async () => {
    const answers: ReturnType<typeof withResolvers<TxnResult>>[] = [];
    process.store.txn = () => {
      const answer = withResolvers<TxnResult>();
      answers.push(answer);
      return answer.promise;
    };
    const all = Array.from({ length: 30 }, (_, n) => commit({ compare: [], success: [put(`k${n}`)], failure: [] }));
    await settle();
    expect(answers).to.have.length(8);
    answers[0]?.resolve({ succeeded: true, revision: 1n, ranges: [] });
    await settle();
    expect(answers).to.have.length(9);
    for (const { resolve } of answers) resolve({ succeeded: true, revision: 1n, ranges: [] });
    await Promise.all(all);
    expect(answers).to.have.length(9);
  });

  it('leave leases and streams to the store beneath', async () => {
    expect((await world.settled(store.grant(1n, 5))).ttl).to.equal(5);
    const told: string[] = [];
    const refreshes = store.keepAlive(1n, { reply: (ttl) => told.push(`ttl ${ttl}`), closed: () => {} });
    refreshes.send();
    const nothing = (): void => {};
    const watch = store.watch({
      created: nothing,
      events: nothing,
      cancelled: nothing,
      closed: nothing,
      alive: () => told.push('alive'),
    });
    watch.ping();
    await world.advance(10);
    expect(told.sort()).to.deep.equal(['alive', 'ttl 5']);
    refreshes.close();
    watch.close();
    await world.settled(store.revoke(1n));
    expect(world.etcd.leases()).to.deep.equal([]);
  });
});
