import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createClient, Pool } from '../../lib/index.js';
import { FORGERIES, PlanForger } from '../support/pool/plan-forger.js';
import { PoolFleet } from '../support/pool/pool-fleet.js';
import { Random } from '../support/random.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const PARTITIONS = 100;
/** Seconds: a busy machine does not use them up. */
const TTL = 15;
/** Moves beside those that must be. */
const BESIDE = 3;
/** Milliseconds in which a new worker is seen, and the old one told to stop, before the pool is balanced. */
const UNHURRIED = 10_000;
/** Times that each kind of forgery comes, and milliseconds between two of them. */
const ROUNDS = 5;
const FORGED_EVERY = 100;
const FAR = 450_000;

describe('a pool of real processes whose workers restart, or whose plans are forged', function () {
  this.timeout(FAR);
  const cluster = sharedCluster();
  let name: string;

  const fleetOf = (options: { readonly settle?: number } = {}): PoolFleet =>
    new PoolFleet({ hosts: cluster().hosts, name, partitions: PARTITIONS, ttl: TTL, ...options });

  beforeEach(() => {
    name = uniqueName();
  });

  it('moves each partition once while all workers restart in turn, each new one before the old leaves', async () => {
    const fleet = fleetOf({ settle: UNHURRIED });
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
    const fleet = fleetOf();
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

  it('has one owner for each partition at every moment, while plans are forged, old, doubled and dropped', async () => {
    const fleet = fleetOf();
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
