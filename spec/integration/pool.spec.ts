import { expect } from 'chai';
import { createClient, Pool } from '../../lib/index.js';
import { PoolFleet } from '../support/pool/pool-fleet.js';
import type { PoolProcess } from '../support/pool/pool-processes.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const PARTITIONS = 100;
/** Seconds: a busy machine does not use them up. Where leases are to run out, the spec waits for that. */
const TTL = 12;
/** Moves beside those that must be. */
const BESIDE = 3;
const FAR = 450_000;

describe('a pool of real processes', function () {
  this.timeout(FAR);
  const cluster = sharedCluster();
  let name: string;

  const fleetOfPool = (settle?: number): PoolFleet =>
    new PoolFleet({ hosts: cluster().hosts, name, partitions: PARTITIONS, ttl: TTL, ...(settle && { settle }) });

  beforeEach(() => {
    name = uniqueName();
  });

  it('has one owner for each partition at every moment, while a worker joins and leaves in order', async () => {
    const fleet = fleetOfPool(5_000); // nobody plans before all four have come
    const four = ['a', 'b', 'c', 'd'].map((member) => fleet.run(member));
    await fleet.balanced(four);
    const cold = fleet.gains;
    expect(cold, 'a cold start').to.be.within(PARTITIONS, PARTITIONS + BESIDE);

    const fifth = fleet.run('e');
    await fleet.balanced([...four, fifth]);
    const joined = fleet.gains;
    expect(joined - cold, 'a join').to.be.within(20, 20 + BESIDE);

    fifth.askToStop();
    await fifth.exited();
    await fleet.balanced(four);
    expect(fleet.gains - joined, 'an end in order').to.be.within(20, 20 + BESIDE);
    await fleet.expectOneOwner(four);
  });

  it('has one owner for each partition at every moment, while one crashes and one stands still', async () => {
    const fleet = fleetOfPool();
    const four = ['a', 'b', 'c', 'd'].map((member) => fleet.run(member));
    await fleet.balanced(four);
    const cold = fleet.gains;
    const crashing = four.find(({ isCoordinator }) => !isCoordinator) as PoolProcess;
    crashing.signal('SIGKILL');
    const three = four.filter((worker) => worker !== crashing);
    await fleet.balanced(three);
    expect(fleet.gains - cold, 'a crash').to.be.within(25, 25 + BESIDE);

    const coordinator = three.find(({ isCoordinator }) => isCoordinator) as PoolProcess;
    coordinator.signal('SIGSTOP');
    await fleet.balanced(three.filter((worker) => worker !== coordinator));
    coordinator.signal('SIGCONT');
    await until(() => coordinator.owned.size === 0, { what: 'the paused coordinator to notice' });
    await fleet.balanced(three);
    await fleet.expectOneOwner(three);
  });

  it('works beside a key of an application among its members, leaves the key alone, and tells of it once', async () => {
    const hosts = [...cluster().hosts];
    const client = tracked(createClient({ hosts }));
    const key = `${name}/members/config`;
    await client.put(key).value('{"mode":"fast"}');
    const told: object[] = [];
    const nothing = (): void => {};
    const warn = (data: object, message: string): void => {
      if (message.includes('not the key of a worker')) told.push(data);
    };
    const pools = ['a', 'b', 'c'].map((member) => {
      const own = tracked(createClient({ hosts }));
      const logger = { debug: nothing, info: nothing, warn, error: nothing };
      const pool = tracked(new Pool(own, name, { partitions: 30, member, ttl: TTL, settle: 200, logger }));
      pool.on('error', nothing);
      return pool;
    });
    const balanced = async (some: readonly Pool[]): Promise<void> => {
      const isEven = (): boolean => some.every(({ owned }) => owned.size === 30 / some.length);
      await until(isEven, { what: `${some.length} workers to be balanced` });
    };
    for (const pool of pools.slice(0, 2)) pool.start();
    await balanced(pools.slice(0, 2));
    await client.put(key).value('{"mode":"slow"}');
    pools[2]?.start();
    await balanced(pools);
    expect((await pools[0]?.members())?.map(({ id }) => id).sort()).to.deep.equal(['a', 'b', 'c']);
    await pools[2]?.stop();
    await balanced(pools.slice(0, 2));
    expect(told).to.deep.equal([{ key }]);
    expect(await client.get(key).string()).to.equal('{"mode":"slow"}');
  });
});
