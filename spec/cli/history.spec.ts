import { expect } from 'chai';
import type { Election, ElectionOptions } from '../../lib/index.js';
import { candidate, joinInOrder, leading, openClient } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { Cluster } from '../support/cluster/cluster.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

describe('etcd-leader history', () => {
  const cluster = sharedCluster();
  let name: string;

  beforeEach(() => {
    name = uniqueName('cli/history');
  });

  interface Printed {
    readonly election: string;
    readonly recorded: boolean;
    readonly since: string | null;
    readonly terms: readonly Readonly<Record<string, string | number | boolean | null>>[];
  }

  const ask = async (
    args: readonly string[] = [],
    hosts = cluster().hosts,
  ): Promise<{ readonly lines: readonly string[]; readonly notices: string }> => {
    const program = CliProgram.start(['history', name, ...args], { hosts });
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    return { lines: program.stdout.all, notices: program.stderr.text };
  };

  const json = async (hosts = cluster().hosts): Promise<Printed> =>
    JSON.parse((await ask(['--json'], hosts)).lines.join('\n')) as Printed;

  /** `a` has led and stopped, `b` leads. */
  const twoTerms = async (options: ElectionOptions, hosts = cluster().hosts): Promise<Election> => {
    const [a, b] = [
      candidate(hosts, name, { value: 'a', ...options }),
      candidate(hosts, name, { value: 'b', ...options }),
    ];
    await joinInOrder(a, b);
    if (options.history) await until(async () => (await a.history()).length === 1, { what: 'the term to be recorded' });
    await a.stop();
    await leading(b);
    if (options.history) await until(async () => (await b.history()).length === 2, { what: 'the term to be recorded' });
    return b;
  };

  it('prints what the leaders have recorded, oldest first: who, when, how long, why it ended', async () => {
    await twoTerms({ history: 10 });
    const { lines, notices } = await ask();
    const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
    const length = String.raw`\d+\.\d+ s`;
    expect(lines[0]).to.match(/^LEADER {2}TOKEN +FROM +UNTIL +FOR +GAP BEFORE +ENDED$/);
    expect(lines[1]).to.match(new RegExp(`^a +\\d+ +${time} +${time} +${length} +\\? +STOPPED$`));
    expect(lines[2]).to.match(new RegExp(`^b +\\d+ +${time} +leads +${length} +-?${length}(: clocks differ)?$`));
    expect(lines).to.have.length(3);
    expect(notices).to.include('recorded by the leaders themselves');
  });

  it('prints the same as one JSON object with --json', async () => {
    await twoTerms({ history: 10 });
    const { terms, ...rest } = await json();
    expect(rest).to.deep.equal({ election: name, recorded: true, since: null });
    const [a, b] = terms;
    expect([a?.['value'], a?.['why'], a?.['isExact'], a?.['leads'], a?.['gap']]).to.deep.equal([
      'a',
      'STOPPED',
      true,
      false,
      null,
    ]);
    expect([b?.['value'], b?.['why'], b?.['until'], b?.['leads']]).to.deep.equal(['b', null, null, true]);
    expect(b?.['gap']).to.equal(Date.parse(String(b?.['from'])) - Date.parse(String(a?.['until'])));
  });

  it('prints the order of leaders by etcd’s revisions when nothing is recorded, and says so', async () => {
    await twoTerms({});
    const { lines, notices } = await ask();
    expect(lines.slice(1).map((line) => line.split(/ {2,}/))).to.deep.equal([
      ['a', lines[1]?.split(/ {2,}/)[1], '?', '?', '?', '?', 'not recorded'],
      ['b', lines[2]?.split(/ {2,}/)[1], '?', 'leads', '?', '?'],
    ]);
    expect(notices).to.match(/no leader has recorded its terms: .* etcd knows its revisions from \d+ on/);
  });

  it('says of two terms at the same time whether clocks differ, or the first leader was told late', async () => {
    const term = (token: number, from: number, until: number, why: string): object => {
      return { token: `${token}`, value: 'a', lease: '1f', from, until, why };
    };
    const terms = [
      term(1, 0, 2_000, 'STOPPED'),
      term(2, 1_000, 4_000, 'KEY_DELETED'),
      term(3, 3_500, 5_000, 'STOPPED'),
    ];
    const client = openClient(cluster().hosts);
    await client.put(`${name}!history`).value(JSON.stringify({ v: 1, terms }));
    tracked({ close: () => client.delete().key(`${name}!history`).exec() });
    const gaps = (await ask()).lines.slice(1).map((line) => line.split(/ {2,}/)[5]);
    expect(gaps).to.deep.equal(['?', '-1.00 s: clocks differ', '-0.50 s: both led']);
    expect(Object.keys((await json()).terms[0] ?? {})).to.have.members([
      'value',
      'token',
      'leaseId',
      'from',
      'until',
      'isExact',
      'gap',
      'why',
      'leads',
    ]);
  });

  it('prints that there were no terms', async () => {
    expect((await ask()).lines).to.deep.equal(['no terms']);
    expect((await json()).terms).to.deep.equal([]);
  });

  it('knows no leader from before the last compaction but the one that led then', async () => {
    const { hosts } = tracked(await Cluster.start({ members: 1 }));
    const client = openClient(hosts);
    const b = await twoTerms({}, hosts);
    const { header } = await client.kv.range({ key: Buffer.from(name) });
    await client.kv.compact({ revision: header.revision, physical: true });
    expect((await json(hosts)).terms.map(({ value }) => value)).to.deep.equal(['b']);

    const c = candidate(hosts, name, { value: 'c' });
    await joinInOrder(c);
    await candidate(hosts, name).ask({ to: 'c' });
    await c.stop();
    await leading(b);
    const { since, terms } = await json(hosts);
    expect(since).to.equal(header.revision);
    expect(terms.map(({ value }) => value)).to.deep.equal(['b', 'c', 'b']);
  });

  it('records the terms of hosts that run a command with --history', async () => {
    const run = (value: string): CliProgram => {
      const args = ['run', '--history', '10', '--value', value, name, '--', 'sleep', '600'];
      return CliProgram.start(args, { hosts: cluster().hosts });
    };
    const first = run('a');
    await first.stderr.line(/elected with token/);
    const second = run('b');
    await second.stderr.line(/waiting/);
    first.kill('SIGTERM');
    await second.stderr.line(/elected with token/);
    await until(async () => (await json()).terms.length === 2, { what: 'the term of b to be recorded' });
    const [a, b] = (await json()).terms;
    expect([a?.['value'], a?.['why'], b?.['value'], b?.['leads']]).to.deep.equal(['a', 'STOPPED', 'b', true]);
  });

  it('shows control characters of a value, and does not obey them', async () => {
    await leading(candidate(cluster().hosts, name, { value: 'a\u001b[31m', history: 1 }));
    const { lines } = await ask();
    expect(lines[1]).to.match(/^a\\u001b\[31m /);
  });
});
