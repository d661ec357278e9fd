import { expect } from 'chai';
import { Election, Session } from '../../../lib/index.js';
import { candidate, openClient } from '../../support/candidates.js';
import { Cluster } from '../../support/cluster/cluster.js';
import { restoreSnapshot, takeSnapshot } from '../../support/cluster/snapshot.js';
import { figure, stopwatch, times } from '../../support/figures.js';
import { tracked } from '../../support/track.js';
import { BUSY, pause, until } from '../../support/wait.js';

const ELECTIONS = 10;
/** Seconds. */
const TTL = 10;
/** Milliseconds: ten seconds without a believable answer, and what the reads take. */
const FOLLOWS_WITHIN = 15_000 + BUSY;
/** Milliseconds in which a session looks out for keys that it has released, in case a late join writes one again. */
const LOOKED_OUT_FOR = 10_000;

describe('a shared session some of whose candidates have left since the snapshot that is restored', () => {
  let cluster: Cluster;
  let elections: Election[];
  let others: Election[];

  beforeEach(async function () {
    this.timeout(60_000);
    cluster = tracked(await Cluster.start());
    const client = openClient(cluster.hosts);
    // Revisions that the restored cluster does not come to soon.
    for (let n = 0; n < 200; n++) await client.put('filler').value(String(n));
    const session = tracked(new Session(client, { ttl: TTL }));
    elections = times(ELECTIONS).map((i) => new Election(session, `shards/${i}`, { value: 'first' }).start());
    await until(() => elections.every((each) => each.isLeader()), { what: 'the first process to lead all' });
    others = [];
  });

  /** The first process has left these elections, and the second process leads them, when the snapshot comes back. */
  const restored = async (left: readonly Election[]): Promise<void> => {
    const file = await takeSnapshot(cluster);
    const client = openClient(cluster.hosts);
    for (const n of times(100)) await client.put('filler').value(String(n));
    await Promise.all(left.map((each) => each.stop()));
    const second = openClient(cluster.hosts);
    others = left.map(({ name }) => candidate(second, name, { value: 'second', ttl: TTL }).start());
    await until(() => others.every((each) => each.isLeader()), { what: 'the second process to lead them' });
    await pause(LOOKED_OUT_FOR);
    await restoreSnapshot(cluster, file);
    const since = stopwatch();
    const led = async (): Promise<boolean> => {
      const all = [...elections.filter((each) => !left.includes(each)), ...others];
      const heads = await Promise.all(all.map((each) => each.leader().catch(() => undefined)));
      return all.every((each, i) => each.isLeader() && heads[i]?.key === each.leadership?.key);
    };
    await until(led, { within: FOLLOWS_WITHIN, what: 'all elections to be led' });
    figure('all are led', since());
    const queues = await Promise.all(others.map((each) => each.candidates()));
    expect(queues.map((queue) => queue.map(({ value }) => value))).to.deep.equal(left.map(() => ['second']));
  };

  it('is followed by all of them, and the second process leads what the first has left', async () => {
    await restored(elections.slice(0, ELECTIONS / 2));
  }).timeout(120_000);

  it('is given up when all of them have left, and the second process leads', async () => {
    await restored(elections);
  }).timeout(120_000);
});
