import { expect } from 'chai';
import { keyFrom } from '../../lib/store/bytes.js';
import type { StoredKey } from '../support/fake-etcd/key-space.js';
import { Random } from '../support/random.js';
import { ViewWorld } from '../support/view/view-world.js';

describe('a view of many elections', () => {
  const MANY = 1_000;
  let world: ViewWorld;

  beforeEach(() => {
    world = new ViewWorld({ tellsLeases: false });
  });

  afterEach(() => world.closed());

  const names = Array.from({ length: MANY }, (_, n) => `jobs/${String(n).padStart(4, '0')}`);

  it('reads a hundred heads in a request', async () => {
    for (const name of names) world.join(name, 0xa1n);
    await world.look();
    expect(world.leaders[names[999] ?? '']).to.equal('jobs/0999 a1');
    expect(world.viewer.store.requests.txn).to.equal(1 + MANY / 100);
    expect(world.viewer.store.requests.watch).to.equal(1);
  });

  it('tells that etcd answers at the first of many answers', async () => {
    for (const name of names) world.join(name, 0xa1n);
    const told: number[] = [];
    const view = world.begin();
    view.on('heard', () => told.push(world.viewer.store.requests.txn));
    await world.settled(view.start());
    expect(told).to.deep.equal([1]);
  });

  it('tells of a thousand changes of leader a few times, and needs no read for those that it saw coming', async () => {
    for (const name of names) world.join(name, 0xa1n);
    await world.look();
    for (const name of names) world.join(name, 0xb2n);
    await world.heard();
    world.changes.length = 0;
    const before = { ...world.viewer.store.requests };
    for (const name of names) world.leave(name, 0xa1n);
    await world.heard();
    expect(new Set(Object.values(world.leaders).map((value) => value.slice(-2)))).to.deep.equal(new Set(['b2']));
    expect(world.viewer.store.requests.txn - before.txn).to.be.at.most(1); // it asks whether etcd answers
    expect(world.changes.length).to.be.at.most(5);
    expect(world.changes.flatMap(({ elections }) => elections)).to.have.length(MANY);
  });

  it('reads the values of next leaders that it knows by name, a hundred in a request', async () => {
    for (const name of names) for (const lease of [0xa1n, 0xb2n]) world.join(name, lease);
    await world.look();
    const before = world.viewer.store.requests.txn;
    for (const name of names) world.leave(name, 0xa1n);
    await world.heard();
    expect(world.leaders[names[500] ?? '']).to.equal('jobs/0500 b2');
    expect(world.viewer.store.requests.txn - before).to.be.within(10, 22);
    expect(world.terms(names[500] ?? '')[1]).to.match(/^jobs\/0500 b2: \d+ to now$/);
  });

  for (const tellsLeases of [true, false]) {
    for (let seed = 1; seed <= 20; seed++) {
      it(`is what etcd has, whatever happens (seed ${seed}${tellsLeases ? '' : ', without leases'})`, async () => {
        world = new ViewWorld({ tellsLeases, seed });
        const random = new Random(seed);
        const leases = [0xa1n, 0xb2n, 0xc3n, 0xd4n, 0xe5n];
        const few = ['jobs', 'jobs/a', 'mail'];
        const step = (): void => {
          const [name, lease] = [random.pick(few), random.pick(leases)];
          const chance = random.next();
          if (chance < 0.4) world.join(name, lease, `${name} ${Math.floor(random.next() * 1e6)}`);
          else if (chance < 0.7) world.leave(name, lease);
          else if (chance < 0.75) world.etcd.revoke(lease);
          else if (chance < 0.8) world.etcd.put(`${name}/readme`, 'x');
          else if (chance < 0.88) world.etcd.delete(`${name}/readme`);
          else if (chance < 0.9) world.leave(name, ...leases);
          else if (chance < 0.92) world.etcd.put(`${name}/${lease.toString(16)}`, 'immortal');
          else if (chance < 0.94) world.etcd.compact();
          else if (chance < 0.95) world.etcd.restart(500);
          else if (chance < 0.97) world.etcd.changeLeader();
          else world.viewer.store.network = random.chance(0.5) ? 'down' : 'up';
        };
        for (let n = 0; n < 20; n++) step();
        world.viewer.store.network = 'up';
        await world.look();
        for (let n = 0; n < 300; n++) {
          step();
          await world.advance(random.pick([0, 1, 3, 20, 200]));
        }
        world.etcd.heal();
        await world.advance(60_000);
        const expected = leadersIn(world, few);
        const seen = Object.entries(world.leaders).filter(([name]) => name in expected);
        expect(Object.fromEntries(seen)).to.deep.equal(expected);
        for (const name of few) {
          const tokens = (world.election(name)?.terms ?? []).map(({ fencingToken }) => fencingToken);
          expect(tokens).to.deep.equal([...new Set(tokens)].sort((a, b) => (a < b ? -1 : 1)));
        }
      });
    }
  }
});

/** Who leads, as the keys in etcd say, for each election that somebody stands for. */
function leadersIn(world: ViewWorld, names: readonly string[]): Record<string, string> {
  const entries = names.flatMap((name) => {
    const prefix = keyFrom(`${name}/`);
    const queue = world.etcd
      .keys(prefix)
      .filter(({ key }) => !key.slice(prefix.length).includes('/'))
      .sort((a, b) => Number(a.createRevision - b.createRevision));
    const [head] = queue;
    const isCandidate = ({ key, lease }: StoredKey): boolean =>
      lease !== 0n && key === `${prefix}${lease.toString(16)}`;
    if (head === undefined || !queue.some(isCandidate)) return [];
    return [[name, isCandidate(head) ? head.value.toString() : `blocked by ${head.key}`] as const];
  });
  return Object.fromEntries(entries);
}
