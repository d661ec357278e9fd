import { expect } from 'chai';
import type { Op, TxnResult } from '../../../lib/store/store.js';
import { type ContractContext, rejection } from './context.js';

export function transactionSpecs(spec: ContractContext): void {
  describe('with transactions', () => {
    it('creates a key once, and tells the second transaction which one came first', async () => {
      const lease = await spec.newLease();
      const join = (value: string): Promise<TxnResult> =>
        spec.store.txn({
          compare: [{ key: `${spec.prefix}a`, createRevision: 0n }],
          success: [spec.put('a', value, lease), spec.range('oldest', 1), spec.range('newest', 2)],
          failure: [spec.range('oldest', 1), spec.get('a')],
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
      const result = await spec.store.txn({
        compare: [{ key: `${spec.prefix}a`, createRevision: 0n }],
        success: [spec.get('a'), spec.put('a', 'new'), spec.get('a')],
        failure: [],
      });
      expect(result.ranges.map(({ kvs }) => kvs.map(({ value }) => value.toString()))).to.deep.equal([[], ['new']]);
    });

    it('gives one revision to all it writes, and none when it writes nothing', async () => {
      const { revision } = await spec.commit(spec.put('a'), spec.put('b'));
      const result = await spec.commit({ type: 'delete', key: `${spec.prefix}nothing` }, spec.range('oldest', 0));
      expect(result.revision).to.equal(revision);
      expect(result.ranges[0]?.kvs.map(({ createRevision }) => createRevision)).to.deep.equal([revision, revision]);
    });

    it('keeps the create revision through later puts, and gives a new one after a delete', async () => {
      const { revision: first } = await spec.commit(spec.put('a'));
      const { revision: second } = await spec.commit(spec.put('a'));
      expect(await spec.read('a')).to.include({ createRevision: first, modRevision: second });
      await spec.commit({ type: 'delete', key: `${spec.prefix}a` });
      const { revision: third } = await spec.commit(spec.put('a'));
      expect(await spec.read('a')).to.include({ createRevision: third, modRevision: third });
    });

    it('deletes only under the create revision it was given', async () => {
      const { revision } = await spec.commit(spec.put('a'));
      const leave = (createRevision: bigint): Promise<TxnResult> =>
        spec.store.txn({
          compare: [{ key: `${spec.prefix}a`, createRevision }],
          success: [{ type: 'delete', key: `${spec.prefix}a` }],
          failure: [spec.get('a')],
        });
      const wrong = await leave(revision - 1n);
      expect(wrong.succeeded).to.equal(false);
      expect(wrong.ranges[0]?.kvs).to.have.length(1);
      expect((await leave(revision)).succeeded).to.equal(true);
      expect(await spec.read('a')).to.equal(undefined);
    });

    it('compares the ages of all keys of a range, and holds for a range without keys', async () => {
      const range = { key: spec.prefix, end: `${spec.prefix}\xff` };
      const write = async (key: string, createdBefore: bigint): Promise<boolean> => {
        const compare = [{ ...range, createdBefore }];
        return (await spec.store.txn({ compare, success: [spec.put(key)], failure: [spec.get(key)] })).succeeded;
      };
      expect(await write('a', 1n)).to.equal(true);
      const { revision } = await spec.commit(spec.put('b'));
      await spec.commit(spec.put('a')); // no younger for that
      expect(await write('c', revision)).to.equal(false);
      expect(await write('c', revision + 1n)).to.equal(true);
      expect(await write('d', revision + 1n)).to.equal(false);
    });

    it('refuses a lease that does not exist, and then writes nothing', async () => {
      const error = await rejection(spec.commit(spec.put('a'), spec.put('b', 'x', 4_711n)));
      expect(error).to.include({ name: 'ElectionError', code: 'LEASE_LOST' });
      expect(await spec.read('a')).to.equal(undefined);
    });

    it('refuses to write one key twice', async () => {
      await rejection(spec.commit(spec.put('a'), spec.put('a')));
      await rejection(spec.commit(spec.put('a'), { type: 'delete', key: `${spec.prefix}a` }));
      expect(await spec.read('a')).to.equal(undefined);
    });

    it('takes 128 operations and no more', async () => {
      const puts = (count: number): Op[] => Array.from({ length: count }, (_, index) => spec.put(`k${index}`));
      await rejection(spec.commit(...puts(129)));
      await spec.commit(...puts(128));
      expect((await spec.commit(spec.range('oldest', 1))).ranges[0]?.count).to.equal(128);
    });

    it('keeps bytes that are no text, in keys and in values', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      const key = spec.prefix + bytes.toString('latin1');
      await spec.commit({ type: 'put', key, value: bytes, lease: 0n });
      const [kv] =
        (await spec.commit({ type: 'range', range: { key, order: 'oldest', limit: 0 } })).ranges[0]?.kvs ?? [];
      expect(kv?.key).to.equal(key);
      expect(kv?.value.equals(bytes)).to.equal(true);
    });
  });
}
