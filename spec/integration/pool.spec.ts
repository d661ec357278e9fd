import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createClient, Pool } from '../../lib/index.js';
import { FORGERIES, PlanForger } from '../support/pool/plan-forger.js';
import { PoolFleet } from '../support/pool/pool-fleet.js';
import type { PoolProcess } from '../support/pool/pool-processes.js';
import { Random } from '../support/random.js';
import { sharedCluster, uniqueName } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { until } from '../support/wait.js';

const PARTITIONS = 100;
/** Seconds. Short, where leases are to run out; and longer than a busy machine keeps a process waiting. */
const SHORT_TTL = 3;
const LONG_TTL = 15;
/** Moves beside those that must be: a worker whose lease a busy machine has let run out. */
const BESIDE = 3;
/** Milliseconds in which a new worker is seen, and the old one told to stop, before the pool is balanced. */
const UNHURRIED = 10_000;
/** Times that each kind of forgery comes, and milliseconds between two of them. */
const ROUNDS = 5;
const FORGED_EVERY = 100;
const FAR = 450_000;

describe('a pool of real processes', function () {
  this.timeout(FAR);
  const cluster = sharedCluster();
  let name: string;

  const fleetOf = (options: { readonly ttl: number; readonly settle?: number }): PoolFleet =>
    new PoolFleet({ hosts: cluster().hosts, name, partitions: PARTITIONS, ...options });

  beforeEach(() => {
    name = uniqueName();
  });

  it('has one owner for each partition at every moment, while a worker joins and leaves in order', async () => {
    const fleet = fleetOf({ ttl: LONG_TTL });
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
    const fleet = fleetOf({ ttl: SHORT_TTL });
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

  it('moves each partition once while all workers restart in turn, each new one before the old leaves', async () => {
    const fleet = fleetOf({ ttl: LONG_TTL, settle: UNHURRIED });
    const client = tracked(createClient({ hosts: [...cluster().hosts] }));
    const asking = new Pool(client, name, { partitions: PARTITIONS });
    let workers = ['a', 'b', 'c', 'd'].map((member) => fleet.run(member));
    await fleet.balanced(workers);
    for (const old of [...workers]) {
      const before = fleet.gains;
      const next = fleet.run(`${old.member}2`);
      const isMember = async (): Promise<boolean> => (await asking.members()).some(({ id }) => id === next.member);
      await until(isMember, { what: `${next.label} to be a member` });
      old.askToStop();
      await old.exited();
      workers = workers.map((worker) => (worker === old ? next : worker));
      await fleet.balanced(workers);
      expect(fleet.gains - before, `the restart of ${old.label}`).to.be.within(25, 25 + BESIDE);
    }
    await fleet.expectOneOwner(workers);
  });

  it('moves each partition twice while all workers restart in turn, and each gets its own back', async () => {
    const fleet = fleetOf({ ttl: LONG_TTL });
    let workers = ['a', 'b', 'c', 'd'].map((member) => fleet.run(member));
    await fleet.balanced(workers);
    let again = 0;
    for (const old of [...workers]) {
      const [before, had] = [fleet.gains, new Set(old.owned)];
      old.askToStop();
      await old.exited();
      await fleet.balanced(workers.filter((worker) => worker !== old));
      const next = fleet.run(old.member, `${old.label} again`);
      workers = workers.map((worker) => (worker === old ? next : worker));
      await fleet.balanced(workers);
      expect(fleet.gains - before, `the restart of ${old.label}`).to.be.within(50, 50 + 2 * BESIDE);
      again += [...next.owned].filter((partition) => had.has(partition)).length;
    }
    expect(again, 'partitions that came back').to.be.at.least(80);
    await fleet.expectOneOwner(workers);
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
      const pool = tracked(new Pool(own, name, { partitions: 30, member, ttl: LONG_TTL, settle: 200, logger }));
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

  it('has one owner for each partition at every moment, while plans are forged, old, doubled and dropped', async () => {
    const fleet = fleetOf({ ttl: LONG_TTL });
    const four = ['a', 'b', 'c', 'd'].map((member) => fleet.run(member));
    await fleet.balanced(four);
    const client = tracked(createClient({ hosts: [...cluster().hosts] }));
    const forger = new PlanForger(client, name, PARTITIONS, new Random(1));
    for (let n = 0; n < ROUNDS * FORGERIES.length; n++) {
      await forger.forge();
      await sleep(FORGED_EVERY);
    }
    await fleet.balanced(four);
    await fleet.expectOneOwner(four);
  });
});
