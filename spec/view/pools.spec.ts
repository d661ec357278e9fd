import { expect } from 'chai';
import { Pool } from '../../lib/pool/pool.js';
import type { PoolPicture } from '../../lib/view/picture.js';
import { ViewWorld } from '../support/view/view-world.js';

for (const tellsLeases of [true, false]) {
  describe(`a view of a pool, when etcd ${tellsLeases ? 'tells' : 'does not tell'} leases of names`, () => {
    let world: ViewWorld;
    let pools: Pool[];

    beforeEach(() => {
      world = new ViewWorld({ tellsLeases });
      pools = [];
    });

    afterEach(async () => {
      await world.settled(Promise.all(pools.map((pool) => pool.stop())));
      await world.closed();
    });

    const worker = (member: string, partitions: number | readonly string[] = 6, name = 'orders'): Pool => {
      const pool = new Pool(world.process(member), name, { partitions, member });
      pools.push(pool);
      pool.start();
      return pool;
    };
    const balanced = (count = 6): Promise<void> =>
      world.until(() => {
        const owned = pools.map(({ owned }) => owned.size);
        const sum = owned.reduce((a, b) => a + b, 0);
        return sum === count && Math.max(...owned) - Math.min(...owned) <= 1;
      }, 'the pool is balanced');
    /** Who owns what, as the pool's workers say themselves. */
    const expectAsTheySay = (picture: PoolPicture | undefined): void => {
      const owners = Object.fromEntries(picture?.partitions.map(({ name, owner }) => [name, owner]) ?? []);
      const said = pools.flatMap((pool) => [...pool.owned.keys()].map((name) => [name, pool.member] as const));
      expect(owners).to.deep.equal(Object.fromEntries(said));
      const counts = picture?.members.map(({ id, owned }) => [id, owned]);
      expect(counts).to.deep.equal(pools.map(({ member, owned }) => [member, owned.size]));
      expect(picture?.members.filter(({ isCoordinator }) => isCoordinator)).to.have.length(1);
    };

    it('shows its members, its partitions and who owns them, and no election of it, as a read finds it', async () => {
      worker('a');
      worker('b');
      await balanced();
      await world.look();
      expect(world.names).to.deep.equal([]);
      expectAsTheySay(world.pool('orders'));
    });

    it('shows the same when the pool begins later, and when workers come and go', async () => {
      await world.look();
      worker('a');
      worker('b');
      await balanced();
      await world.heard();
      expect(world.names).to.deep.equal([]);
      expectAsTheySay(world.pool('orders'));
      worker('c');
      await balanced();
      await world.heard();
      expectAsTheySay(world.pool('orders'));
      await world.settled(pools.shift()?.stop() ?? Promise.resolve());
      await balanced();
      await world.heard();
      expectAsTheySay(world.pool('orders'));
    });

    it('shows partitions by their names, those that are called like a part of a pool too', async () => {
      const names = ['members', 'plan', 'a/b', '100%', 'owners'];
      await world.look();
      worker('a', names);
      await balanced(5);
      await world.heard();
      expect(world.pool('orders')?.partitions.map(({ name, owner }) => [name, owner])).to.deep.equal(
        [...names].sort(new Intl.Collator('en').compare).map((name) => [name, 'a']),
      );
      expect(world.names).to.deep.equal([]);
    });

    it('shows what nobody owns, and a pool that everybody has left for an hour', async () => {
      worker('a');
      await balanced();
      await world.look();
      await world.settled(pools.pop()?.stop() ?? Promise.resolve());
      await world.heard();
      const { members, partitions } = world.pool('orders') ?? { members: undefined, partitions: undefined };
      expect([members, partitions]).to.deep.equal([[], []]);
      await world.advance(3_610_000);
      expect(world.view.picture.pools).to.deep.equal([]);
    });

    it('takes elections that are called like parts of a pool for elections', async () => {
      for (const name of ['x/members', 'x/coordinator', 'x/owners/1', 'y/plan']) world.join(name, 0xa1n);
      await world.look();
      expect(world.names).to.deep.equal(['x/coordinator', 'x/members', 'x/owners/1', 'y/plan']);
      world.etcd.put('x/members/b2', '{"v":1,"id":"forged","weight":1,"count":3}'); // on no lease
      await world.heard();
      expect(world.view.picture.pools).to.deep.equal([]);
    });
  });
}
