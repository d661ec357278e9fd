import { expect } from 'chai';
import { keysUnder, leases } from '../support/by-hand.js';
import { CLIENTS, candidate, joinInOrder, leading, openClient, queued } from '../support/candidates.js';
import { figure, stopwatch } from '../support/figures.js';
import { runCandidate } from '../support/processes.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { closedBySpec, tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { BUSY, pause, until } from '../support/wait.js';

describe('stop()', () => {
  const cluster = sharedCluster();

  it('has the key and the lease gone from etcd when it resolves', async () => {
    const name = uniqueName();
    const other = openClient(cluster().hosts);
    const election = closedBySpec(candidate(cluster().hosts, name));
    const { key, leaseId } = await leading(election);
    expect(await keysUnder(other, name)).to.deep.equal([key]);
    expect(await leases(cluster().hosts)).to.include(leaseId);

    await election.stop();
    expect(await keysUnder(other, name)).to.deep.equal([]);
    expect(await leases(cluster().hosts)).not.to.include(leaseId);
    expect([election.state, election.isLeader(), election.isRunning()]).to.deep.equal(['idle', false, false]);
  });

  it('takes a waiting candidate out of the queue, and leaves the leader alone', async () => {
    const name = uniqueName();
    const [a, b] = [candidate(cluster().hosts, name), candidate(cluster().hosts, name)];
    const story = tell({ a, b });
    await joinInOrder(a, b);
    await b.stop();
    expect((await a.candidates()).map(({ key }) => key)).to.deep.equal([a.leadership?.key]);
    expect(story).to.deep.equal(['a elected']);
  });

  it('leaves no key and no lease behind when it comes while the candidate is still joining', async () => {
    const other = openClient(cluster().hosts);
    const before = await leases(cluster().hosts);
    const names = [0, 1, 2, 3, 5, 8, 13, 21].map((ms) => ({ ms, name: uniqueName() }));
    await Promise.all(
      names.map(async ({ ms, name }) => {
        const election = candidate(cluster().hosts, name);
        election.start();
        await pause(ms);
        await election.stop();
        expect([election.state, await keysUnder(other, name)]).to.deep.equal(['idle', []]);
      }),
    );
    const left = (await leases(cluster().hosts)).filter((id) => !before.includes(id));
    expect(left).to.deep.equal([]);
  });

  it('can be followed by start(), also at once, and the token grows', async () => {
    const election = candidate(cluster().hosts, uniqueName());
    const story = tell({ it: election });
    const first = (await leading(election)).fencingToken;
    const stopped = election.stop();
    election.start();
    await stopped;
    expect((await leading(election)).fencingToken > first).to.equal(true);
    expect(story).to.deep.equal(['it elected', 'it unelected: STOPPED', 'it elected']);
  });

  it('lets the process exit by itself once the client is closed', async () => {
    const name = uniqueName();
    const other = openClient(cluster().hosts);
    const leader = runCandidate({ hosts: cluster().hosts, name });
    await leader.heard('elected');
    const waiting = runCandidate({ hosts: cluster().hosts, name });
    await until(async () => (await keysUnder(other, name)).length === 2, { what: 'both to be queued' });
    waiting.askToStop();
    await waiting.exited();
    const since = stopwatch();
    leader.askToStop();
    await leader.exited();
    figure('stop() to the exit of the process', since());
    expect([leader.exitCode, waiting.exitCode]).to.deep.equal([0, 0]);
    expect(await keysUnder(other, name)).to.deep.equal([]);
  });

  for (const kind of CLIENTS) {
    it(`resolves within releaseTimeout + 1 s while etcd does not answer, with ${kind}`, async () => {
      const proxy = tracked(await TcpProxy.to(cluster().hosts));
      const name = uniqueName();
      const leader = candidate(proxy.hosts, name, { releaseTimeout: 500, client: kind });
      const waiting = candidate(proxy.hosts, name, { releaseTimeout: 500, client: kind });
      await joinInOrder(leader, waiting);
      proxy.blackhole();
      const since = stopwatch();
      await Promise.all([leader.stop(), waiting.stop()]);
      const took = since();
      figure('stop() without an answer, releaseTimeout 500 ms', took);
      expect(took).to.be.below(500 + 1_000 + BUSY);
      expect([leader.isLeader(), leader.state, waiting.state]).to.deep.equal([false, 'idle', 'idle']);
      proxy.restore();
    });

    it(`resolves within releaseTimeout + 1 s while etcd refuses connections, with ${kind}`, async () => {
      const proxy = tracked(await TcpProxy.to(cluster().hosts));
      const leader = candidate(proxy.hosts, uniqueName(), { releaseTimeout: 500, client: kind });
      const joining = candidate(proxy.hosts, uniqueName(), { releaseTimeout: 500, client: kind });
      await queued(leader);
      proxy.cut();
      joining.start();
      const since = stopwatch();
      await Promise.all([leader.stop(), joining.stop()]);
      expect(since()).to.be.below(500 + 1_000 + BUSY);
      proxy.restore();
    });
  }
});
