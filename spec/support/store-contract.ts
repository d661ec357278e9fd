import { expect } from 'chai';
import type { KeyValue, Op, Store, TxnResult } from '../../lib/store.js';
import { recordKeepAlive, recordWatch } from './store-recorders.js';

/** A store to try, and what the suite needs besides. Every key it writes begins with a prefix of its own. */
export interface OpenStore {
  readonly store: Store;
  /** Forgets the history up to `revision`. */
  compact(revision: bigint): Promise<void>;
  close(): Promise<void>;
}

/** What every `Store` must do, in words of `Store` alone: the model and the real one are held to the same. */
export function storeContract(name: string, open: () => Promise<OpenStore>): void {
  describe(`the store contract: ${name}`, () => {
    let opened: OpenStore;
    let store: Store;
    let prefix: string;
    let lastLease = BigInt(Date.now()) * 1_000n;
    let spec = 0;
    const cleanUp: (() => void)[] = [];

    before(async () => {
      opened = await open();
      store = opened.store;
    });

    beforeEach(() => {
      spec += 1;
      prefix = `contract-${Date.now().toString(36)}-${spec}/`;
    });

    afterEach(() => {
      for (const end of cleanUp.splice(0)) end();
    });

    after(() => opened.close());

    const put = (key: string, value = 'x', lease = 0n): Op => ({
      type: 'put',
      key: prefix + key,
      value: Buffer.from(value),
      lease,
    });
    const get = (key: string): Op => ({ type: 'range', range: { key: prefix + key, order: 'oldest', limit: 1 } });
    const range = (order: 'oldest' | 'newest', limit: number, maxCreateRevision?: bigint): Op => ({
      type: 'range',
      range: { key: prefix, end: `${prefix}\xff`, order, limit, ...(maxCreateRevision && { maxCreateRevision }) },
    });
    const commit = (...success: Op[]): Promise<TxnResult> => store.txn({ compare: [], success, failure: [] });
    const read = async (key: string): Promise<KeyValue | undefined> => (await commit(get(key))).ranges[0]?.kvs[0];
    const names = (result: TxnResult): string[] =>
      (result.ranges[0]?.kvs ?? []).map(({ key }) => key.slice(prefix.length));
    const newLease = async (ttl = 60): Promise<bigint> => {
      lastLease += 1n;
      expect(await store.grant(lastLease, ttl)).to.be.at.least(ttl);
      return lastLease;
    };
    const watch = (): ReturnType<typeof recordWatch> => {
      const recorder = recordWatch(store, prefix);
      cleanUp.push(() => recorder.stream.close());
      return recorder;
    };

    describe('transactions', () => {
      it('creates a key once, and tells the second who came first', async () => {
        const lease = await newLease();
        const join = (value: string): Promise<TxnResult> =>
          store.txn({
            compare: [{ key: `${prefix}a`, createRevision: 0n }],
            success: [put('a', value, lease), range('oldest', 1), range('newest', 2)],
            failure: [range('oldest', 1), get('a')],
          });
        const first = await join('first');
        const again = await join('again');
        expect([first.succeeded, again.succeeded]).to.deep.equal([true, false]);
        expect(first.ranges).to.have.length(2);
        const created = first.ranges[0]?.kvs[0];
        expect(created).to.include({ createRevision: first.revision, modRevision: first.revision, lease });
        expect(again.ranges[1]?.kvs[0]?.value.toString()).to.equal('first');
        expect(again.ranges[1]?.kvs[0]?.createRevision).to.equal(first.revision);
        expect(again.revision >= first.revision).to.equal(true);
      });

      it('compares with the state before, and reads the state it has made', async () => {
        const result = await store.txn({
          compare: [{ key: `${prefix}a`, createRevision: 0n }],
          success: [get('a'), put('a', 'new'), get('a')],
          failure: [],
        });
        expect(result.ranges.map(({ kvs }) => kvs.map(({ value }) => value.toString()))).to.deep.equal([[], ['new']]);
      });

      it('gives one revision to all it writes, and none when it writes nothing', async () => {
        const { revision } = await commit(put('a'), put('b'));
        const result = await commit({ type: 'delete', key: `${prefix}nothing` }, range('oldest', 0));
        expect(result.revision).to.equal(revision);
        expect(result.ranges[0]?.kvs.map(({ createRevision }) => createRevision)).to.deep.equal([revision, revision]);
      });

      it('keeps the create revision through later puts, and gives a new one after a delete', async () => {
        const { revision: first } = await commit(put('a'));
        const { revision: second } = await commit(put('a'));
        expect(await read('a')).to.include({ createRevision: first, modRevision: second });
        await commit({ type: 'delete', key: `${prefix}a` });
        const { revision: third } = await commit(put('a'));
        expect(await read('a')).to.include({ createRevision: third, modRevision: third });
      });

      it('deletes only under the create revision it was given', async () => {
        const { revision } = await commit(put('a'));
        const leave = (createRevision: bigint): Promise<TxnResult> =>
          store.txn({
            compare: [{ key: `${prefix}a`, createRevision }],
            success: [{ type: 'delete', key: `${prefix}a` }],
            failure: [get('a')],
          });
        const wrong = await leave(revision - 1n);
        expect(wrong.succeeded).to.equal(false);
        expect(wrong.ranges[0]?.kvs).to.have.length(1);
        expect((await leave(revision)).succeeded).to.equal(true);
        expect(await read('a')).to.equal(undefined);
      });

      it('refuses a lease that does not exist, and then writes nothing', async () => {
        const error = await rejection(commit(put('a'), put('b', 'x', 4_711n)));
        expect(error).to.include({ name: 'ElectionError', code: 'LEASE_LOST' });
        expect(await read('a')).to.equal(undefined);
      });

      it('refuses to write one key twice', async () => {
        await rejection(commit(put('a'), put('a')));
        await rejection(commit(put('a'), { type: 'delete', key: `${prefix}a` }));
        expect(await read('a')).to.equal(undefined);
      });

      it('takes 128 operations and no more', async () => {
        const puts = (count: number): Op[] => Array.from({ length: count }, (_, index) => put(`k${index}`));
        await rejection(commit(...puts(129)));
        await commit(...puts(128));
        expect((await commit(range('oldest', 1))).ranges[0]?.count).to.equal(128);
      });

      it('keeps bytes that are no text, in keys and in values', async () => {
        const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
        const key = prefix + bytes.toString('latin1');
        await commit({ type: 'put', key, value: bytes, lease: 0n });
        const [kv] = (await commit({ type: 'range', range: { key, order: 'oldest', limit: 0 } })).ranges[0]?.kvs ?? [];
        expect(kv?.key).to.equal(key);
        expect(kv?.value.equals(bytes)).to.equal(true);
      });
    });

    describe('ranges', () => {
      let revisions: bigint[];

      beforeEach(async () => {
        revisions = [];
        for (const keys of [['c'], ['a'], ['e', 'b', 'd']]) {
          revisions.push((await commit(...keys.map((key) => put(key)))).revision);
        }
      });

      it('orders by creation, and keys of one revision by key', async () => {
        expect(names(await commit(range('oldest', 0)))).to.deep.equal(['c', 'a', 'b', 'd', 'e']);
        expect(names(await commit(range('newest', 0)))).to.deep.equal(['b', 'd', 'e', 'a', 'c']);
      });

      it('takes the limit after the order, and counts all', async () => {
        const oldest = await commit(range('oldest', 1));
        const newest = await commit(range('newest', 2));
        expect(names(oldest)).to.deep.equal(['c']);
        expect(names(newest)).to.deep.equal(['b', 'd']);
        expect([oldest.ranges[0]?.count, newest.ranges[0]?.count]).to.deep.equal([5, 5]);
      });

      it('finds the key before a revision, and counts all all the same', async () => {
        const before = await commit(range('newest', 1, revisions[1]));
        expect(names(before)).to.deep.equal(['a']);
        expect(before.ranges[0]?.count).to.equal(5);
        expect(names(await commit(range('newest', 1, (revisions[0] ?? 0n) - 1n)))).to.deep.equal([]);
      });
    });

    describe('leases', () => {
      it('grants 2 s to whoever asks for 1', async () => {
        expect(await store.grant(++lastLease, 1)).to.equal(2);
      });

      it('says nothing of the TTL when a grant is repeated, and leaves the lease as it is', async () => {
        const lease = await newLease();
        await commit(put('a', 'x', lease));
        expect(await store.grant(lease, 30)).to.equal(undefined);
        expect((await read('a'))?.lease).to.equal(lease);
      });

      it('deletes all keys of a revoked lease in one revision, and takes a second revocation for done', async () => {
        const lease = await newLease();
        const recorder = watch();
        const { revision } = await commit(put('b', 'x', lease), put('a', 'x', lease), put('kept'));
        recorder.watchAll(1, revision + 1n);
        await store.revoke(lease);
        await recorder.until((story) => story.length > 1);
        expect(recorder.story).to.deep.equal(['1 created', `1: delete a, delete b`]);
        await store.revoke(lease);
        expect(names(await commit(range('oldest', 0)))).to.deep.equal(['kept']);
      });

      it('moves a key to the lease of its last put, or to none', async () => {
        const [first, second] = [await newLease(), await newLease()];
        await commit(put('moved', 'x', first), put('freed', 'x', first));
        await commit(put('moved', 'x', second), put('freed'));
        await store.revoke(first);
        expect(names(await commit(range('oldest', 0)))).to.deep.equal(['freed', 'moved']);
        await store.revoke(second);
        expect(names(await commit(range('oldest', 0)))).to.deep.equal(['freed']);
      });

      it('deletes the keys of a lease that is not refreshed, and not before its time', async () => {
        const lease = await newLease(2);
        const started = performance.now();
        const recorder = watch();
        const { revision } = await commit(put('a', 'x', lease));
        recorder.watchAll(1, revision + 1n);
        await recorder.until((story) => story.length > 1);
        expect(recorder.story).to.deep.equal(['1 created', '1: delete a']);
        // The lease was granted a little before `started`.
        expect(performance.now() - started).to.be.within(1_900, 3_200);
        expect(await rejection(commit(put('a', 'x', lease)))).to.include({ code: 'LEASE_LOST' });
      });

      it('keeps a lease that is refreshed, and answers each refresh with its TTL', async () => {
        const lease = await newLease(2);
        await commit(put('a', 'x', lease));
        const recorder = recordKeepAlive(store, lease);
        cleanUp.push(() => recorder.stream.close());
        for (let answers = 1; answers <= 3; answers += 1) {
          recorder.stream.send();
          await recorder.until((story) => story.length === answers);
          await new Promise((resolve) => setTimeout(resolve, 900));
        }
        expect(recorder.story).to.deep.equal(['ttl 2', 'ttl 2', 'ttl 2']);
        expect(await read('a')).to.include({ lease });
      });

      it('answers 0 for a lease that is gone', async () => {
        const lease = await newLease();
        const recorder = recordKeepAlive(store, lease);
        cleanUp.push(() => recorder.stream.close());
        await store.revoke(lease);
        recorder.stream.send();
        await recorder.until((story) => story.length === 1);
        expect(recorder.story).to.deep.equal(['ttl 0']);
      });
    });

    describe('watches', () => {
      it('tells of what happens from now on, in order, all of one revision together', async () => {
        const { revision } = await commit(put('old'));
        const recorder = watch();
        recorder.watchAll(1, revision + 1n);
        await recorder.until((story) => story.length === 1);
        await commit(put('b'), put('a'));
        await commit({ type: 'delete', key: `${prefix}b` }, put('a'));
        await recorder.until((story) => story.length === 3);
        expect(recorder.story).to.deep.equal(['1 created', '1: put b, put a', '1: delete b, put a']);
      });

      it('misses nothing between a read and its watch', async () => {
        const { revision } = await commit(put('a', 'one'));
        await commit(put('a', 'two'));
        await commit({ type: 'delete', key: `${prefix}a` });
        const recorder = watch();
        recorder.stream.create(7, `${prefix}a`, undefined, revision + 1n);
        await recorder.until((story) => story.join().includes('delete'));
        const events = recorder.events.map(({ type, kv }) => `${type} ${kv?.value.toString() ?? ''}`);
        expect(events).to.deep.equal(['put two', 'delete ']);
        expect(recorder.events.map((event) => event.revision)).to.deep.equal([revision + 1n, revision + 2n]);
      });

      it('tells each watch of its own keys only, and nothing once it is cancelled', async () => {
        const { revision } = await commit(put('old'));
        const recorder = watch();
        recorder.stream.create(1, `${prefix}a`, undefined, revision + 1n);
        recorder.stream.create(2, `${prefix}b`, undefined, revision + 1n);
        await recorder.until((story) => story.length === 2);
        recorder.stream.cancel(1);
        recorder.stream.ping();
        await recorder.until(() => recorder.signs > 2);
        await commit(put('a'), put('b'), put('c'));
        await recorder.until((story) => story.length === 3);
        expect([...recorder.story].sort()).to.deep.equal(['1 created', '2 created', '2: put b']);
      });

      it('cancels a watch from before the compaction, and says from where it is possible', async () => {
        const { revision } = await commit(put('a'));
        await commit(put('a'));
        const { revision: last } = await commit(put('a'));
        await opened.compact(last);
        const recorder = watch();
        recorder.watchAll(1, revision);
        recorder.watchAll(2, last);
        await recorder.until((story) => story.length === 4);
        expect([...recorder.story].sort()).to.deep.equal([
          '1 cancelled, compacted at its own revision + 2',
          '1 created',
          '2 created',
          '2: put a',
        ]);
      });

      it('gives a sign of life when asked', async () => {
        const recorder = watch();
        recorder.watchAll(1, (await commit(put('a'))).revision + 1n);
        await recorder.until((story) => story.length === 1);
        const before = recorder.signs;
        recorder.stream.ping();
        await recorder.until(() => recorder.signs > before);
        expect(recorder.story).to.deep.equal(['1 created']);
      });

      it('tells nothing after close', async () => {
        const { revision } = await commit(put('a'));
        const [closed, open] = [watch(), watch()];
        for (const recorder of [closed, open]) {
          recorder.watchAll(1, revision + 1n);
          await recorder.until((story) => story.length === 1);
        }
        closed.stream.close();
        await commit(put('a'));
        await open.until((story) => story.length === 2);
        expect(closed.story).to.deep.equal(['1 created']);
      });
    });
  });
}

async function rejection(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => new Error('it was not refused'),
    (reason: Error) => reason,
  );
  expect(error.message).not.to.equal('it was not refused');
  return error;
}
