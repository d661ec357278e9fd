import { expect } from 'chai';
import { candidate, leading, openClient, queued } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { NOBODY_LISTENS } from '../support/cluster/ports.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

describe('etcd-leader run --wait', () => {
  const cluster = sharedCluster();
  let name: string;

  beforeEach(() => {
    name = uniqueName('cli/wait');
  });

  const run = (...args: readonly string[]): CliProgram =>
    CliProgram.start(['run', ...args, name, '--', 'echo', 'works'], { hosts: cluster().hosts });

  it('exits with 124 at once with --wait 0 when another leads, says who, and leaves the queue', async () => {
    const other = candidate(cluster().hosts, name, { value: 'other' });
    await leading(other);
    const program = run('--wait', '0');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 124 });
    expect(program.stderr.all.at(-1)).to.match(/^etcd-leader: not elected within 0 s: other \(token \d+\) leads$/);
    expect(program.stdout.text).to.equal('');
    expect(await other.candidates()).to.have.lengthOf(1);
  });

  it('runs the command with --wait 0 when nobody leads', async () => {
    const program = run('--wait', '0', '--once');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    expect(program.stdout.text).to.equal('works');
  });

  it('runs the command when the leader goes in time', async () => {
    const other = candidate(cluster().hosts, name);
    await leading(other);
    const program = run('--wait', '20', '--once');
    await until(async () => (await other.candidates()).length === 2, { what: 'the program to queue' });
    await other.stop();
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    expect(program.stdout.text).to.equal('works');
  });

  it('exits with 124 when it waits for its next turn in vain, too', async () => {
    const program = run('--wait', '0.2');
    await program.stderr.line(/queueing again/);
    await leading(candidate(cluster().hosts, name));
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 124 });
  });

  it('exits with 125, because nobody leads, when etcd does not answer', async () => {
    const args = ['run', '--wait', '0', name, '--', 'true'];
    const program = CliProgram.start(args, { hosts: [NOBODY_LISTENS] });
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 125 });
    expect(program.stderr.all.at(-1)).to.match(/not elected within 0 s: etcd does not answer at 127\.0\.0\.1:\d+/);
  });

  it('exits with 125, because nobody leads, when a key that is no candidate’s is in the way', async () => {
    const client = openClient(cluster().hosts);
    const key = `${name}/config`;
    await client.put(key).value('x').exec();
    tracked({ close: () => client.delete().key(key).exec() });
    await queued(candidate(cluster().hosts, name));
    const program = run('--wait', '1');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 125 });
    expect(program.stderr.all.at(-1)).to.include(`not elected within 1 s: \`${key}\` is no candidate's key`);
  });

  for (const text of ['5s', '-1', 'soon', '', '9999999999']) {
    it(`does not take ${JSON.stringify(text)}, says so, and exits with 125`, async () => {
      const program = run(`--wait=${text}`);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 125 });
      expect(program.stderr.text)
        .to.match(/^etcd-leader: --wait .*seconds.*; got /)
        .and.to.include(`got ${text || 'nothing'}`);
    });
  }
});
