import { expect } from 'chai';
import { Election, Session } from '../../../lib/index.js';
import { atOnce } from '../../support/at-once.js';
import { candidate, openClient } from '../../support/candidates.js';
import { Cluster } from '../../support/cluster/cluster.js';
import { restoreSnapshot, takeSnapshot } from '../../support/cluster/snapshot.js';
import { figure, stopwatch, times } from '../../support/figures.js';
import { tracked } from '../../support/track.js';
import { BUSY, pause, SOON, until } from '../../support/wait.js';

const ELECTIONS = 10;
/** Seconds: a busy machine does not use them up. */
const TTL = 12;
/** Milliseconds: until the leases in the snapshot have ended, and what the reads take. */
const FOLLOWS_WITHIN = 1_000 * TTL + 5_000 + BUSY;
/** Milliseconds in which a session looks out for keys that it has released, in case a late join writes one again. */
const LOOKED_OUT_FOR = 10_000;

describe('a shared session some of whose candidates have left since the snapshot that is restored', () => {
  /** The first process has left so many elections, and the second process leads them, when the snapshot comes back. */
  const restored = async (left: number): Promise<void> => {
    const cluster = tracked(await Cluster.start());
    const client = openClient(cluster.hosts);
    // Revisions that the restored cluster does not come to soon.
    for (let n = 0; n < 200; n++) await client.put('filler').value(String(n));
    const session = tracked(new Session(client, { ttl: TTL }));
    const elections = times(ELECTIONS).map((i) => new Election(session, `shards/${i}`, { value: 'first' }).start());
    await until(() => elections.every((each) => each.isLeader()), { what: 'the first process to lead all' });

    const file = await takeSnapshot(cluster);
    const another = openClient(cluster.hosts);
    for (const n of times(100)) await another.put('filler').value(String(n));
    const leaving = elections.slice(0, left);
    await Promise.all(leaving.map((each) => each.stop()));
    const second = openClient(cluster.hosts);
    const others = leaving.map(({ name }) => candidate(second, name, { value: 'second', ttl: TTL }).start());
    await until(() => others.every((each) => each.isLeader()), { what: 'the second process to lead them' });
    await pause(LOOKED_OUT_FOR);
    await restoreSnapshot(cluster, file);
    const since = stopwatch();
    const led = async (): Promise<boolean> => {
      const all = [...elections.slice(left), ...others];
      const heads = await Promise.all(all.map((each) => each.leader().catch(() => undefined)));
      return all.every((each, i) => each.isLeader() && heads[i]?.key === each.leadership?.key);
    };
    await until(led, { within: FOLLOWS_WITHIN, what: 'all elections to be led' });
    figure(`all are led, ${left} of ${ELECTIONS} by the second process`, since());
    const queues = await Promise.all(others.map((each) => each.candidates()));
    expect(queues.map((queue) => queue.map(({ value }) => value))).to.deep.equal(others.map(() => ['second']));
  };

  it('is followed by all, or given up if all have left, and the second process leads what was left', async () => {
    await atOnce({
      'a half has left': () => restored(ELECTIONS / 2),
      'all have left': () => restored(ELECTIONS),
    });
  }).timeout(6 * SOON);
});
