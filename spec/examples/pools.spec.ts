import { expect } from 'chai';
import { openClient } from '../support/candidates.js';
import { firstToSay, type Replica, replica } from '../support/replica.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/**
 * Seconds. A worker of `node:cluster` has an eighth of it to end in before it is killed, and its last job may take a
 * second.
 */
const TTL = '12';
const ELECTED = /^elected with token (\d+)/;

/** The time of the first, or of the last, line that matches. */
function firstTime(of: Replica, expression: RegExp): number {
  return Math.min(...of.all(expression).map(({ line }) => line.at));
}

function lastTime(of: Replica, expression: RegExp): number {
  return Math.max(...of.all(expression).map(({ line }) => line.at));
}

describe('the node:cluster example', () => {
  const cluster = sharedCluster();
  const works = /^works with token (\d+)/;
  const ended = /^has ended its work/;

  function start(names: readonly string[]) {
    const ELECTION = uniqueName('cluster');
    const env = { ETCD_HOSTS: cluster().hosts.join(','), ELECTION, TTL, WORKERS: '2' };
    return { ELECTION, all: names.map((NAME) => replica('cluster-pool', { ...env, NAME })) };
  }

  /**
   * Waits until both workers work. Before that the primary is not killed, because a starting worker would print errors.
   */
  async function bothWork(primary: Replica): Promise<string[]> {
    await until(() => primary.all(works).length === 2, { within: 60_000, what: 'two workers' });
    return primary.all(works).map(({ captured }) => captured);
  }

  it('starts its workers with the token when the primary is elected, and ends them with it', async () => {
    const { ELECTION, all } = start(['a', 'b', 'c']);
    const { first, others, captured } = await firstToSay(all, ELECTED);
    expect(await bothWork(first)).to.deep.equal([captured, captured]);
    const client = openClient(cluster().hosts);
    await until(async () => (await client.get(`${ELECTION}-jobs`).string())?.startsWith(`${captured} `), {
      what: 'a job done by a worker under the token',
    });

    first.kill('SIGKILL');
    await first.exited(); // its workers have exited too: they hold the pipe
    const { first: second, others: rest } = await firstToSay(others, ELECTED);
    await bothWork(second);

    second.kill('SIGTERM');
    expect(await second.exited()).to.equal(0);
    expect(second.all(ended)).to.have.length(2);
    const { first: third } = await firstToSay(rest, ELECTED);
    expect(lastTime(second, ended)).to.be.at.most(firstTime(third, ELECTED));
    await bothWork(third);
  });

  it('has its workers end by themselves, before another pool starts, while the primary stands still', async () => {
    const { all } = start(['a', 'b']);
    const { first, others } = await firstToSay(all, ELECTED);
    await bothWork(first);
    first.kill('SIGSTOP');
    const { first: second } = await firstToSay(others, ELECTED);
    await until(() => first.all(ended).length === 2, { what: 'both workers to say that they have ended' });
    expect(lastTime(first, ended)).to.be.at.most(firstTime(second, ELECTED));
    first.kill('SIGCONT');
    await first.says(/^leads no longer: LEASE_EXPIRED/);
    await bothWork(second);
  });
});

describe('the worker_threads example', () => {
  const cluster = sharedCluster();

  it('computes in the threads of the leader, and nowhere else after a crash or a planned stop', async () => {
    const ELECTION = uniqueName('threads');
    const env = { ETCD_HOSTS: cluster().hosts.join(','), ELECTION, TTL, WORKERS: '1' };
    const all = ['a', 'b', 'c'].map((NAME) => replica('worker-threads-pool', { ...env, NAME }));
    const client = openClient(cluster().hosts);
    const found = async (token: string): Promise<void> => {
      const isOfToken = async () => (await client.get(`${ELECTION}-found`).string())?.startsWith(`${token} `);
      await until(isOfToken, { within: 60_000, what: `something to be found under token ${token}` });
    };

    const { first, others, captured } = await firstToSay(all, ELECTED);
    expect(await first.says(/^a thread works with token (\d+)/)).to.equal(captured);
    await found(captured);
    first.kill('SIGKILL');
    const { first: second, others: rest, captured: token } = await firstToSay(others, ELECTED);
    await found(token);
    second.kill('SIGTERM');
    expect(await second.exited()).to.equal(0);
    const { first: third, captured: last } = await firstToSay(rest, ELECTED);
    expect(lastTime(second, /^its threads have ended/)).to.be.at.most(firstTime(third, ELECTED));
    await found(last);
  });
});
