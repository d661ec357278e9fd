import { expect } from 'chai';
import type { Candidate, Election, Leadership } from '../../../lib/index.js';
import { candidate, joinInOrder, openClient } from '../../support/candidates.js';
import { CliProgram } from '../../support/cli/program.js';
import { Cluster } from '../../support/cluster/cluster.js';
import { findEtcd } from '../../support/cluster/etcd-server.js';
import { compareReleases } from '../../support/cluster/release.js';
import { rebuild, restoreSnapshot, takeSnapshot } from '../../support/cluster/snapshot.js';
import { figure, stopwatch, times } from '../../support/figures.js';
import { tracked } from '../../support/track.js';
import { BUSY, SOON, until } from '../../support/wait.js';

const CANDIDATES = 10;
/** Seconds: a busy machine does not use them up. */
const TTL = 12;
/** Milliseconds: until the leases in a snapshot have ended, which takes longer than ten seconds without an answer. */
const FOLLOWS_WITHIN = 1_000 * TTL + 5_000 + BUSY;
/** More than there were since any snapshot. */
const BUMP = 1_000_000;

const server = await findEtcd();
/** `snapshot restore --bump-revision` came with 3.5. */
const canBump = server?.kind === 'program' && compareReleases(server.version, '3.5') >= 0;

describe('a cluster whose history begins anew', () => {
  let cluster: Cluster;
  let candidates: Election[];
  let observer: Election;
  let terminal: CliProgram;
  let most: number;
  let seen: Candidate | undefined;

  beforeEach(async function () {
    this.timeout(6 * SOON);
    cluster = tracked(await Cluster.start());
    const client = openClient(cluster.hosts);
    // Revisions that a new history does not come to soon.
    for (let n = 0; n < 200; n++) await client.put('filler').value(String(n));
    candidates = times(CANDIDATES).map((i) => candidate(cluster.hosts, 'jobs', { value: `c${i}`, ttl: TTL }));
    observer = candidate(cluster.hosts, 'jobs', { value: 'observer', ttl: TTL });
    await joinInOrder(...candidates);
    terminal = CliProgram.start(['observe', 'jobs', '--json'], { hosts: cluster.hosts });
    await terminal.stdout.line(/"value":"c0"/);
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

  /** Resolves when the head of the queue leads, all queue, and all observers name the leader. */
  const follow = async (): Promise<void> => {
    const within = FOLLOWS_WITHIN;
    const since = stopwatch();
    const leadership = await until(ledByHead, { within, what: 'the head of the queue to lead' });
    await until(() => seen?.key === leadership.key, { within, what: 'the observer to name it' });
    await until(() => candidates.every((each) => each.currentLeader() === leadership.value), {
      within,
      what: 'all of them to name it',
    });
    await until(() => terminal.stdout.all.at(-1)?.includes(`"token":"${leadership.fencingToken}"`), {
      within,
      what: 'the command line to name it',
    });
    figure('all follow', since());
    const names = candidates.map((_, i) => `c${i}`).join();
    const queue = async (): Promise<boolean> =>
      (await observer.candidates())
        .map(({ value }) => value)
        .sort()
        .join() === names;
    await until(queue, { within, what: 'all of them to queue once' });
    expect(most, 'leaders at a time').to.equal(1);
  };

  const ledByHead = async (): Promise<Leadership | undefined> => {
    const head = await observer.leader();
    const leadership = candidates.find((each) => each.isLeader())?.leadership;
    return head !== undefined && head.key === leadership?.key ? leadership : undefined;
  };

  it('is followed by candidates, observers and the command line after its data was emptied', async () => {
    await rebuild(cluster, () => {
      for (const member of cluster.members) member.wipe();
    });
    await follow();
  }).timeout(6 * SOON);

  const restored = async (...flags: readonly string[]): Promise<void> => {
    const file = await takeSnapshot(cluster);
    const client = openClient(cluster.hosts);
    for (const n of times(100)) await client.put('filler').value(String(n));
    await candidates[0]?.stepDown();
    await until(() => candidates[1]?.isLeader(), { what: 'the next one' });
    await restoreSnapshot(cluster, file, flags);
    await follow();
  };

  it('is followed by candidates, observers and the command line after a snapshot was restored', async () => {
    await restored();
  }).timeout(6 * SOON);

  if (canBump) {
    it('is followed by all of them after a snapshot was restored with a higher revision', async () => {
      await restored(`--bump-revision=${BUMP}`, '--mark-compacted');
    }).timeout(6 * SOON);
  }
});
