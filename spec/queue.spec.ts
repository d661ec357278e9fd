import { expect } from 'chai';
import { prefixOf } from '../lib/queue/keys.js';
import type { OwnKey } from '../lib/queue/place.js';
import { Queue } from '../lib/queue/queue.js';
import { RankKey } from '../lib/queue/rank.js';
import { type Process, recordLog, World } from './support/world.js';

describe('the queue', () => {
  let world: World;
  let process: Process;
  let log: ReturnType<typeof recordLog>;
  let queue: Queue;
  const value = Buffer.from('me');

  beforeEach(async () => {
    world = new World();
    process = world.process('one');
    log = recordLog();
    queue = new Queue(process.store, 'jobs', () => log);
    for (const lease of [0x1an, 0x2bn, 0x3cn]) await world.settled(process.store.grant(lease, 60));
  });
  const join = (lease: bigint, withHead = true) => world.settled(queue.join(lease, value, withHead));
  const place = (own: OwnKey) => world.settled(queue.place(own));
  const txns = (): number => process.store.requests.txn;

  describe('when a candidate joins,', () => {
    it('writes the first key, with its lease, in one transaction, and finds this key the oldest', async () => {
      const { place, head } = await join(0x1an);
      expect(txns()).to.equal(1);
      expect(world.etcd.get('jobs/1a')).to.include({ lease: 0x1an, createRevision: 2n });
      expect(world.etcd.get('jobs/1a')?.value.toString()).to.equal('me');
      expect(place).to.deep.include({
        own: { key: 'jobs/1a', createRevision: 2n, lease: 0x1an },
        predecessor: undefined,
      });
      expect(head?.kv).to.include({ key: 'jobs/1a', createRevision: 2n });
      expect(head?.count).to.equal(1);
    });

    it('puts the key behind the last key, and tells in the same transaction who leads', async () => {
      await join(0x1an);
      await join(0x2bn);
      const { place, head } = await join(0x3cn);
      expect(txns()).to.equal(3);
      expect(place).to.include({ predecessor: 'jobs/2b', revision: 4n });
      expect(head?.kv?.key).to.equal('jobs/1a');
    });

    it('does not read who leads when nobody wants to know', async () => {
      const { head } = await join(0x1an, false);
      expect([head, txns()]).to.deep.equal([undefined, 1]);
    });

    it('finds the key of an earlier attempt whose reply was lost, and counts its first revision', async () => {
      world.etcd.next('txn', 'lose reply');
      expect(await world.refusal(queue.join(0x1an, value, true))).to.equal('UNAVAILABLE');
      await join(0x2bn);
      const { place } = await join(0x1an);
      expect(place).to.deep.include({
        own: { key: 'jobs/1a', createRevision: 2n, lease: 0x1an },
        predecessor: undefined,
      });
      expect(world.etcd.get('jobs/1a')?.version).to.equal(1n);
    });

    it('does not take up an older key of the same name, which comes from a restored snapshot', async () => {
      const first = (await join(0x1an)).place.own;
      const before = world.etcd.revision;
      await world.settled(queue.release(first));
      const second = (await join(0x1an)).place.own;
      world.etcd.restoreSnapshot({ changes: Number(world.etcd.revision - before), ms: 1, bump: 100n });
      await world.advance(2_000);
      expect(world.etcd.get('jobs/1a')?.createRevision).to.equal(first.createRevision);
      const third = (await join(0x1an)).place.own;
      expect(third.createRevision > second.createRevision).to.equal(true);
    });

    it('gets one key when the transaction is carried out twice', async () => {
      world.etcd.next('txn', 'duplicate');
      const { place } = await join(0x1an);
      expect(place.own.createRevision).to.equal(2n);
      expect(world.etcd.keys('jobs/')).to.have.length(1);
    });

    it('writes another value than at the earlier attempt, in the same place', async () => {
      world.etcd.next('txn', 'lose reply');
      await world.refusal(queue.join(0x1an, Buffer.from('before'), true));
      const { place } = await join(0x1an);
      expect(place.own.createRevision).to.equal(2n);
      expect(world.etcd.get('jobs/1a')?.value.toString()).to.equal('me');
      expect(world.etcd.get('jobs/1a')?.lease).to.equal(0x1an);
    });

    it("takes over a key of the candidate's name that somebody wrote without its lease", async () => {
      world.etcd.put('jobs/1a', 'forged');
      const { place } = await join(0x1an);
      expect(place.own).to.deep.equal({ key: 'jobs/1a', createRevision: 2n, lease: 0x1an });
      expect(world.etcd.get('jobs/1a')).to.include({ lease: 0x1an, createRevision: 2n });
    });

    it('refuses the join when the key was deleted before its place was read', async () => {
      world.etcd.next('txn', 'lose reply');
      await world.refusal(queue.join(0x1an, value, true));
      const joining = queue.join(0x1an, value, true);
      await world.advance(2.5); // the repeated transaction has found the key, and the read of its place is under way
      world.etcd.delete('jobs/1a');
      expect(await world.refusal(joining)).to.equal('UNAVAILABLE');
    });

    it('refuses a lease that is gone', async () => {
      expect(await world.refusal(queue.join(0x99n, value, true))).to.equal('LEASE_LOST');
      expect(world.etcd.keys('jobs/')).to.deep.equal([]);
    });
  });

  describe('when a candidate asks for its place,', () => {
    it('finds the predecessor, which is the youngest of the older keys, by one read', async () => {
      const { place: first } = await join(0x1an);
      const { place: second } = await join(0x2bn);
      const { place: third } = await join(0x3cn);
      const before = txns();
      expect((await place(third.own))?.predecessor).to.equal('jobs/2b');
      expect((await place(second.own))?.predecessor).to.equal('jobs/1a');
      expect((await place(first.own))?.predecessor).to.equal(undefined);
      expect(txns() - before).to.equal(3);
      world.etcd.delete('jobs/2b');
      expect((await place(third.own))?.predecessor).to.equal('jobs/1a');
    });

    it('tells that there is no place when the key is gone, though it would be the oldest', async () => {
      const { place: first } = await join(0x1an);
      const { place: second } = await join(0x2bn);
      world.etcd.delete('jobs/1a', 'jobs/2b');
      expect(await place(first.own)).to.equal(undefined);
      expect(await place(second.own)).to.equal(undefined);
    });

    it('takes a later key of the same name for another key', async () => {
      const { place: first } = await join(0x1an);
      world.etcd.delete('jobs/1a');
      world.etcd.put('jobs/1a', 'again', 0x1an);
      expect(await place(first.own)).to.equal(undefined);
    });

    it('orders keys of one revision by name, as etcd sorts them', async () => {
      const put = (lease: bigint) => ({ type: 'put', key: `jobs/${lease.toString(16)}`, value, lease }) as const;
      const success = [put(0x3cn), put(0x1an), put(0x2bn)];
      const { revision } = await world.settled(process.store.txn({ compare: [], success, failure: [] }));
      const own = (lease: bigint): OwnKey => ({ key: `jobs/${lease.toString(16)}`, createRevision: revision, lease });
      expect((await place(own(0x1an)))?.predecessor).to.equal(undefined);
      expect((await place(own(0x2bn)))?.predecessor).to.equal('jobs/1a');
      expect((await place(own(0x3cn)))?.predecessor).to.equal('jobs/2b');
      expect((await world.settled(queue.head())).kv?.key).to.equal('jobs/1a');
      expect((await world.settled(queue.all())).map(({ key }) => key)).to.deep.equal(['jobs/1a', 'jobs/2b', 'jobs/3c']);
    });

    it('takes a key for the oldest only as long as no older key is there', async () => {
      const { place: first } = await join(0x1an);
      const { place: second } = await join(0x2bn);
      const oldest = (own: OwnKey) => world.settled(queue.isOldest(own));
      expect([await oldest(first.own), await oldest(second.own)]).to.deep.equal([true, false]);
      world.etcd.delete('jobs/1a');
      expect([await oldest(first.own), await oldest(second.own)]).to.deep.equal([false, true]);
    });
  });

  describe('when a candidate leaves,', () => {
    it('deletes the key, and takes a key that is gone already for released', async () => {
      const { place } = await join(0x1an);
      await world.settled(queue.release(place.own));
      expect(world.etcd.keys('jobs/')).to.deep.equal([]);
      await world.settled(queue.release(place.own));
    });

    it('does not touch a later key of the same name', async () => {
      const { place } = await join(0x1an);
      world.etcd.delete('jobs/1a');
      world.etcd.put('jobs/1a', 'somebody else');
      await world.settled(queue.release(place.own));
      expect(world.etcd.get('jobs/1a')?.value.toString()).to.equal('somebody else');
    });

    it('deletes the priority also where somebody has written another key in the place of its own', async () => {
      queue.rank = new RankKey('jobs', 3);
      await join(0x1an);
      expect(world.etcd.keys('jobs!rank/')).to.have.length(1);
      world.etcd.put('jobs/1a', 'of somebody');
      await world.settled(queue.withdraw(0x1an, new AbortController().signal));
      expect(world.etcd.keys('jobs!rank/')).to.deep.equal([]);
      expect(world.etcd.get('jobs/1a')?.value.toString()).to.equal('of somebody');
    });
  });

  it('writes a proclaimed value in the same place, with the lease, and says when the key is gone', async () => {
    const { place } = await join(0x1an);
    expect(await world.settled(queue.proclaim(place.own, Buffer.from('new')))).to.equal(3n);
    expect(world.etcd.get('jobs/1a')).to.include({ lease: 0x1an, createRevision: 2n, modRevision: 3n });
    world.etcd.delete('jobs/1a');
    expect(await world.settled(queue.proclaim(place.own, Buffer.from('newer')))).to.equal(undefined);
    expect(world.etcd.keys('jobs/')).to.deep.equal([]);
  });

  describe('when nested elections have keys under it,', () => {
    const nest = (from: number, to: number): void => {
      for (let n = from; n < to; n += 1) world.etcd.put(`jobs/nested/${n}`, 'x');
    };

    it('skips these keys, and warns of them once', async () => {
      nest(0, 3);
      const { place } = await join(0x1an);
      expect(place.predecessor).to.equal(undefined);
      await join(0x2bn);
      expect(log.messages('warn')).to.deep.equal(['keys of a nested election under this one are skipped']);
      expect(log.lines.find(({ level }) => level === 'warn')?.data).to.deep.equal({ key: 'jobs/nested/0' });
    });

    it('skips them before, between and behind the candidates', async () => {
      nest(0, 3);
      await join(0x1an);
      nest(3, 9);
      const { place: second } = await join(0x2bn);
      nest(9, 12);
      expect(second.predecessor).to.equal('jobs/1a');
      expect((await place(second.own))?.predecessor).to.equal('jobs/1a');
      const { kv } = await world.settled(queue.head());
      expect(kv?.key).to.equal('jobs/1a');
      expect((await world.settled(queue.all())).map(({ key }) => key)).to.deep.equal(['jobs/1a', 'jobs/2b']);
    });

    it('skips thousands of them in a handful of reads', async () => {
      nest(0, 5_000);
      await join(0x1an);
      nest(5_000, 10_000);
      const before = txns();
      const { place } = await join(0x2bn);
      expect(place.predecessor).to.equal('jobs/1a');
      expect((await world.settled(queue.head())).kv?.key).to.equal('jobs/1a');
      expect(txns() - before).to.be.lessThan(12);
    });

    it('finds nobody when there is no candidate besides', async () => {
      nest(0, 100);
      expect((await world.settled(queue.head())).kv).to.equal(undefined);
      expect(await world.settled(queue.all())).to.deep.equal([]);
    });

    it('does not skip keys that are no lease ids, since other clients may name their keys as they like', async () => {
      world.etcd.put(`${prefixOf('jobs')}by hand`, 'x');
      expect((await join(0x1an)).place.predecessor).to.equal('jobs/by hand');
    });
  });
});
