import { expect } from 'chai';
import type { Etcd3 } from 'etcd3';
import { candidate, leading, openClient } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { Cluster } from '../support/cluster/cluster.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { pause, until } from '../support/wait.js';

/** Says for which period it runs. */
const REPORT = ['sh', '-c', 'echo "report of $ETCD_LEADER_PERIOD by $$"'];
/** Says so at its beginning, and works for long. */
const LONG_REPORT = ['sh', '-c', 'echo "report of $ETCD_LEADER_PERIOD by $$"; exec sleep 1000'];

describe('etcd-leader run --every', () => {
  const cluster = sharedCluster();
  let name: string;
  let client: Etcd3;

  beforeEach(() => {
    name = uniqueName('cli/every');
    client = openClient(cluster().hosts);
    tracked({ close: () => client.delete().key(`${name}!period`).exec() });
  });

  const run = (...args: readonly string[]): CliProgram =>
    CliProgram.start(['run', '--ttl', '12', ...args], { hosts: cluster().hosts });

  /** The periods that the command was run for, by all of the programs, in their order. */
  const reported = (programs: readonly CliProgram[]): string[] =>
    programs
      .flatMap((program) => program.stdout.all.flatMap((line) => /report of (\S+) by/.exec(line)?.[1] ?? []))
      .sort();

  it('runs the command once in each period, on three hosts that start a second apart, across a crash', async () => {
    const programs: CliProgram[] = [];
    for (const value of ['a', 'b', 'c']) {
      if (programs.length > 0) await pause(1_000);
      programs.push(run('--value', value, '--every', '1s', name, '--', ...REPORT));
    }
    const periods = (count: number): Promise<unknown> =>
      until(() => reported(programs).length >= count, { what: `${count} reports` });
    await periods(4);
    const leader = programs.find(({ stdout }) =>
      reported([{ stdout } as CliProgram]).includes(reported(programs).at(-1) ?? ''),
    );
    leader?.kill('SIGKILL');
    await periods(7);

    const all = reported(programs);
    expect(all).to.deep.equal([...new Set(all)]);
  });

  it('runs the command on one of three hosts that start apart with --once; the others exit with 0', async () => {
    const programs: CliProgram[] = [];
    for (const value of ['a', 'b', 'c']) {
      if (programs.length > 0) await pause(1_000);
      programs.push(run('--value', value, '--every', '1000d', '--once', name, '--', ...REPORT));
    }
    const exits = await Promise.all(programs.map((program) => program.exited()));
    expect(exits).to.deep.equal([{ code: 0 }, { code: 0 }, { code: 0 }]);
    const all = reported(programs);
    expect(all).to.not.be.empty;
    expect(all).to.deep.equal([...new Set(all)]);
    const idle = programs.filter(({ stdout }) => stdout.text === '');
    for (const { stderr } of idle) expect(stderr.text).to.include('done or under way already: nothing to do');
    expect(idle).to.have.lengthOf(programs.length - all.length);
  });

  it('does not repeat a run that has failed, and exits as the command did with --once', async () => {
    const first = run('--every', '1000d', '--once', name, '--', 'sh', '-c', 'exit 9');
    expect(await first.exited(), first.stderr.text).to.deep.equal({ code: 9 });
    const second = run('--every', '1000d', '--once', name, '--', 'echo', 'again');
    expect(await second.exited(), second.stderr.text).to.deep.equal({ code: 0 });
    expect(second.stdout.text).to.equal('');
  });

  it('does not repeat a run whose host has died in the middle', async () => {
    const first = run('--every', '1000d', name, '--', ...LONG_REPORT);
    await first.stdout.line(/report of/);
    const second = run('--every', '1000d', '--once', name, '--', ...REPORT);
    await second.stderr.line(/leads/);
    first.kill('SIGKILL');
    expect(await second.exited(), second.stderr.text).to.deep.equal({ code: 0 });
    expect(second.stdout.text).to.equal('');
  });

  it('waits for the next period as the leader, and leaves when it is asked to', async () => {
    await run('--every', '1000d', '--once', name, '--', 'true').exited();
    const program = run('--every', '1000d', name, '--', ...REPORT);
    await program.stderr.line(/done or under way already: the next one begins at \S+T00:00:00\.000Z$/);
    program.kill('SIGTERM');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ signal: 'SIGTERM' });
    expect(program.stdout.text).to.equal('');
  });

  it('runs nothing before a period that was claimed by a clock that is ahead, and says so', async () => {
    const start = new Date(Date.now() + 3_600_000).toISOString();
    await client
      .put(`${name}!period`)
      .value(JSON.stringify({ v: 1, start, token: '1' }))
      .exec();
    const program = run('--every', '1s', name, '--', ...REPORT);
    await program.stderr.line(
      new RegExp(`the period of ${start} is claimed already, and is yet to come: nothing runs until then$`),
    );
    await pause(2_500);
    expect(program.stdout.text).to.equal('');
  });

  it('exits with 125 when another program has written the key of the periods', async () => {
    await client.put(`${name}!period`).value('mine').exec();
    const program = run('--every', '1s', name, '--', ...REPORT);
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 125 });
    expect(program.stderr.text).to.include(`${name}!period says what etcd-leader has not written`);
  });

  for (const text of ['10', '0s', '1.5h', 'day', '', '1w']) {
    it(`does not take ${JSON.stringify(text)}, says so, and exits with 125`, async () => {
      const program = run(`--every=${text}`, name, '--', 'true');
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 125 });
      expect(program.stderr.text)
        .to.include('--every takes a time of one second or more')
        .and.to.include(`got ${text || 'nothing'}`);
    });
  }

  it('says that etcd refuses the claim when its quota is used up', async () => {
    const own = tracked(await Cluster.start({ members: 1 }));
    const admin = openClient(own.hosts);
    const leader = candidate(own.hosts, name);
    await leading(leader);
    const program = CliProgram.start(['run', '--every', '1000d', name, '--', ...REPORT], { hosts: own.hosts });
    await until(async () => (await leader.candidates()).length === 2, { what: 'the program to queue' });
    const { header } = await admin.maintenance.status();
    await admin.maintenance.alarm({ action: 'Activate', memberID: header.member_id, alarm: 'Nospace' });
    await leader.stop();
    await program.stderr.line(/the period cannot be claimed: etcd refuses the request .*its quota is used up/);
    expect(program.stdout.text).to.equal('');
  });
});
