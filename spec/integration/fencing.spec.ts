import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import type { ElectionError, Leadership } from '../../lib/index.js';
import { revoke } from '../support/by-hand.js';
import { candidate, joinInOrder, leading, openClient, queued } from '../support/candidates.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { aborted } from '../support/wait.js';

const HANDOVERS = 20;

/** Resolves with whether a write that this term guards is carried out. */
async function writes(client: Etcd3, term: Leadership, key: string, value: string): Promise<boolean> {
  return (await term.txn().then(client.put(key).value(value)).commit()).succeeded;
}

describe('fencing', () => {
  const cluster = sharedCluster();

  it('refuses the guarded write of a deposed leader, where the unguarded one goes through', async () => {
    const name = uniqueName();
    const key = `${name}-report`;
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    const [itsClient, client] = [openClient(proxy.hosts), openClient(cluster().hosts)];
    const deposed = await leading(candidate(itsClient, name, { ttl: 12 }));
    const successor = await queued(candidate(client, name));
    expect(await writes(itsClient, deposed, key, 'first')).to.equal(true);

    proxy.blackhole();
    const term = await leading(successor);
    expect(await writes(client, term, key, 'second')).to.equal(true);
    proxy.restore();

    expect(await writes(itsClient, deposed, key, 'late')).to.equal(false);
    expect(await client.get(key)).to.equal('second');
    await itsClient.put(key).value('late');
    expect(await client.get(key), 'unguarded').to.equal('late');
  });

  it('refuses a guarded write from the moment the key is gone, before anybody has been told', async () => {
    const name = uniqueName();
    const client = openClient(cluster().hosts);
    const election = candidate(client, name);
    const term = await leading(election);
    await revoke(client, term.leaseId);
    expect(await writes(client, term, `${name}-report`, 'late')).to.equal(false);
  });

  it(`gives every leader a greater token than the one before, in ${HANDOVERS} handovers`, async () => {
    const name = uniqueName();
    const [a, b] = [candidate(cluster().hosts, name), candidate(cluster().hosts, name)];
    await joinInOrder(a, b);
    const tokens: bigint[] = [];
    for (let i = 0; i < HANDOVERS; i++) {
      const [leader, next] = i % 2 === 0 ? [a, b] : [b, a];
      tokens.push((await leading(leader)).fencingToken);
      await leader.stepDown();
      await leading(next);
    }
    const growing = [...new Set(tokens)].sort((x, y) => (x < y ? -1 : 1));
    expect(tokens).to.have.length(HANDOVERS).and.to.deep.equal(growing);
  });

  it('lets the work that winds down after stop() write, until the key has been released', async () => {
    const name = uniqueName();
    const client = openClient(cluster().hosts);
    const election = candidate(client, name);
    const written: boolean[] = [];
    let term: Leadership | undefined;
    const working = election.run(async (leadership) => {
      term = leadership;
      await aborted(leadership.signal);
      written.push(await writes(client, leadership, `${name}-report`, 'winding down'));
    });
    await leading(election);
    await election.stop();
    if (term !== undefined) written.push(await writes(client, term, `${name}-report`, 'late'));
    expect(written).to.deep.equal([true, false]);
    expect(await working).to.equal(undefined);
  });
});

describe('verify()', () => {
  const cluster = sharedCluster();

  it('is true for the leader, and false once its key is gone, whether it knows or not', async () => {
    const name = uniqueName();
    const client = openClient(cluster().hosts);
    const term = await leading(candidate(client, name));
    expect(await term.verify()).to.equal(true);
    await revoke(client, term.leaseId);
    expect(await term.verify()).to.equal(false);
  });

  it('is false for a term that has ended, also when the same candidate leads again', async () => {
    const election = candidate(cluster().hosts, uniqueName());
    const first = await leading(election);
    await election.stepDown();
    const second = await leading(election);
    expect([await first.verify(), await second.verify()]).to.deep.equal([false, true]);
    await election.stop();
    expect(await second.verify()).to.equal(false);
  });

  it('rejects with UNAVAILABLE when etcd cannot be asked', async () => {
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    const term = await leading(candidate(proxy.hosts, uniqueName(), { ttl: 60 }));
    proxy.blackhole();
    const err: ElectionError = await term.verify().then(
      (answer) => expect.fail(`answered ${answer}`),
      (reason) => reason,
    );
    expect(err.code).to.equal('UNAVAILABLE');
    expect(term.isCurrent()).to.equal(true);
    proxy.restore();
    expect(await term.verify()).to.equal(true);
  });
});
