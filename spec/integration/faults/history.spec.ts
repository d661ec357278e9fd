import { join } from 'node:path';
import { expect } from 'chai';
import type { Candidate, Election, Leadership } from '../../../lib/index.js';
import { candidate, inOrder, openClient } from '../../support/candidates.js';
import { Cluster } from '../../support/cluster/cluster.js';
import { findTool } from '../../support/cluster/tools.js';
import { tracked } from '../../support/track.js';
import { until } from '../../support/wait.js';

/** Seconds. */
const TTL = 10;

/** Milliseconds: ten seconds without a believable answer, and what a busy machine takes besides. */
const FOLLOWS_WITHIN = 30_000;

describe('a cluster whose history begins anew', () => {
  let cluster: Cluster;
  let candidates: Election[];
  let observer: Election;
  let most: number;
  let seen: Candidate | undefined;

  beforeEach(async function () {
    this.timeout(60_000);
    cluster = tracked(await Cluster.start());
    const client = openClient(cluster.hosts);
    // Revisions that a new history does not come to soon.
    for (let n = 0; n < 200; n++) await client.put('filler').value(String(n));
    candidates = Array.from({ length: 5 }, (_, i) => candidate(cluster.hosts, 'jobs', { value: `c${i}`, ttl: TTL }));
    observer = candidate(cluster.hosts, 'jobs', { value: 'observer', ttl: TTL });
    await inOrder(...candidates);
    most = 0;
    const sampler = setInterval(() => {
      most = Math.max(most, candidates.filter((each) => each.isLeader()).length);
    }, 1);
    tracked({ close: () => clearInterval(sampler) });
    const over = new AbortController();
    const watching = watch(over.signal);
    tracked({
      close: () => {
        over.abort();
        return watching;
      },
    });
  });

  const watch = async (signal: AbortSignal): Promise<void> => {
    for await (const leader of observer.observe({ signal })) seen = leader;
  };

  /** All members are down while `change` is made to their data. */
  const rebuild = async (change: () => Promise<void> | void): Promise<void> => {
    await Promise.all(cluster.members.map((member) => member.kill()));
    await change();
    for (const member of cluster.members) member.launch();
    await cluster.healthy();
  };

  /** Resolves when another term has begun, all queue again, and all observers name the leader. */
  const follow = async (before: Leadership | undefined): Promise<void> => {
    const within = FOLLOWS_WITHIN;
    const leadership = await until(() => ledAnew(before), { within, what: 'one of them to lead' });
    await until(() => seen?.key === leadership.key, { within, what: 'the observer to name it' });
    await until(() => candidates.every((each) => each.currentLeader() === leadership.value), {
      within,
      what: 'all of them to name it',
    });
    const names = (await observer.candidates()).map(({ value }) => value).sort();
    expect(names).to.deep.equal(candidates.map((_, i) => `c${i}`));
    expect(most, 'leaders at a time').to.equal(1);
  };

  const ledAnew = (before: Leadership | undefined): Leadership | undefined => {
    const leadership = candidates.find((each) => each.isLeader())?.leadership;
    return leadership?.key === before?.key ? undefined : leadership;
  };

  it('is followed by candidates and observers after its data was emptied, and two never lead', async () => {
    const leader = candidates.find((each) => each.isLeader())?.leadership;
    await rebuild(() => {
      for (const member of cluster.members) member.wipe();
    });
    await follow(leader);
  }).timeout(120_000);

  it('is followed by candidates and observers after a snapshot was restored, and two never lead', async () => {
    const etcdctl = await findTool('etcdctl');
    const [first] = cluster.members;
    const file = join(first?.folder ?? '', 'snapshot');
    await first?.snapshot(file, etcdctl);
    const client = openClient(cluster.hosts);
    for (let n = 0; n < 100; n++) await client.put('filler').value(String(n));
    await candidates[0]?.stepDown();
    const leader = await until(() => candidates.find((each) => each.isLeader())?.leadership, { what: 'the next one' });
    await rebuild(async () => {
      for (const member of cluster.members) await member.restore(file, etcdctl);
    });
    await follow(leader);
  }).timeout(120_000);
});
