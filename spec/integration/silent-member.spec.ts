import { expect } from 'chai';
import { CLIENTS, candidate, leading, queued } from '../support/candidates.js';
import { figure, stopwatch, times } from '../support/figures.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** Seconds: a busy machine does not use them up. */
const TTL = 12;
/** Seconds; how soon a candidate notices that a stream of watches has fallen silent depends on it. */
const NOTICES_SOON = 5;
const RUNS = 10;
const REFRESHES = 4;

describe('while one of three members accepts connections and never answers', () => {
  const cluster = sharedCluster();

  it(`no leader loses its leadership, ${RUNS} of ${RUNS} with either kind of client`, async () => {
    const stories = await Promise.all(
      times(2 * RUNS).map(async (i) => {
        const kind = CLIENTS[i % 2] ?? 'createClient';
        const proxy = tracked(await TcpProxy.to(cluster().hosts));
        const leader = candidate(proxy.hosts, uniqueName(), { ttl: TTL, client: kind });
        const story = tell({ leader });
        await leading(leader);
        let refreshes = 0;
        leader.on('refresh', () => refreshes++);
        proxy.gates[Math.floor(i / 2) % 3]?.blackhole();
        await until(() => refreshes === REFRESHES, { what: `${REFRESHES} refreshes` });
        expect(leader.isLeader()).to.equal(true);
        const told = [...story];
        proxy.restore();
        return told;
      }),
    );
    expect(stories).to.deep.equal(stories.map(() => ['leader elected']));
  });

  it(`a new candidate is queued all the same, ${RUNS} of ${RUNS} with either kind of client`, async () => {
    const took = await Promise.all(
      times(2 * RUNS).map(async (i) => {
        const kind = CLIENTS[i % 2] ?? 'createClient';
        const proxy = tracked(await TcpProxy.to(cluster().hosts));
        proxy.gates[Math.floor(i / 2) % 3]?.blackhole();
        const election = candidate(proxy.hosts, uniqueName(), { ttl: TTL, client: kind });
        const since = stopwatch();
        await queued(election);
        const ms = since();
        proxy.restore();
        return ms;
      }),
    );
    figure('start() to queued with a silent member', ...took);
  });

  it('the next candidate is elected all the same when the leader stops', async () => {
    const took = await Promise.all(
      // So many candidates that some have the watch on the silent member, and the lease elsewhere.
      times(18).map(async (i) => {
        const name = uniqueName();
        const proxy = tracked(await TcpProxy.to(cluster().hosts));
        const leader = candidate(cluster().hosts, name);
        const next = candidate(proxy.hosts, name, { ttl: NOTICES_SOON });
        await leading(leader);
        await queued(next);
        proxy.gates[i % 3]?.blackhole();
        const since = stopwatch();
        await leader.stop();
        await leading(next);
        const ms = since();
        proxy.restore();
        return ms;
      }),
    );
    figure('stop() of the leader to elected while the successor has a silent member', ...took);
  });
});
