import { expect } from 'chai';
import type { Election } from '../../lib/index.js';
import { atOnce } from '../support/at-once.js';
import { candidate, joinInOrder, openClient, queued } from '../support/candidates.js';
import { figure, stopwatch } from '../support/figures.js';
import { queueIs } from '../support/other-clients.js';
import { runCandidate } from '../support/processes.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tell } from '../support/story.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { BUSY, pause, until } from '../support/wait.js';

/** Milliseconds that the work of a leader needs to end. */
const WINDING_DOWN = 800;

/** Seconds, where a candidate is lost: what a slow machine does not use up, and a spec can wait for. */
const TTL = 12;

describe('a leader that hands over', () => {
  const cluster = sharedCluster();

  /** Works while it leads, and writes down when its work begins and has ended. */
  const work = (election: Election, name: string, journal: string[]): void => {
    const running = election.run(async ({ signal }) => {
      journal.push(`${name} begins`);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      await pause(WINDING_DOWN);
      journal.push(`${name} has ended`);
    });
    running.catch(() => {}); // what it rejects with is seen by the journal
  };

  it('starts the next one’s work after the last one’s has ended, whoever says so', async () => {
    const name = uniqueName();
    const journal: string[] = [];
    const names = ['a', 'b', 'c', 'd'];
    const all = names.map((value) => candidate(cluster().hosts, name, { value }));
    const operator = candidate(cluster().hosts, name, { value: 'operator' });
    for (const [at, election] of all.entries()) {
      work(election, names[at] as string, journal);
      await queued(election);
    }
    const expected = ['a begins'];
    let leader = 'a';
    for (const [round, to] of ['c', 'd', 'a', 'b', 'd', 'c'].entries()) {
      const election = all[names.indexOf(leader)] as Election;
      // Those that the last transfer has passed by queue again in a moment: nobody can name them before.
      await until(async () => (await operator.candidates()).length === all.length, { what: 'all to queue again' });
      const next = await (round % 2 === 0 ? election.stepDown({ to }) : operator.ask({ to }));
      expect(next?.value).to.equal(to);
      await until(() => journal.at(-1) === `${to} begins`, { what: `the work of ${to} to begin` });
      expected.push(`${leader} has ended`, `${to} begins`);
      leader = to;
    }
    expect(journal).to.deep.equal(expected);
    await Promise.all(all.map((election) => election.stop()));
  });

  it('passes ten candidates by in one transaction, and they queue again behind', async () => {
    const name = uniqueName();
    const all = Array.from({ length: 12 }, (_, n) => candidate(cluster().hosts, name, { value: `c${n}` }));
    await joinInOrder(...all);
    const story = tell(Object.fromEntries(all.map((election, n) => [`c${n}`, election])));
    const took = stopwatch();
    const leader = await (all[0] as Election).stepDown({ to: 'c11' });
    expect(leader?.value).to.equal('c11');
    await until(() => all[11]?.isLeader() === true, { what: 'the target to lead' });
    figure('transfer past ten candidates, until its call resolves', took());
    await until(async () => (await (all[0] as Election).candidates()).length === 12, { what: 'all to queue again' });
    expect(story).to.deep.equal(['c0 unelected: STEPPED_DOWN', 'c11 elected']);
  });

  it('hands over to the best that waits, and the better one leads after preempt', async () => {
    const name = uniqueName();
    const make = (value: string, priority: number): Election =>
      candidate(cluster().hosts, name, { value, priority, preempt: 1 });
    const [a, b, c] = [make('a', 5), make('b', 0), make('c', 3)];
    await joinInOrder(a, b, c);
    const story = tell({ a, b, c });
    await a.stop();
    await until(() => c.isLeader(), { what: 'the best to lead' });
    await queued(a);
    await until(() => a.isLeader(), { what: 'the better one to lead' });
    await pause(2_500);
    expect(story).to.deep.equal(['a unelected: STOPPED', 'c elected', 'c unelected: STEPPED_DOWN', 'a elected']);
    const client = openClient(cluster().hosts);
    await b.setPriority(9);
    await until(() => b.isLeader(), { what: 'the one that has become better to lead' });
    await Promise.all([a.stop(), b.stop(), c.stop()]);
    expect(await client.getAll().prefix(`${name}!`).keys()).to.deep.equal([]);
  });

  it('answers a program that asks, and leaves no control key behind', async () => {
    const name = uniqueName();
    const client = openClient(cluster().hosts);
    const [a, b] = [candidate(client, name, { value: 'a' }), candidate(cluster().hosts, name, { value: 'b' })];
    await joinInOrder(a, b);
    const operator = candidate(client, name);
    const took = stopwatch();
    expect((await operator.ask())?.value).to.equal('b');
    figure('an ask without work, until the next one is known', took());
    expect(await client.getAll().prefix(`${name}!`).keys()).to.deep.equal([]);
  });

  /** A target of a transfer, and what may become of it. */
  interface Target {
    harm(): void;
    mend(): void;
  }

  const ways: Readonly<Record<string, (name: string) => Promise<Target>>> = {
    'is killed': async (name) => {
      const target = runCandidate({ hosts: cluster().hosts, name, value: 'target', ttl: TTL });
      return { harm: () => target.signal('SIGKILL'), mend: () => {} };
    },
    'stands still': async (name) => {
      const target = runCandidate({ hosts: cluster().hosts, name, value: 'target', ttl: TTL });
      return { harm: () => target.signal('SIGSTOP'), mend: () => target.signal('SIGCONT') };
    },
    'is cut off': async (name) => {
      const proxy = tracked(await TcpProxy.to(cluster().hosts));
      candidate(proxy.hosts, name, { value: 'target', ttl: TTL }).start();
      return { harm: () => proxy.blackhole(), mend: () => proxy.restore() };
    },
  };
  const moments = ['before the leader is asked', 'while the work ends', 'when the work has ended'] as const;

  for (const [what, make] of Object.entries(ways)) {
    it(`leaves one leader, soon after the TTL, at whatever moment the target ${what}`, async () => {
      const transfer = async (moment: (typeof moments)[number]): Promise<void> => {
        const name = uniqueName();
        const journal: string[] = [];
        const [a, b] = [
          candidate(cluster().hosts, name, { value: 'a' }),
          candidate(cluster().hosts, name, { value: 'b' }),
        ];
        work(a, 'a', journal);
        await joinInOrder(a, b);
        const { harm, mend } = await make(name);
        await queueIs(a, ['a', 'b', 'target']);
        if (moment === 'before the leader is asked') harm();
        const stepping = a.stepDown({ to: 'target' });
        if (moment === 'when the work has ended') {
          await until(() => journal.at(-1) === 'a has ended', { what: 'the work to end' });
        }
        if (moment !== 'before the leader is asked') harm();
        const harmed = stopwatch();
        expect((await stepping)?.value).to.equal('target');
        await until(() => a.isLeader() || b.isLeader(), { within: TTL * 1_000 + 500 + BUSY, what: 'somebody to lead' });
        figure(`to a target that ${what} ${moment}, until somebody leads`, harmed());
        expect(a.isLeader() && b.isLeader()).to.equal(false);
        mend();
        await a.stop();
      };
      await atOnce(Object.fromEntries(moments.map((moment) => [moment, () => transfer(moment)])));
    });
  }
});
