import { expect } from 'chai';
import { type Election, Session } from '../../../lib/index.js';
import { keysUnder } from '../../support/by-hand.js';
import { candidate, joinInOrder, leading, openClient, queued } from '../../support/candidates.js';
import { Cluster } from '../../support/cluster/cluster.js';
import { figure, stopwatch } from '../../support/figures.js';
import { ownCluster } from '../../support/own-cluster.js';
import { runCandidate } from '../../support/processes.js';
import { TcpProxy } from '../../support/proxy/proxy.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { aborted, BUSY, pause, until } from '../../support/wait.js';
import { recordLog } from '../../support/world.js';

/** Seconds: whoever leads well before that has not waited for the end of a lease. */
const TTL = 30;
/** ms from the end of etcd's raft leader to the next leader of an election, with what a busy machine adds. */
const FOLLOWED_WITHIN = 5_000 + BUSY;

describe('a leader that leaves', () => {
  const cluster = ownCluster();

  /** Each way to leave, with a leader to leave by it. */
  async function leavers(): Promise<{ readonly leader: Election; readonly leave: () => Promise<unknown> }[]> {
    const { hosts } = cluster();
    const stopping = candidate(hosts, uniqueName(), { ttl: TTL });
    const session = tracked(new Session(openClient(hosts), { ttl: TTL }));
    const closing = candidate(session, uniqueName());
    const running = candidate(hosts, uniqueName(), { ttl: TTL });
    const abort = new AbortController();
    const ran = running.run(({ signal }) => aborted(signal), { signal: abort.signal }).catch(() => {});
    await Promise.all([stopping, closing, running].map((leader) => leading(leader)));
    return [
      { leader: stopping, leave: () => stopping.stop() },
      { leader: closing, leave: () => session.close() },
      {
        leader: running,
        leave: () => {
          abort.abort();
          return ran;
        },
      },
    ];
  }

  for (const round of [1, 2]) {
    it(`is followed within 5 s when etcd's raft leader is killed, however it leaves: round ${round}`, async () => {
      const all = await leavers();
      const next = await Promise.all(
        all.map(({ leader }) => queued(candidate(cluster().hosts, leader.name, { ttl: TTL }))),
      );
      await (await cluster().raftLeader()).kill();
      await pause(50);
      const since = stopwatch();
      await Promise.all(all.map(({ leave }) => leave()));
      figure('stop(), close() and the end of run() without a raft leader', since());
      await Promise.all(next.map((election) => leading(election, FOLLOWED_WITHIN)));
      figure('from there to the next leader', since());
      expect(since()).to.be.below(FOLLOWED_WITHIN);
    });
  }

  it('resolves when its client is closed meanwhile, and warns with the seconds until its lease ends', async () => {
    const client = openClient(cluster().hosts);
    const log = recordLog();
    const election = candidate(client, uniqueName(), { ttl: TTL, logger: log });
    await leading(election);
    const stopped = election.stop();
    client.close();
    const since = stopwatch();
    await stopped;
    expect(since()).to.be.below(5_000 + BUSY);
    const warning = log.lines.find(({ message }) => message.startsWith('key not released in time'));
    expect(warning?.level).to.equal('warn');
    expect(warning?.data.endsIn).to.be.within(TTL - 3 - BUSY / 1_000, TTL);
  });

  it('does not keep its process, though its key could not be released', async () => {
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    const leader = runCandidate({ hosts: proxy.hosts, name: uniqueName(), ttl: TTL, releaseTimeout: 0 });
    await leader.heard('elected');
    proxy.blackhole();
    leader.askToStop();
    await leader.heard('stopped');
    await leader.exited(5_000 + BUSY); // and not when the lease has ended
    expect(leader.exitCode).to.equal(0);
    proxy.restore();
  });
});

describe('a leader whose only member of etcd goes away', () => {
  it('is followed within 2 s of the member coming back when it leaves meanwhile', async () => {
    const cluster = tracked(await Cluster.start({ members: 1 }));
    const [member] = cluster.members;
    const name = uniqueName();
    const leader = candidate(cluster.hosts, name, { ttl: TTL });
    const next = candidate(cluster.hosts, name, { ttl: TTL });
    await joinInOrder(leader, next);
    await member?.kill();
    const stopped = leader.stop();
    await pause(1_200);
    member?.launch();
    await member?.healthy();
    const since = stopwatch();
    await until(() => next.isLeader(), { within: 2_000 + BUSY, what: 'the next to lead' });
    figure('the next leader, after the only member has come back', since());
    await stopped;
    expect(await keysUnder(openClient(cluster.hosts), name)).to.have.length(1);
  });
});
