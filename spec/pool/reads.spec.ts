import { expect } from 'chai';
import { Pool } from '../../lib/index.js';
import { PoolKeys } from '../../lib/pool/keys.js';
import { OwnersTable } from '../../lib/pool/owners-table.js';
import { readPaged } from '../../lib/pool/reads.js';
import { RevisionGone, type Store, type Txn, type WatchEvent } from '../../lib/store/store.js';
import { World } from '../support/world.js';

const PARTITIONS = 5_000;
const W = { id: 'w', leaseId: 'a', weight: 1, owned: PARTITIONS, planned: PARTITIONS, isLeaving: false };
const MOST_IN_AN_ANSWER = 2_000;

describe('the read of all owners', () => {
  const keys = new PoolKeys('p');
  const keyOf = (partition: number, lease = 'a'): string => keys.owner(`${partition}`, lease);
  let world: World;
  let store: Store;
  /** How many keys each answer had. */
  let answers: number[];
  /** Is called before each request. */
  let beforeRead: () => void;

  beforeEach(() => {
    world = new World();
    [answers, beforeRead] = [[], () => {}];
    world.etcd.grant(0xan, 3_600);
    world.etcd.grant(0xbn, 3_600);
    for (let partition = 0; partition < PARTITIONS; partition++) world.etcd.put(keyOf(partition), 'a', 0xan);
    const { store: below } = world.process('reader');
    const txn = async (request: Txn) => {
      beforeRead();
      const result = await below.txn(request);
      answers.push(result.ranges[0]?.kvs.length ?? 0);
      return result;
    };
    store = { txn } as unknown as Store;
  });

  it('takes some thousand keys at a time, so that no answer keeps the event loop busy for long', async () => {
    const { kvs } = await world.settled(readPaged(store, keys.owners));
    expect(Math.max(...answers)).to.be.at.most(MOST_IN_AN_ANSWER);
    expect(new Set(kvs.map(({ key }) => key)).size).to.equal(PARTITIONS);
    expect(kvs).to.have.length(PARTITIONS);
  });

  it('ends with the last key, also when that is the last of its answer', async () => {
    for (let partition = 4_000; partition < PARTITIONS; partition++) world.etcd.delete(keyOf(partition));
    const { kvs } = await world.settled(readPaged(store, keys.owners));
    expect(kvs).to.have.length(4_000);
    expect(answers).to.deep.equal([2_000, 2_000, 0]);
  });

  it('shows one moment, that of its revision, though the keys change between two answers', async () => {
    const then = world.etcd.keys('p/owners/');
    beforeRead = () => {
      if (answers.length === 0) return;
      const [before, behind] = [answers.length, PARTITIONS - answers.length];
      for (const partition of [before, behind]) {
        world.etcd.delete(keyOf(partition));
        world.etcd.put(keyOf(partition, 'b'), 'b', 0xbn);
        world.etcd.put(keyOf(partition + PARTITIONS), 'a', 0xan);
      }
      world.etcd.put(keyOf(2_500), 'changed', 0xan);
    };
    const { kvs, revision } = await world.settled(readPaged(store, keys.owners));
    expect(answers).to.deep.equal([2_000, 2_000, 1_000]);
    expect(kvs.map(({ key, value }) => `${key} ${value}`)).to.deep.equal(then.map(({ key }) => `${key} a`));
    expect(revision).to.equal(then.reduce((most, kv) => (kv.modRevision > most ? kv.modRevision : most), 0n));
  });

  it('begins again, and shows a later moment, when etcd has compacted the first one meanwhile', async () => {
    beforeRead = () => {
      if (answers.length !== 1) return;
      world.etcd.delete(keyOf(0));
      world.etcd.compact();
    };
    const { kvs, revision } = await world.settled(readPaged(store, keys.owners));
    expect(answers).to.deep.equal([2_000, 2_000, 2_000, 999]);
    expect([kvs.length, revision]).to.deep.equal([PARTITIONS - 1, world.etcd.revision]);
  });

  it('gives up when etcd is compacted each time', async () => {
    beforeRead = () => {
      world.etcd.put('other', 'x');
      world.etcd.compact();
    };
    const error = await world.settled(readPaged(store, keys.owners).catch((err: unknown) => err));
    expect(error).to.be.an.instanceOf(RevisionGone).with.property('code', 'UNAVAILABLE');
    expect(answers).to.deep.equal([2_000, 2_000, 2_000]);
  });

  it('is one moment for the members and what they own, as users ask for them', async () => {
    world.etcd.put('p/members/a', '{"v":1,"id":"w","weight":1,"count":5000}', 0xan);
    world.etcd.put('p/plan/a', '{"v":1,"by":"1","own":[[0,4999]]}', 0xan);
    for (const ask of ['owners', 'members'] as const) {
      const process = world.process(`asks for ${ask}`);
      const asking = new Pool(process, 'p', { partitions: 1 });
      let asked = 0;
      process.store.faults.draw = ({ kind }) => {
        if (kind === 'txn' && ++asked === 2) {
          for (let partition = 0; partition < PARTITIONS; partition += 2) world.etcd.delete(keyOf(partition));
        }
        return 'ok';
      };
      for (let partition = 0; partition < PARTITIONS; partition++) world.etcd.put(keyOf(partition), 'w', 0xan);
      if (ask === 'owners') expect((await world.settled(asking.owners())).size).to.equal(PARTITIONS);
      else expect(await world.settled(asking.members())).to.deep.include.members([{ ...W, isCoordinator: false }]);
      expect(asked).to.equal(3);
    }
  });

  it('shows all, together with the events after its revision, though the keys change between two answers', async () => {
    let change = 0;
    beforeRead = () => {
      // Each time something comes, goes and moves before and behind what has been read.
      for (const partition of [change, PARTITIONS - 1 - change]) {
        world.etcd.put(keyOf(partition, 'b'), 'b', 0xbn);
        world.etcd.delete(keyOf(partition));
        world.etcd.put(keyOf(partition + PARTITIONS), 'a', 0xan);
      }
      change += 1;
    };
    const { kvs, revision } = await world.settled(readPaged(store, keys.owners));
    const table = new OwnersTable(keys, { withValues: false });
    table.load(kvs);
    const events: WatchEvent[] = [];
    const nothing = (): void => {};
    const watch = world.process('follower').store.watch({
      created: nothing,
      events: (_, some) => events.push(...some),
      cancelled: nothing,
      alive: nothing,
      closed: nothing,
    });
    watch.create(1, keys.owners.key, keys.owners.end, revision + 1n);
    await world.advance(1_000);
    watch.close();
    expect(events.length).to.be.greaterThan(6);
    for (const event of events) table.apply(event);

    const truth = new OwnersTable(keys, { withValues: false });
    truth.load(world.etcd.keys('p/owners/'));
    const ownersIn = (one: OwnersTable): string[] =>
      [...one.partitions].sort().map((partition) => `${partition} ${one.queue(partition).map(({ lease }) => lease)}`);
    expect(ownersIn(table)).to.deep.equal(ownersIn(truth));
  });
});
