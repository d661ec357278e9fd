import { expect } from 'chai';
import { SystemClock } from '../../../lib/common/time.js';
import { EtcdStore } from '../../../lib/etcd/etcd-store.js';
import { CLIENTS, candidate, leading, openClient, queued } from '../../support/candidates.js';
import type { MemberProcess } from '../../support/cluster/member.js';
import { figure, stopwatch, times } from '../../support/figures.js';
import { ownCluster } from '../../support/own-cluster.js';
import { recordWatch } from '../../support/store-recorders.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { BUSY, until } from '../../support/wait.js';

/** Seconds: a busy machine does not use them up, so that no lease that runs out stands in for what is noticed. */
const TTL = 12;
/** How long a silent stream may go unnoticed, see docs/guarantees.md, and what a busy machine adds. */
const NOTICED_WITHIN = 1_000 * (2 * (TTL / 3) + 1) + BUSY;
/** etcd ends streams three election time-outs, of 1 to 2 s, after its member has lost the raft leader. */
const ENDED_WITHIN = 6_000 + BUSY;

describe('a watch on a member', () => {
  const cluster = ownCluster();
  const followers = async (): Promise<MemberProcess[]> => {
    const leader = await cluster().raftLeader();
    return cluster().members.filter((member) => member !== leader);
  };

  it('is given up when the member is stopped (SIGSTOP), so that each next candidate is elected in time', async () => {
    const pairs = await Promise.all(
      // So many that some have their watch on the stopped member.
      times(12).map(async (i) => {
        const name = uniqueName();
        const client = CLIENTS[i % 2] ?? 'createClient';
        const [leader, next] = times(2).map(() => candidate(cluster().hosts, name, { ttl: TTL, client }));
        if (leader === undefined || next === undefined) throw new Error('two candidates');
        await leading(leader);
        await queued(next);
        return { leader, next };
      }),
    );
    const [stopped] = await followers();
    stopped?.pause();
    const took = await Promise.all(
      pairs.map(async ({ leader, next }) => {
        const since = stopwatch();
        const leaving = leader.stop();
        await leading(next, NOTICED_WITHIN);
        const ms = since();
        await leaving;
        return ms;
      }),
    );
    figure('stop() of the leader to elected, with a stopped member', ...took);
  });

  it('ends when the member has lost the raft leader, though the member answers', async () => {
    const [member] = await followers();
    const client = openClient([member?.host ?? '']);
    const recorder = recordWatch(new EtcdStore(client, new SystemClock()), '');
    tracked(recorder.stream);
    recorder.stream.create(1, 'a', undefined, 2n ** 40n);
    await recorder.until((story) => story.length === 1);
    for (const other of cluster().members) if (other !== member) other.pause();
    const since = stopwatch();
    const signs = recorder.signs;
    recorder.stream.ping();
    await recorder.until(() => recorder.signs > signs);
    await until(() => recorder.story.length === 2, { within: ENDED_WITHIN, what: 'the end of the stream' });
    figure('raft leader lost to the end of the stream', since());
    expect(recorder.story).to.deep.equal(['1 created', 'closed']);
  });
});
