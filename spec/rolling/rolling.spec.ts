import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type Election, Session } from '../../lib/index.js';
import { candidate, joinInOrder, leading, openClient } from '../support/candidates.js';
import { Cluster } from '../support/cluster/cluster.js';
import { get } from '../support/cluster/http.js';
import { type EtcdProgram, LINES, programOf, type ReleaseLine } from '../support/cluster/releases.js';
import { figure, stopwatch, times } from '../support/figures.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const ELECTIONS = 20;
/** Seconds. */
const TTL = 16;
/** Milliseconds until the members have agreed on a version of the cluster. etcd looks every 4 s. */
const AGREES_WITHIN = 30_000;

/**
 * Writes after which a member makes a snapshot. etcd 3.6 refuses to replay what `/health` of 3.4 has left in the log
 * ("detected disallowed v2 WAL"), and 3.7 what 3.5 has written ("unmarshal should never fail"). So each member must
 * have made a snapshot on each line.
 */
const SNAPSHOT_EVERY = 100;

/** Two candidates of one election, and what was told of them. */
interface Rivals {
  readonly leader: Election;
  readonly next: Election;
  readonly losses: string[];
  /** Errors and outages that have not ended. */
  readonly open: Set<string>;
}

describe('a cluster that goes from release to release, member by member', () => {
  let programs: ReadonlyMap<ReleaseLine, EtcdProgram>;
  let cluster: Cluster;
  let rivals: readonly Rivals[];
  let most: number;

  beforeEach(async function () {
    this.timeout(120_000);
    programs = new Map(await Promise.all(LINES.map(async (line) => [line, await programOf(line)] as const)));
  });

  /** Twenty elections on a cluster of that line: half of them with a lease of their own, half on shared sessions. */
  const begin = async (line: ReleaseLine): Promise<void> => {
    const flags = [`--snapshot-count=${SNAPSHOT_EVERY}`];
    cluster = tracked(await Cluster.start({ bin: programs.get(line)?.bin ?? '', flags }));
    const [one, two] = [openClient(cluster.hosts), openClient(cluster.hosts)];
    const sessions = [one, two].map((client) => tracked(new Session(client, { ttl: TTL })));
    rivals = times(ELECTIONS).map((at): Rivals => {
      const name = uniqueName('rolling');
      const places = at < ELECTIONS / 2 ? [one, two] : sessions;
      const [leader, next] = places.map((place, i) => {
        const options = { value: i === 0 ? 'leader' : 'next' };
        return candidate(place, name, place instanceof Session ? options : { ...options, ttl: TTL });
      }) as [Election, Election];
      const pair: Rivals = { leader, next, losses: [], open: new Set() };
      for (const election of [leader, next]) {
        const who = `${at} ${election === leader ? 'leader' : 'next'}`;
        election.on('unelected', (_, { code }) => pair.losses.push(`${who}: ${code}`));
        election.on('suspended', () => pair.open.add(who));
        election.on('resumed', () => pair.open.delete(who));
        election.on('error', ({ code }) => void (code === 'UNAVAILABLE' || pair.losses.push(`${who}: ${code}`)));
      }
      return pair;
    });
    await Promise.all(rivals.map(({ leader, next }) => joinInOrder(leader, next)));
    most = 0;
    const sampler = setInterval(() => {
      for (const { leader, next } of rivals) most = Math.max(most, Number(leader.isLeader()) + Number(next.isLeader()));
    }, 1);
    tracked({ close: () => clearInterval(sampler) });
  };

  /** Every member in its turn; then the cluster as a whole is of that line. */
  const goTo = async (line: ReleaseLine): Promise<void> => {
    const program = programs.get(line);
    const since = stopwatch();
    for (const member of cluster.members) {
      await member.replace(program?.bin ?? '');
      await refreshed();
    }
    await agreedOn(line);
    await snapshots();
    figure(`to etcd ${program?.version}, member by member`, since());
    expect({ lost: rivals.flatMap(({ losses }) => losses), most }).to.deep.equal({ lost: [], most: 1 });
  };

  /** Every leader has refreshed its lease, and no outage lasts. */
  const refreshed = async (): Promise<void> => {
    await Promise.all(
      rivals.map(async ({ leader, open }) => {
        let count = 0;
        const heard = (): void => void count++;
        leader.on('refresh', heard);
        await until(() => count > 0 && open.size === 0, { what: 'a refresh of every leader' });
        leader.off('refresh', heard);
      }),
    );
  };

  /** Every member makes a snapshot. */
  const snapshots = async (): Promise<void> => {
    const client = openClient(cluster.hosts);
    for (const n of times(2 * SNAPSHOT_EVERY)) await client.put('filler').value(String(n));
  };

  const agreedOn = async (line: ReleaseLine): Promise<void> => {
    const agreed = async (): Promise<boolean> => {
      const answers = await Promise.all(cluster.hosts.map((host) => get(`${host}/version`)));
      return answers.every((answer) => answer.includes(`"etcdcluster":"${line}.`));
    };
    await until(agreed, { within: AGREES_WITHIN, what: `the cluster to be of ${line}` });
  };

  /** Every member has brought its data to the form of that line. A member of that line could not start before. */
  const readyFor = async (line: ReleaseLine): Promise<void> => {
    const ready = async (): Promise<boolean> => {
      const answers = await Promise.all(cluster.hosts.map((host) => get(`${host}/version`)));
      return answers.every((answer) => answer.includes(`"storage":"${line}.`));
    };
    await until(ready, { within: AGREES_WITHIN, what: `the data to be of ${line}` });
  };

  /** What was promised before still holds: the keys are there, watches hear, and leadership can be handed over. */
  const handOver = async (): Promise<void> => {
    const verified = await Promise.all(rivals.map(({ leader }) => leader.leadership?.verify()));
    expect(verified).to.deep.equal(times(ELECTIONS).map(() => true));
    await Promise.all(
      rivals.map(async ({ leader, next }) => {
        const before = leader.leadership?.fencingToken ?? 0n;
        await leader.stop();
        expect((await leading(next)).fencingToken > before).to.equal(true);
        expect(next.currentLeader()).to.equal('next');
      }),
    );
    expect(most, 'leaders at a time').to.equal(1);
  };

  it('keeps the leaders of twenty elections from 3.4 over 3.5 and 3.6 to 3.7, and they can hand over', async () => {
    await begin('3.4');
    for (const line of ['3.5', '3.6', '3.7'] as const) await goTo(line);
    await handOver();
  }).timeout(300_000);

  for (const [from, to] of [
    ['3.6', '3.5'],
    ['3.7', '3.6'],
  ] as const) {
    it(`keeps the leaders of twenty elections on the way back from ${from} to ${to}`, async () => {
      await begin(from);
      await agreedOn(from);
      const etcdctl = join(dirname(programs.get(from)?.bin ?? ''), 'etcdctl');
      const endpoint = `--endpoints=${cluster.hosts[0]}`;
      await promisify(execFile)(etcdctl, [endpoint, '--command-timeout=60s', 'downgrade', 'enable', to]);
      await readyFor(to);
      await goTo(to);
      await handOver();
    }).timeout(300_000);
  }
});
