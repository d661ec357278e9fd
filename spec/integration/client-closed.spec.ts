import { expect } from 'chai';
import { Election, type ElectionError, Lock, Pool } from '../../lib/index.js';
import { openClient, queued } from '../support/candidates.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';
import { recordLog } from '../support/world.js';

describe('a client that is closed under those who use it', () => {
  const cluster = sharedCluster();

  it('lets nobody wait for ever, though grpc-js lets the open streams go on', async () => {
    const [client, other] = [openClient(cluster().hosts), openClient(cluster().hosts)];
    const options = { ttl: 3, logger: recordLog() };
    const name = uniqueName();
    const lasting = { ...options, ttl: 60 };
    const [held, led] = [new Election(other, `${name}/led`, lasting), new Lock(other, `${name}/lock`, lasting)];
    await held.start().elected();
    const lock = await led.acquire();

    const candidate = new Election(client, `${name}/led`, options);
    const pool = new Pool(client, `${name}/pool`, { ...options, partitions: 2 });
    const loops = [candidate.observe(), pool.observe()];
    for (const loop of loops) await loop.next();
    await queued(candidate);
    let hasBegun = (): void => {};
    const begun = new Promise<void>((resolve) => {
      hasBegun = resolve;
    });
    const untilAborted = ({ signal }: { readonly signal: AbortSignal }): Promise<void> => {
      hasBegun();
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    };
    const promises = [
      candidate.elected(),
      new Election(client, `${name}/own`, options).run(untilAborted),
      pool.run(untilAborted),
      new Lock(client, `${name}/lock`, options).acquire(),
      ...loops.map(async (loop) => {
        for await (const _ of loop) await begun; // changes until the client is closed
      }),
    ];
    await begun;
    client.close();
    const codes = promises.map((promise) => promise.then(String, ({ code }: ElectionError) => code));
    expect(await Promise.all(codes)).to.deep.equal(promises.map(() => 'UNAVAILABLE'));
    await until(() => candidate.state === 'idle' && pool.state === 'idle', { what: 'both to be idle' });
    await lock.release();
    await held.stop();
  });
});
