import { expect } from 'chai';
import { Lock, Session } from '../../lib/index.js';
import { keysUnder } from '../support/by-hand.js';
import { openClient } from '../support/candidates.js';
import { GoParticipant } from '../support/go-participant.js';
import { etcdctlLocks, goLocks, withGo } from '../support/other-clients.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { pause, until } from '../support/wait.js';

const ROUNDS = 8;
/** Milliseconds. */
const HOLDS = 30;

describe('one lock of this library and of Go’s concurrency.Mutex', () => {
  const cluster = sharedCluster();
  withGo();

  for (const [peer, locks] of [
    ['`etcdctl lock`', etcdctlLocks],
    ['Go’s `concurrency.Mutex`', goLocks],
  ] as const) {
    it(`keeps out ${peer}, and is kept out by it`, async () => {
      const { hosts } = cluster();
      const name = uniqueName('lock');
      const client = openClient(hosts);
      const lock = new Lock(tracked(new Session(client, { ttl: 60 })), name);
      const inQueue = (count: number): Promise<unknown> =>
        until(async () => (await keysUnder(client, name)).length === count, { what: `${count} keys in the queue` });

      const ours = await lock.acquire();
      const theirs = await locks(hosts, name);
      await inQueue(2);
      let isOursAgain = false;
      const again = lock.acquire().then((held) => {
        isOursAgain = true;
        return held;
      });
      const last = await locks(hosts, name);
      await inQueue(3);
      expect([theirs.key, last.key, await lock.tryAcquire()]).to.deep.equal([undefined, undefined, undefined]);

      await ours.release();
      await until(() => theirs.key !== undefined, { what: 'the other client to hold the lock' });
      await inQueue(3); // our next caller stands behind those who wait
      expect([isOursAgain, last.key]).to.deep.equal([false, undefined]);

      await theirs.release();
      await until(() => last.key !== undefined, { what: 'the last client to hold the lock' });
      expect(isOursAgain).to.equal(false);

      await last.release();
      const held = await again;
      expect(await keysUnder(client, name)).to.deep.equal([held.key]);
      await held.release();
      expect(await keysUnder(client, name)).to.deep.equal([]);
    });

    it(`is not held without a wait, and not after the wait, while ${peer} holds it`, async () => {
      const { hosts } = cluster();
      const name = uniqueName('lock');
      const client = openClient(hosts);
      const theirs = await locks(hosts, name);
      await until(() => theirs.key !== undefined, { what: 'the other client to hold the lock' });
      const lock = new Lock(client, name);
      expect(await lock.tryAcquire()).to.equal(undefined);
      expect(await lock.run(() => 'never', { wait: 500 }).catch(({ code }) => code)).to.equal('TIMEOUT');
      expect(await keysUnder(client, name)).to.deep.equal([theirs.key]);
      await theirs.release();
      expect(await lock.run(() => 'held')).to.equal('held');
    });
  }

  it('is not taken by Go’s `TryLock` while it is held or somebody waits for it', async () => {
    const { hosts } = cluster();
    const name = uniqueName('lock');
    const lock = new Lock(openClient(hosts), name);
    const go = tracked(new GoParticipant({ hosts, kind: 'mutex', name }));
    const tried = (): Promise<string> => go.tryLock().catch(({ message }) => message);

    const held = await lock.acquire();
    expect(await tried()).to.equal('error: mutex: Locked by another session');
    expect(await lock.tryAcquire()).to.equal(undefined);
    await held.release();
    const key = await tried();
    expect([key.startsWith(`${name}/`), await lock.tryAcquire()]).to.deep.equal([true, undefined]);
    await go.leave();
    await (await lock.acquire()).release();
  });

  it('is held by one at a time, in the order of the queue, while callers here and in Go take it in turn', async () => {
    const { hosts } = cluster();
    const name = uniqueName('lock');
    const client = openClient(hosts);
    const turns: { who: string; token: bigint; from: number; to: number }[] = [];
    const ours = async (who: string): Promise<void> => {
      const lock = new Lock(openClient(hosts), name);
      for (let round = 0; round < ROUNDS; round++) {
        await lock.run(async ({ fencingToken }) => {
          const from = now();
          await pause(HOLDS);
          turns.push({ who, token: fencingToken, from, to: now() });
        });
      }
    };
    const theirs = async (who: string): Promise<void> => {
      const go = tracked(new GoParticipant({ hosts, kind: 'mutex', name }));
      for (let round = 0; round < ROUNDS; round++) {
        const key = await go.queue();
        const from = await go.first();
        const { create_revision: token = '' } = (await client.get(key).exec()).kvs[0] ?? {};
        await pause(HOLDS);
        turns.push({ who, token: BigInt(token), from, to: await go.leave() });
      }
    };
    const first = await new Lock(client, name).acquire();
    const all = Promise.all([ours('a'), ours('b'), theirs('go 1'), theirs('go 2')]);
    await until(async () => (await keysUnder(client, name)).length === 5, { what: 'all to wait' });
    await first.release();
    await all;

    const inTime = turns.toSorted((one, other) => one.from - other.from);
    expect(new Set(inTime.slice(0, 4).map(({ who }) => who)).size).to.equal(4);
    const pairs = inTime.slice(1).map((turn, at) => ({ turn, before: inTime[at] ?? turn }));
    expect(pairs.filter(({ turn, before }) => turn.from < before.to)).to.deep.equal([]);
    expect(pairs.filter(({ turn, before }) => turn.token <= before.token)).to.deep.equal([]);
  });
});

/** Milliseconds on the clock of the machine, which Go's processes read too. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
