import { expect } from 'chai';
import { Lock, Session } from '../../lib/index.js';
import { keysUnder } from '../support/by-hand.js';
import { openClient } from '../support/candidates.js';
import { etcdctlLocks } from '../support/other-clients.js';
import { sharedCluster, uniqueName } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { until } from '../support/wait.js';

describe('one lock of this library and of Go’s concurrency.Mutex', () => {
  const cluster = sharedCluster();

  it('keeps out `etcdctl lock`, and is kept out by it', async () => {
    const { hosts } = cluster();
    const name = uniqueName('lock');
    const client = openClient(hosts);
    const lock = new Lock(tracked(new Session(client, { ttl: 60 })), name);
    const inQueue = (count: number): Promise<unknown> =>
      until(async () => (await keysUnder(client, name)).length === count, { what: `${count} keys in the queue` });

    const ours = await lock.acquire();
    const theirs = await etcdctlLocks(hosts, name);
    await inQueue(2);
    let isOursAgain = false;
    const again = lock.acquire().then((held) => {
      isOursAgain = true;
      return held;
    });
    const last = await etcdctlLocks(hosts, name);
    await inQueue(3);
    expect([theirs.key, last.key, await lock.tryAcquire()]).to.deep.equal([undefined, undefined, undefined]);

    await ours.release();
    await until(() => theirs.key !== undefined, { what: 'etcdctl to hold the lock' });
    await inQueue(3); // our next caller stands behind those who wait
    expect([isOursAgain, last.key]).to.deep.equal([false, undefined]);

    await theirs.release();
    await until(() => last.key !== undefined, { what: 'the other etcdctl to hold the lock' });
    expect(isOursAgain).to.equal(false);

    await last.release();
    const held = await again;
    expect(await keysUnder(client, name)).to.deep.equal([held.key]);
    await held.release();
    expect(await keysUnder(client, name)).to.deep.equal([]);
  });

  it('is not held without a wait, and not after the wait, while `etcdctl lock` holds it', async () => {
    const { hosts } = cluster();
    const name = uniqueName('lock');
    const client = openClient(hosts);
    const theirs = await etcdctlLocks(hosts, name);
    await until(() => theirs.key !== undefined, { what: 'etcdctl to hold the lock' });
    const lock = new Lock(client, name);
    expect(await lock.tryAcquire()).to.equal(undefined);
    expect(await lock.run(() => 'never', { wait: 500 }).catch(({ code }) => code)).to.equal('TIMEOUT');
    expect(await keysUnder(client, name)).to.deep.equal([theirs.key]);
    await theirs.release();
    expect(await lock.run(() => 'held')).to.equal('held');
  });
});
