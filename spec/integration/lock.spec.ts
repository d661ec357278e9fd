import { expect } from 'chai';
import { Lock, Session } from '../../lib/index.js';
import { keysUnder } from '../support/by-hand.js';
import { openClient } from '../support/candidates.js';
import { Locker } from '../support/lockers.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { pause } from '../support/wait.js';

/** Seconds, for a holder that stands still; the others must not lose their leases on a busy machine. */
const TTL = 2;
const LONG = 60;

describe('a lock on a real etcd', () => {
  const cluster = sharedCluster();
  let name: string;

  beforeEach(() => {
    name = uniqueName('lock');
  });
  const callers = (count: number, options: { readonly ttl?: number; readonly holds?: number } = {}): Locker =>
    Locker.start({ hosts: cluster().hosts, name, callers: count, ttl: LONG, holds: 10, pauseOver: 1_500, ...options });

  it('is held by one process at a time, and two processes take turns, though one has a hundred callers', async () => {
    const many = callers(100);
    await many.heard('held', 3);
    const few = callers(2);
    await few.heard('held', 20);
    await Promise.all([many.stopped(), few.stopped()]);

    const held = [many, few].flatMap((process) => process.all('held').map(({ token, at }) => ({ process, token, at })));
    held.sort((a, b) => a.at - b.at);
    const tokens = held.map(({ token }) => Number(token));
    expect(tokens, 'in the order of etcd’s queue').to.deep.equal([...tokens].sort((a, b) => a - b));
    expect([...many.all('lost'), ...few.all('lost')]).to.deep.equal([]);
    expect(await keysUnder(openClient(cluster().hosts), name)).to.deep.equal([]);
  });

  it('is taken over when its holder is stopped, and the holder finds that first when it goes on', async () => {
    const stopped = callers(1, { ttl: TTL, holds: 60_000 });
    const { token } = await stopped.heard('held');
    stopped.signal('SIGSTOP');
    const lock = new Lock(openClient(cluster().hosts), name, { ttl: LONG });
    const mine = await lock.acquire();
    expect(mine.fencingToken > BigInt(token)).to.equal(true);
    await pause(500); // longer than the pause that is reported
    stopped.signal('SIGCONT');
    expect((await stopped.heard('woke')).isCurrent).to.equal(false);
    expect((await stopped.heard('lost')).code).to.equal('LEASE_EXPIRED');
    expect(mine.isCurrent()).to.equal(true);
    expect(stopped.all('held')).to.have.length(1);
    await mine.release();
    await stopped.heard('held', 2);
  });

  it('guards writes by the token of its holder', async () => {
    const client = openClient(cluster().hosts);
    const session = tracked(new Session(client, { ttl: LONG }));
    const lock = new Lock(session, name);
    const write = async (): Promise<boolean> =>
      (await lock.run(
        async ({ txn }) =>
          (
            await txn()
              .then(client.put(`${name}!written`).value('x'))
              .commit()
          ).succeeded,
      )) ?? false;
    expect(await write()).to.equal(true);
    const held = await lock.acquire();
    await client.delete().key(held.key);
    const late = await held
      .txn()
      .then(client.put(`${name}!written`).value('late'))
      .commit();
    expect(late.succeeded).to.equal(false);
    await held.release();
    expect(await write()).to.equal(true);
    await client.delete().key(`${name}!written`);
    expect(await keysUnder(client, name)).to.deep.equal([]);
  });

  it('lets its process exit when its callers have given up, and leaves no key', async () => {
    const one = callers(3);
    await one.heard('held', 5);
    await one.stopped();
    const client = openClient(cluster().hosts);
    expect(await keysUnder(client, name)).to.deep.equal([]);
  });
});
