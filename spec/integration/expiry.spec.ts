import { expect } from 'chai';
import { CLIENTS, candidate, joinInOrder, leading } from '../support/candidates.js';
import { figure, stopwatch, times } from '../support/figures.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { aborted, pause, until } from '../support/wait.js';

/** Three times what a leader on a busy machine may need between two refreshes. */
const TTL = 12;
const RUNS = 10;

describe('a leader cut off from etcd without a word', () => {
  const cluster = sharedCluster();

  it(`stops leading before the next one starts, ${RUNS} of ${RUNS} with either kind of client`, async () => {
    const pairs = await Promise.all(
      times(2 * RUNS).map(async (i) => {
        const client = CLIENTS[i % 2] ?? 'createClient';
        const name = uniqueName();
        const proxy = tracked(await TcpProxy.to(cluster().hosts));
        const first = candidate(proxy.hosts, name, { ttl: TTL, client });
        const second = candidate(cluster().hosts, name, { client });
        const story = tell({ first, second });
        await joinInOrder(first, second);
        return { proxy, first, second, story };
      }),
    );
    // Now that no other pair takes the machine's time to begin.
    const runs = await Promise.all(
      pairs.map(async ({ proxy, first, second, story }, i) => {
        let firstLedMeanwhile = false;
        second.on('elected', () => {
          firstLedMeanwhile = first.isLeader();
        });
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
    const second = candidate(cluster().hosts, name, { value: 'second' });
    await joinInOrder(first, second);
    proxy.blackhole();
    await leading(second);
    proxy.restore();
    const restored = stopwatch();
    await until(() => first.state === 'waiting', { what: 'the first to queue again' });
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
    await aborted(term.signal);
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
