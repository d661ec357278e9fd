import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { createClient } from '../lib/client.js';
import { EtcdStore } from '../lib/etcd/etcd-store.js';
import { ClientClosed, type RangeQuery, type Txn } from '../lib/store/store.js';
import { GrpcMember, type Message, StatusAnswer } from './support/grpc-member.js';
import { tracked } from './support/track.js';
import { VirtualTime } from './support/virtual-time.js';

describe('the store on etcd3', () => {
  let member: GrpcMember;
  let etcd: Etcd3;
  let store: EtcdStore;

  beforeEach(async () => {
    member = await GrpcMember.listen();
    etcd = createClient({ hosts: member.host });
    tracked({ close: () => etcd.close() });
    store = new EtcdStore(etcd, new VirtualTime().clock());
  });
  const fail = (code: number, message: string) => () => {
    throw new StatusAnswer(code, message);
  };
  const codeOf = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'ok',
      ({ code }) => code,
    );

  it('says at once that its client is closed, so that nobody tries again', async () => {
    etcd.close();
    for (const request of [() => store.revoke(1n), () => store.txn(read(query))]) {
      const err: unknown = await request().catch((reason: unknown) => reason);
      expect(err).to.be.instanceOf(ClientClosed).and.include({ code: 'UNAVAILABLE' });
      expect((err as Error).message).to.match(/^etcd was not asked to .*: the client is closed$/);
    }
  });

  const query: RangeQuery = { key: 'jobs/', end: 'jobs0', order: 'newest', limit: 2 };
  const read = (range: RangeQuery): Txn => ({ compare: [], success: [{ type: 'range', range }], failure: [] });
  const kv = (key: Buffer, value: Buffer): Message => ({
    key,
    value,
    create_revision: '9007199254740993',
    mod_revision: '9007199254740995',
    version: '1',
    lease: '7587862094012030978',
  });

  describe('leases', () => {
    it('are granted under the id of our choice, with the TTL in the reply', async () => {
      member.answers.LeaseGrant = ({ ID }) => ({ ID, TTL: '15' });
      expect((await store.grant(7_587_862_094_012_030_978n, 10)).ttl).to.equal(15);
      expect(member.requests('LeaseGrant')).to.deep.equal([{ ID: '7587862094012030978', TTL: '10' }]);
    });

    it('are taken for granted by an earlier attempt when they exist already', async () => {
      member.answers.LeaseGrant = fail(9, 'etcdserver: lease already exists');
      expect(await store.grant(1n, 10)).to.deep.equal({ ttl: undefined });
      expect(member.requests('LeaseGrant'), 'asked once: etcd has decided').to.have.length(1);
    });

    it('are taken for revoked when they are gone already', async () => {
      member.answers.LeaseRevoke = fail(5, 'etcdserver: requested lease not found');
      expect(await codeOf(store.revoke(1n))).to.equal('ok');
      member.answers.LeaseRevoke = fail(7, 'etcdserver: permission denied');
      expect(await codeOf(store.revoke(1n))).to.equal('PERMISSION_DENIED');
      expect(member.requests('LeaseRevoke')).to.deep.equal([{ ID: '1' }, { ID: '1' }]);
    });

    it('are refused with what etcd says', async () => {
      member.answers.LeaseGrant = fail(7, 'etcdserver: permission denied');
      expect(await codeOf(store.grant(1n, 10))).to.equal('PERMISSION_DENIED');
    });
  });

  describe('transactions', () => {
    it('carry bytes, revisions and leases unharmed, both ways', async () => {
      const key = Buffer.from([0x6a, 0x2f, 0xff, 0x00]);
      member.answers.Txn = () => ({
        header: { revision: '9007199254740997', cluster_id: '14841639068965178418' },
        succeeded: false,
        responses: [
          { response_put: {} },
          { response_range: { kvs: [kv(key, Buffer.from([0, 255]))], count: '12' } },
          { response_delete_range: {} },
        ],
      });
      const result = await store.txn({
        compare: [{ key: 'j/\xff', createRevision: 9_007_199_254_740_993n }],
        success: [
          { type: 'put', key: 'j/\xff', value: Buffer.from([1]), lease: 31n },
          { type: 'range', range: { ...query, keysOnly: true, maxCreateRevision: 5n } },
          { type: 'delete', key: 'j/\xff' },
        ],
        failure: [],
      });
      expect(result).to.deep.equal({
        succeeded: false,
        revision: 9_007_199_254_740_997n,
        cluster: 14_841_639_068_965_178_418n,
        ranges: [
          {
            kvs: [
              {
                key: 'j/\xff\0',
                value: Buffer.from([0, 255]),
                createRevision: 9_007_199_254_740_993n,
                modRevision: 9_007_199_254_740_995n,
                lease: 7_587_862_094_012_030_978n,
              },
            ],
            count: 12,
          },
        ],
      });
      const [sent] = member.requests('Txn') as { compare: Message[]; success: Message[] }[];
      const bytes = Buffer.from([0x6a, 0x2f, 0xff]);
      expect(sent?.compare[0]).to.deep.include({
        key: bytes,
        target: 'Create',
        result: 'Equal',
        create_revision: '9007199254740993',
      });
      expect(sent?.success[0]?.['request_put']).to.deep.include({ key: bytes, value: Buffer.from([1]), lease: '31' });
      expect(sent?.success[1]?.['request_range']).to.deep.include({
        sort_target: 'Create',
        sort_order: 'Descend',
        keys_only: true,
        limit: '2',
        max_create_revision: '5',
      });
      expect(sent?.success[2]?.['request_delete_range']).to.deep.include({ key: bytes });
    });

    it('are sent as a read, sorted by etcd, when they consist of one read', async () => {
      member.answers.Range = () => ({
        header: { revision: '8' },
        kvs: [kv(Buffer.from('jobs/1'), Buffer.alloc(0))],
        count: '3',
      });
      const result = await store.txn(read({ ...query, order: 'oldest' }));
      expect([result.succeeded, result.revision, result.ranges[0]?.count]).to.deep.equal([true, 8n, 3]);
      const [sent] = member.requests('Range');
      expect(sent).to.deep.include({ key: Buffer.from('jobs/'), range_end: Buffer.from('jobs0') });
      expect(sent).to.include({ sort_target: 'Create', sort_order: 'Ascend', limit: '2', serializable: false });
      expect(member.requests('Txn')).to.deep.equal([]);
    });

    it('are refused with LEASE_LOST when their lease is gone', async () => {
      member.answers.Txn = fail(5, 'etcdserver: requested lease not found');
      const put: Txn = {
        compare: [],
        success: [{ type: 'put', key: 'a', value: Buffer.from('x'), lease: 1n }],
        failure: [],
      };
      expect(await codeOf(store.txn(put))).to.equal('LEASE_LOST');
    });

    it('do not keep the whole reply in memory by keeping a part of it', async () => {
      const value = Buffer.alloc(10, 1);
      member.answers.Range = () => ({ header: { revision: '8' }, kvs: [kv(Buffer.from('a'), value)], count: '1' });
      const { ranges } = await store.txn(read(query));
      const [found] = ranges[0]?.kvs ?? [];
      expect(found?.value).to.deep.equal(value);
      value.fill(2);
      expect(found?.value[0]).to.equal(1);
    });
  });
});
