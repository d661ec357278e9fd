import { expect } from 'chai';
import { runs } from '../../lib/cli/child/process-group.js';
import { createClient, Election } from '../../lib/index.js';
import { CliProgram, pidOf, SCRIPTS } from '../support/cli/program.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

describe('signals to etcd-leader run', () => {
  const cluster = sharedCluster();
  let name: string;

  beforeEach(() => {
    name = uniqueName('cli/signals');
  });

  const run = (...args: readonly string[]): CliProgram =>
    CliProgram.start(['run', ...args], { hosts: cluster().hosts });

  const election = (): Election => {
    const client = tracked(createClient({ hosts: [...cluster().hosts] }));
    return tracked(new Election(client, name, { value: 'other', ttl: 60 }));
  };

  for (const [signal, code] of [
    ['SIGTERM', 5],
    ['SIGINT', 6],
  ] as const) {
    it(`passes ${signal} on, waits for the command and exits as it did`, async () => {
      const program = run(name, '--', ...SCRIPTS.polite);
      const pid = await pidOf(program);
      program.kill(signal);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code });
      expect(program.stdout.text).to.include(`got ${signal.slice(3)}`);
      expect(runs(pid)).to.equal(false);
    });
  }

  it('holds leadership until the command has ended', async () => {
    const program = run(name, '--', ...SCRIPTS.polite);
    const pid = await pidOf(program);
    const other = election().start();
    await until(async () => (await other.candidates()).length === 2, { what: 'the other to queue' });
    let wasThere: boolean | undefined;
    other.on('elected', () => {
      wasThere = runs(pid);
    });
    program.kill('SIGTERM');
    await other.elected();
    expect(wasThere).to.equal(false);
    expect(program.stdout.text).to.include('bye');
  });

  it('ends by the signal that has ended the command', async () => {
    const program = run(name, '--', ...SCRIPTS.work);
    await pidOf(program);
    program.kill('SIGTERM');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ signal: 'SIGTERM' });
  });

  it('ends by the signal while it waits in the queue, and leaves the queue', async () => {
    const other = election();
    await other.start().elected();
    const program = run(name, '--', ...SCRIPTS.work);
    await program.stderr.line(/other leads/);
    program.kill('SIGTERM');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ signal: 'SIGTERM' });
    expect(await other.candidates()).to.have.lengthOf(1);
  });

  it('passes on what does not ask it to stop, and goes on', async () => {
    const program = run(name, '--', ...SCRIPTS.polite);
    await pidOf(program);
    program.kill('SIGUSR1');
    await program.stdout.line(/got USR1/);
    expect(await election().candidates()).to.have.lengthOf(1);
  });

  it('waits for a command that does not listen, as long as that takes', async () => {
    const program = run('--ttl', '12', name, '--', ...SCRIPTS.stubborn);
    const pid = await pidOf(program);
    program.kill('SIGTERM');
    program.kill('SIGTERM');
    await program.stdout.line(/ignored/);
    const [leader] = await election().candidates();
    await until(async () => (await election().candidates())[0]?.key === leader?.key, { what: 'the leader to stay' });
    process.kill(pid, 'SIGKILL');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 137 });
  });
});
