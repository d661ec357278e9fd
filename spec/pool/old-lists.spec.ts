import { expect } from 'chai';
import { Election } from '../../lib/index.js';
import { PoolKeys } from '../../lib/pool/keys.js';
import { OldLists } from '../../lib/pool/old-lists.js';
import type { SeenMember } from '../../lib/pool/overview.js';
import { bytesOfList, hashOfList } from '../../lib/pool/partition-list.js';
import { World } from '../support/world.js';

/** Lists by their names in etcd, in the order of these. */
const LISTS = new Map(
  [['a'], ['b']]
    .map((names) => bytesOfList(names))
    .map((bytes) => [hashOfList(bytes), bytes.toString()] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1)),
);
const [USED = '', OLD = ''] = [...LISTS.keys()];
/** Milliseconds for which a list is kept that nobody announces. */
const KEPT = 60_000;

describe('what deletes old lists', () => {
  let world: World;
  let coordinator: Election;
  let oldLists: OldLists;
  let seen: { lists: Set<string>; members: Map<string, SeenMember>; unreadable: Set<string> };

  const lists = (): string[] => world.etcd.keys('p/lists/').map(({ key }) => key.slice('p/lists/'.length));

  /** Puts the key of a member, which the coordinator need not have heard of. */
  const join = (hex: string, list: string): SeenMember => {
    const lease = BigInt(`0x${hex}`);
    world.etcd.grant(lease, 3_600);
    world.etcd.put(`p/members/${hex}`, JSON.stringify({ v: 1, id: hex, weight: 1, list }), lease);
    const value = { id: hex, weight: 1, announcement: { list }, isLeaving: false, isUnfit: false };
    return { ...value, lease, hex, createRevision: world.etcd.revision };
  };
  const clean = (now: number): Promise<void> => world.settled(oldLists.clean(seen, now));

  beforeEach(async () => {
    world = new World();
    const process = world.process('a');
    coordinator = new Election(process, 'p/coordinator');
    await world.queued(coordinator);
    const { leadership } = coordinator;
    if (leadership === undefined) throw new Error('it does not lead');
    oldLists = new OldLists(process.store, new PoolKeys('p'), leadership);
    for (const [hash, names] of LISTS) world.etcd.put(`p/lists/${hash}`, names);
    seen = { lists: new Set([USED, OLD]), members: new Map([['1f', join('1f', USED)]]), unreadable: new Set() };
    await clean(0);
  });

  afterEach(() => world.settled(coordinator.stop()));

  it('deletes a list that nobody has announced for a minute, and not a millisecond earlier', async () => {
    expect(oldLists.nextAt).to.equal(KEPT);
    await clean(KEPT - 1);
    expect(lists()).to.deep.equal([USED, OLD]);
    await clean(KEPT);
    expect(lists()).to.deep.equal([USED]);
    expect(oldLists.nextAt).to.equal(undefined);
  });

  it('deletes nothing when a member has joined that the coordinator has not heard of, and tries later', async () => {
    const unheard = join('2f', OLD);
    await clean(KEPT);
    expect(lists()).to.deep.equal([USED, OLD]);
    expect(oldLists.nextAt).to.equal(2 * KEPT);
    seen.members.set('2f', unheard);
    await clean(2 * KEPT);
    expect(lists()).to.deep.equal([USED, OLD]);
    expect(oldLists.nextAt).to.equal(undefined);
  });

  it('deletes nothing when it coordinates no longer', async () => {
    world.etcd.delete(coordinator.leadership?.key ?? '');
    await clean(KEPT);
    expect(lists()).to.deep.equal([USED, OLD]);
  });

  it('deletes nothing when a member is there that makes no sense', async () => {
    seen.unreadable.add('3f');
    await clean(KEPT);
    expect(lists()).to.deep.equal([USED, OLD]);
  });

  it('deletes no key that does not say what its name says: an application has written it', async () => {
    const theirs = '65a1b2c3d4e5f607';
    world.etcd.put(`p/lists/${theirs}`, 'the only copy');
    seen.lists.add(theirs);
    await clean(KEPT);
    for (let n = 2; n < 6; n++) await clean(n * KEPT);
    expect(lists()).to.deep.equal([USED, theirs].sort());
  });

  it('begins to count again when a member has announced the list in between', async () => {
    seen.members.set('2f', join('2f', OLD));
    await clean(KEPT - 1);
    seen.members.delete('2f');
    world.etcd.delete('p/members/2f');
    await clean(KEPT);
    await clean(2 * KEPT - 1);
    expect(lists()).to.deep.equal([USED, OLD]);
    await clean(2 * KEPT);
    expect(lists()).to.deep.equal([USED]);
  });
});
