import { expect } from 'chai';
import { runs, statesOf } from '../../lib/cli/child/process-group.js';
import { CliProgram, commandLine, pidOf, SCRIPTS } from '../support/cli/program.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

const CTRL_C = '\u0003';
const CTRL_Z = '\u001a';

describe('etcd-leader run on a terminal', () => {
  const cluster = sharedCluster();

  const onTerminal = (...args: readonly string[]): CliProgram =>
    CliProgram.onTerminal(['run', ...args], { hosts: cluster().hosts });

  it('lets the command read what is typed', async () => {
    const script = 'echo ready; read -r line; echo "read: $line"';
    const program = onTerminal('--once', uniqueName(), '--', 'sh', '-c', script);
    await program.stdout.line(/^ready/);
    program.type('hello\n');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    expect(program.stdout.text).to.include('read: hello');
  });

  it('shows the command a terminal', async () => {
    const script = 'test -t 0 && test -t 1 && test -t 2';
    const program = onTerminal('--once', uniqueName(), '--', 'sh', '-c', script);
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
  });

  it('passes Ctrl-C on, once', async () => {
    const script = 'trap "echo interrupted; sleep 0.3; exit 6" INT; echo ready; while :; do sleep 0.05; done';
    const program = onTerminal(uniqueName(), '--', 'sh', '-c', script);
    await program.stdout.line(/^ready/);
    program.type(CTRL_C);
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 6 });
    expect(program.stdout.count(/^(\^C)?interrupted/)).to.equal(1);
  });

  it('keeps the command in the foreground of the terminal with --foreground', async () => {
    const script = 'echo ready; read -r line </dev/tty; echo "read: $line"';
    const args = ['--once', '--foreground', uniqueName(), '--', 'sh', '-c', script];
    const program = onTerminal(...args);
    await program.stdout.line(/^ready/);
    program.type('hello\n');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    expect(program.stdout.text).to.include('read: hello');
  });

  it('lets the terminal alone interrupt the command with --foreground', async () => {
    const script = 'trap "echo interrupted; sleep 0.3; exit 6" INT; echo ready; while :; do sleep 0.05; done';
    const args = ['--foreground', uniqueName(), '--', 'sh', '-c', script];
    const program = onTerminal(...args);
    await program.stdout.line(/^ready/);
    program.type(CTRL_C);
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 6 });
    expect(program.stdout.count(/^(\^C)?interrupted/)).to.equal(1);
  });

  it('stops the command with itself on Ctrl-Z, and lets it go on with itself', async () => {
    const shell = CliProgram.shell({ hosts: cluster().hosts });
    shell.type(`${commandLine(['run', uniqueName(), '--', ...SCRIPTS.work])}\n`);
    const pid = await pidOf(shell);
    shell.type(CTRL_Z);
    await shell.stdout.line(/Stopped/);
    await until(() => statesOf(pid)[0] === 'T', { what: 'the command to be stopped' });
    shell.type('fg\n');
    await until(() => statesOf(pid)[0] === 'S', { what: 'the command to go on' });
    shell.type(CTRL_C);
    await until(() => !runs(pid), { what: 'the command to end' });
    shell.type('exit\n');
    await shell.exited();
  });
});
