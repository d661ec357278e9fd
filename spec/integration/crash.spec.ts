import { expect } from 'chai';
import type { Election } from '../../lib/index.js';
import { queue } from '../support/by-hand.js';
import { candidate, joinInOrder, leading, queued } from '../support/candidates.js';
import { figure, stopwatch, times } from '../support/figures.js';
import { runCandidate } from '../support/processes.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { uniqueName } from '../support/unique-name.js';
import { pause, until } from '../support/wait.js';

/** Seconds, for those that crash or stand still; the others must not lose their leases on a busy machine. */
const TTL = 2;

describe('when a candidate process', () => {
  const cluster = sharedCluster();

  it('is killed while it leads, the next in the queue is elected when the lease has expired', async () => {
    const took = await Promise.all(
      times(3).map(async () => {
        const name = uniqueName();
        const crashing = runCandidate({ hosts: cluster().hosts, name, ttl: TTL });
        const { token } = await crashing.heard('elected');
        const next = candidate(cluster().hosts, name);
        const last = candidate(cluster().hosts, name);
        const story = tell({ next, last });
        await joinInOrder(next, last);
        crashing.signal('SIGKILL');
        const since = stopwatch();
        const term = await leading(next);
        expect(term.fencingToken > BigInt(token)).to.equal(true);
        expect(story).to.deep.equal(['next elected']);
        return since();
      }),
    );
    figure(`SIGKILL of the leader to elected, TTL ${TTL} s`, ...took);
  });

  it('is killed while it waits, the order of the others does not change', async () => {
    const name = uniqueName();
    const a = candidate(cluster().hosts, name, { value: 'a' });
    const d = candidate(cluster().hosts, name, { value: 'd' });
    const story = tell({ a, d });
    await leading(a);
    const crashing = runCandidate({ hosts: cluster().hosts, name, ttl: TTL, value: 'b' });
    await until(async () => (await queue(a)).length === 2, { what: 'b to be queued' });
    await queued(d);
    crashing.signal('SIGKILL');
    await until(async () => (await queue(a)).join() === 'a,d', { what: 'the lease of b to expire' });
    expect(story).to.deep.equal(['a elected']);
    await a.stop();
    await leading(d);
  });

  it('was stopped for two TTLs, the first thing it finds when it goes on is that it does not lead', async () => {
    const runs = times(4).map((i) => {
      // The deadline is as late as possible, so that the lease is tested and not an early deadline.
      const options = { hosts: cluster().hosts, ttl: TTL, renewDeadline: i % 2 === 0 ? 1.5 : 1.99 };
      return runCandidate({ ...options, name: uniqueName(), pauseOver: 2_000 * TTL - 200 });
    });
    await Promise.all(runs.map((run) => run.heard('elected')));
    for (const run of runs) run.signal('SIGSTOP');
    await pause(2_000 * TTL);
    for (const run of runs) run.signal('SIGCONT');
    const woke = await Promise.all(runs.map((run) => run.heard('woke')));
    expect(woke.map(({ isLeader }) => isLeader)).to.deep.equal(runs.map(() => false));
    // By the clock alone: in some runs isLeader() is asked before any late reply or timer has run. The kernel decides
    // which.
    expect(woke.some(({ isToldOver }) => !isToldOver)).to.equal(true);
    await Promise.all(runs.map((run) => until(() => elections(run.reports) > 1, { what: 'a second term' })));
    for (const run of runs) expect(codes(run.reports)[0]).to.equal('LEASE_EXPIRED');
  });

  it('was stopped while it led, the successor leads alone, also after it goes on', async () => {
    const name = uniqueName();
    const paused = runCandidate({ hosts: cluster().hosts, name, ttl: TTL, pauseOver: 1_500 * TTL });
    await paused.heard('elected');
    const next: Election = candidate(cluster().hosts, name, { value: 'next' });
    await queued(next);
    paused.signal('SIGSTOP');
    const since = stopwatch();
    await leading(next);
    figure(`SIGSTOP of the leader to elected, TTL ${TTL} s`, since());
    await until(() => since() > 1_700 * TTL, { what: 'a pause that the paused one can tell from a busy machine' });
    paused.signal('SIGCONT');
    expect((await paused.heard('woke')).isLeader).to.equal(false);
    await until(async () => (await queue(next)).length === 2, { what: 'the paused one to queue again' });
    expect(next.isLeader()).to.equal(true);
    expect((await queue(next))[0]).to.equal('next');
    const woke = paused.reports.findIndex(({ event }) => event === 'woke');
    expect(elections(paused.reports.slice(woke))).to.equal(0);
  });
});

function elections(reports: readonly { readonly event: string }[]): number {
  return reports.filter(({ event }) => event === 'elected').length;
}

function codes(reports: readonly { readonly event: string; readonly code?: string }[]): string[] {
  return reports.flatMap(({ code }) => (code === undefined ? [] : [code]));
}
