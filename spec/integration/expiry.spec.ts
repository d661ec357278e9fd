import { expect } from 'chai';
import { CLIENTS, candidate, inOrder, leading } from '../support/candidates.js';
import { figure, stopwatch, times } from '../support/figures.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster, uniqueName } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { tracked } from '../support/track.js';
import { pause, until } from '../support/wait.js';

const TTL = 3;
const RUNS = 10;

describe('a leader cut off from etcd without a word', () => {
  const cluster = sharedCluster();

  it(`stops leading before the next one starts, ${RUNS} of ${RUNS} with either kind of client`, async () => {
    const runs = await Promise.all(
      times(2 * RUNS).map(async (i) => {
        const kind = CLIENTS[i % 2] ?? 'createClient';
        const name = uniqueName();
        const proxy = tracked(await TcpProxy.to(cluster().hosts));
        const first = candidate(proxy.hosts, name, { ttl: TTL, client: kind });
        const second = candidate(cluster().hosts, name, { ttl: TTL, client: kind });
        const story = tell({ first, second });
        let firstLedMeanwhile = false;
        second.on('elected', () => {
          firstLedMeanwhile = first.isLeader();
        });
        await inOrder(first, second);

        await pause(i * 50); // not all at the same moment between two refreshes
        proxy.blackhole();
        const cutOff = stopwatch();
        await leading(second);
        const took = cutOff();
        const told = [...story];
        proxy.restore();
        return { told, firstLedMeanwhile, took };
      }),
    );
    figure(`silent cut to the next one elected, TTL ${TTL} s`, ...runs.map(({ took }) => took));
    expect(runs.map(({ told }) => told)).to.deep.equal(
      runs.map(() => ['first elected', 'first unelected: LEASE_EXPIRED', 'second elected']),
    );
    expect(runs.filter(({ firstLedMeanwhile }) => firstLedMeanwhile)).to.deep.equal([]);
  });

  it('goes back to the end of the queue when the cut is over', async () => {
    const name = uniqueName();
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    const first = candidate(proxy.hosts, name, { ttl: TTL, value: 'first' });
    const second = candidate(cluster().hosts, name, { ttl: TTL, value: 'second' });
    await inOrder(first, second);
    proxy.blackhole();
    await leading(second);
    proxy.restore();
    const restored = stopwatch();
    await until(() => first.state === 'waiting', { within: 15_000, what: 'the first to queue again' });
    figure('end of a silent cut to being queued again', restored());
    expect((await second.candidates()).map(({ value }) => value)).to.deep.equal(['second', 'first']);
    await until(() => first.currentLeader() === 'second', { what: 'the first to know who leads' });
  });

  it('has its work told to stop: signal, expiresIn() and isCurrent() agree with isLeader()', async () => {
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    const election = candidate(proxy.hosts, uniqueName(), { ttl: TTL });
    const term = await leading(election);
    expect(term.expiresIn()).to.be.within(1, 1_000 * TTL);
    proxy.blackhole();
    await new Promise<void>((resolve) => term.signal.addEventListener('abort', () => resolve(), { once: true }));
    expect([term.isCurrent(), term.expiresIn(), election.isLeader(), election.leadership]).to.deep.equal([
      false,
      0,
      false,
      undefined,
    ]);
    expect((term.signal.reason as { code: string }).code).to.equal('LEASE_EXPIRED');
    expect(() => term.throwIfLost()).to.throw(/deadline/);
    proxy.restore();
  });
});
