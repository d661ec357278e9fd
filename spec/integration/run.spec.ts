import { expect } from 'chai';
import { ElectionError, type Leadership } from '../../lib/index.js';
import { keysUnder, queue, REVOKED, revoke } from '../support/by-hand.js';
import { candidate, joinInOrder, leading, openClient, queued } from '../support/candidates.js';
import { figure, stopwatch } from '../support/figures.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { aborted, BUSY, pause, until } from '../support/wait.js';

/** How a promise settles: its value, or the code or message of its rejection. */
const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((err: unknown) => (err instanceof ElectionError ? err.code : (err as Error).message));

describe('run()', () => {
  const cluster = sharedCluster();

  it('joins, does the work as the leader, gives its result and leaves nothing in etcd', async () => {
    const name = uniqueName();
    const election = candidate(cluster().hosts, name);
    const result = await election.run(async (term) => [term.isCurrent(), await term.verify(), election.isLeader()]);
    expect(result).to.deep.equal([true, true, true]);
    expect([election.state, await keysUnder(openClient(cluster().hosts), name)]).to.deep.equal(['idle', []]);
  });

  it('never lets the work of two candidates overlap, and each does its own', async () => {
    const name = uniqueName();
    let working = 0;
    let most = 0;
    const runs = ['a', 'b', 'c', 'd'].map((value) =>
      candidate(cluster().hosts, name).run(async () => {
        most = Math.max(most, ++working);
        await pause(30);
        working--;
        return value;
      }),
    );
    expect(await Promise.all(runs)).to.deep.equal(['a', 'b', 'c', 'd']);
    expect(most).to.equal(1);
  });

  it('holds the key until the work has wound down, when it is stopped', async () => {
    const name = uniqueName();
    const first = candidate(cluster().hosts, name);
    const second = candidate(cluster().hosts, name);
    const story = tell({ first, second });
    const running = first.run(async ({ signal }) => {
      await aborted(signal);
      await pause(300);
      story.push('work ended');
      return 'not this';
    });
    await leading(first);
    await queued(second);
    await first.stop();
    await leading(second);
    expect(await running).to.equal(undefined);
    expect(story).to.deep.equal(['first elected', 'first unelected: STOPPED', 'work ended', 'second elected']);
  });

  it('does the work again, after the next election, when the lease was lost meanwhile', async () => {
    const operator = openClient(cluster().hosts);
    const election = candidate(cluster().hosts, uniqueName());
    const terms: Leadership[] = [];
    const running = election.run(async (term) => {
      terms.push(term);
      if (terms.length === 2) return 'done';
      await revoke(operator, term.leaseId);
      await aborted(term.signal);
      return 'not this';
    });
    expect(await running).to.equal('done');
    const [before, after] = terms;
    expect((after?.fencingToken ?? 0n) > (before?.fencingToken ?? 0n)).to.equal(true);
    expect(before?.signal.reason).to.have.property('code').that.is.oneOf(REVOKED);
  });

  it('rejects with the reason of the loss when it must not queue again', async () => {
    const operator = openClient(cluster().hosts);
    const name = uniqueName();
    const task = async (term: Leadership): Promise<void> => {
      await revoke(operator, term.leaseId);
      await aborted(term.signal);
    };
    const election = candidate(cluster().hosts, name);
    expect(await outcome(election.run(task, { requeue: false }))).to.be.oneOf(REVOKED);
    expect([election.state, await keysUnder(operator, name)]).to.deep.equal(['idle', []]);
  });

  it("resigns when the work fails, and rejects with the work's own error", async () => {
    const name = uniqueName();
    const failing = candidate(cluster().hosts, name);
    const next = candidate(cluster().hosts, name);
    const failed = outcome(
      failing.run(async () => {
        await queued(next);
        throw new Error('no paper');
      }),
    );
    expect(await failed).to.equal('no paper');
    await leading(next);
  });

  it('is ended by its signal, also while it waits for its turn', async () => {
    const name = uniqueName();
    const leader = candidate(cluster().hosts, name, { value: 'leader' });
    await leading(leader);
    const waiting = candidate(cluster().hosts, name);
    const abort = new AbortController();
    const running = waiting.run(() => 'never', { signal: abort.signal });
    await queued(waiting);
    abort.abort();
    expect([await running, waiting.state, await queue(leader)]).to.deep.equal([undefined, 'idle', ['leader']]);
  });

  it('is bounded in time when the work does not end and etcd does not answer', async () => {
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    const election = candidate(proxy.hosts, uniqueName(), { releaseTimeout: 700 });
    const story = tell({ it: election }, ['elected', 'unelected', 'error']);
    const end = new AbortController();
    const running = election.run(() => aborted(end.signal));
    await leading(election);
    proxy.blackhole();
    const since = stopwatch();
    await election.stop();
    figure('stop() with endless work and no answer, releaseTimeout 700 ms', since());
    expect(since()).to.be.below(700 + 1_000 + BUSY);
    expect(story).to.deep.equal(['it elected', 'it unelected: STOPPED', 'it error: RELEASE_TIMEOUT']);
    end.abort();
    expect(await running).to.equal(undefined);
    proxy.restore();
  });

  it('lets a write through the term commit only while it leads', async () => {
    const name = uniqueName();
    const client = openClient(cluster().hosts);
    const [a, b] = [candidate(client, name), candidate(cluster().hosts, name)];
    await joinInOrder(a, b);
    const term = await leading(a);
    const write = (value: string): Promise<{ succeeded: boolean }> =>
      term
        .txn()
        .then(client.put(`${name}-result`).value(value))
        .commit();
    expect((await write('by a')).succeeded).to.equal(true);
    await revoke(client, term.leaseId);
    expect((await write('too late')).succeeded).to.equal(false);
    expect(await client.get(`${name}-result`)).to.equal('by a');
    expect(await term.verify()).to.equal(false);
    await client.delete().key(`${name}-result`);
  });
});

describe('a candidate', () => {
  const cluster = sharedCluster();

  it('settles elected() when it is elected, whether asked before start() or after', async () => {
    const election = candidate(cluster().hosts, uniqueName());
    const early = election.elected();
    election.start();
    const term = await early;
    expect(await election.elected()).to.equal(term);
    expect(election.leadership).to.equal(term);
  });

  it('settles elected() when it is stopped or the caller gives up', async () => {
    const name = uniqueName();
    const [a, b] = [candidate(cluster().hosts, name), candidate(cluster().hosts, name)];
    await joinInOrder(a, b);
    const abort = new AbortController();
    const given = outcome(b.elected({ signal: abort.signal }));
    const stopped = outcome(b.elected());
    abort.abort();
    expect(await given).to.equal('ABORTED');
    await b.stop();
    expect(await stopped).to.equal('STOPPED');
  });

  it('goes to the end of the queue when it steps down, and stays a candidate', async () => {
    const name = uniqueName();
    const [a, b, c] = [
      candidate(cluster().hosts, name, { value: 'a' }),
      candidate(cluster().hosts, name, { value: 'b' }),
      candidate(cluster().hosts, name, { value: 'c' }),
    ];
    const story = tell({ a, b });
    await joinInOrder(a, b, c);
    await a.stepDown();
    await leading(b);
    expect([a.state, await queue(a)]).to.deep.equal(['waiting', ['b', 'c', 'a']]);
    expect(story).to.deep.equal(['a elected', 'a unelected: STEPPED_DOWN', 'b elected']);
    expect(await outcome(a.stepDown())).to.equal('NOT_LEADER');
  });

  it('is elected again with a greater token when it steps down alone', async () => {
    const election = candidate(cluster().hosts, uniqueName());
    const story = tell({ it: election });
    const before = await leading(election);
    await election.stepDown();
    const after = await leading(election);
    expect(after.fencingToken > before.fencingToken).to.equal(true);
    expect(story).to.deep.equal(['it elected', 'it unelected: STEPPED_DOWN', 'it elected']);
  });

  it('steps down when its health check fails, and comes back when the check succeeds', async () => {
    const name = uniqueName();
    let healthy = true;
    const sick = candidate(cluster().hosts, name, { ttl: 12, value: 'sick', healthCheck: () => healthy });
    const next = candidate(cluster().hosts, name, { value: 'next' });
    const story = tell({ sick, next });
    await joinInOrder(sick, next);
    healthy = false;
    await leading(next);
    expect(await queue(next)).to.deep.equal(['next']);
    healthy = true;
    await until(async () => (await queue(next)).join() === 'next,sick', { what: 'the other to come back' });
    expect(story).to.deep.equal(['sick elected', 'sick unelected: UNHEALTHY', 'next elected']);
  });
});
