import { expect } from 'chai';
import { readPool } from '../../lib/cli/pool/pool-in-etcd.js';
import { Pool } from '../../lib/index.js';
import { hexOf } from '../../lib/store/bytes.js';
import { PoolWorld } from '../support/pool/pool-world.js';

const replaceBigint = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}` : value);

describe('who asks a pool', () => {
  it('learns who owns what, and who the members are, without being one', async () => {
    const world = new PoolWorld(4);
    const [a, b] = [world.worker('a', { weight: 3 }), world.worker('b')];
    for (const { pool } of [a, b]) pool.start();
    await world.until(() => a.pool.owned.size === 3 && b.pool.owned.size === 1, 'three to one');
    await world.advance(10_000);
    const asking = new Pool(world.process('c'), 'p', { partitions: 4 });
    const owners = await world.settled(asking.owners());
    expect([...owners].map(([partition, { value }]) => `${partition} ${value}`).sort()).to.deep.equal(
      [a, b].flatMap(({ name, pool }) => [...pool.owned.keys()].map((partition) => `${partition} ${name}`)).sort(),
    );
    const first = [...a.pool.owned.values()][0];
    const owner = await world.settled(asking.owner(first?.partition ?? ''));
    expect(owner).to.include({ key: first?.key, fencingToken: first?.fencingToken, leaseId: first?.leaseId });
    expect(await world.settled(asking.owner('nobody’s'))).to.equal(undefined);
    const isFirst = a.pool.isCoordinator();
    const members = await world.settled(asking.members());
    expect(members.sort((x, y) => (x.id < y.id ? -1 : 1))).to.deep.equal([
      {
        id: 'a',
        leaseId: hexOf(world.leaseOf(a)),
        weight: 3,
        owned: 3,
        planned: 3,
        isCoordinator: isFirst,
        isLeaving: false,
      },
      {
        id: 'b',
        leaseId: hexOf(world.leaseOf(b)),
        weight: 1,
        owned: 1,
        planned: 1,
        isCoordinator: !isFirst,
        isLeaving: false,
      },
    ]);
  });

  it('hears on the command line that etcd answers when it answers once, whatever the other reads take', async () => {
    const world = new PoolWorld(4);
    await world.balanced([world.worker('a')]);
    const process = world.process('b');
    process.store.faults.draw = ({ kind, ...request }) => {
      const isSlow = kind === 'txn' && JSON.stringify(request, replaceBigint).includes('p/owners/');
      return isSlow ? { lateBy: 800 } : 'ok';
    };
    const from = world.now;
    let heardAt = Number.NaN;
    const first = async <T>(answer: Promise<T>): Promise<T> => {
      const result = await answer;
      heardAt = world.now;
      return result;
    };
    const asking = new Pool(process, 'p', { partitions: 1 });
    const { partitions, owners } = await world.settled(readPool(asking, first));
    expect([partitions.length, owners.size]).to.deep.equal([4, 4]);
    expect([heardAt - from, world.now - from > 800]).to.deep.equal([2, true]);
  });

  it('follows a routing table, which is kept true', async () => {
    const world = new PoolWorld(6);
    const [a, b] = [world.worker('a'), world.worker('b')];
    await world.balanced([a]);
    const asking = world.worker('c');
    const over = new AbortController();
    const told: string[] = [];
    let latest: ReadonlyMap<string, { readonly value: string }> = new Map();
    const following = (async () => {
      for await (const owners of asking.pool.observe({ signal: over.signal })) {
        latest = owners;
        told.push(
          [...owners.values()]
            .map(({ value }) => value)
            .sort()
            .join(''),
        );
      }
    })();
    await world.until(() => told.length === 1, 'the first table');
    expect(told).to.deep.equal(['aaaaaa']);
    await world.balanced([a, b]);
    await world.advance(100);
    expect(told.at(-1)).to.equal('aaabbb');
    asking.store.breakStreams('watch');
    await world.settled(a.pool.stop());
    await world.balanced([b]);
    await world.advance(3_000);
    expect([...latest.values()].map(({ value }) => value)).to.deep.equal(['b', 'b', 'b', 'b', 'b', 'b']);
    over.abort();
    await world.settled(following);
    await world.advance(10_000);
    expect([asking.clock.timers, asking.store.open.filter((what) => what !== 'watch stream')]).to.deep.equal([[], []]);
  });
});
