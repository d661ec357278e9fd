import { expect } from 'chai';
import { runs } from '../../lib/cli/child/process-group.js';
import { candidate } from '../support/candidates.js';
import { CliProgram, commandLine, pidOf } from '../support/cli/program.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** Makes itself a daemon: a session of its own, and no parent that waits for it. Ends on SIGTERM, and says so. */
const LOOP = 'while :; do sleep 0.05; done';
const DAEMON = `setsid sh -c 'trap "echo daemon got TERM; exit" TERM; echo "works as $$"; ${LOOP}' &`;
/** The same, and it cannot be asked to end. */
const STUBBORN = `setsid sh -c 'trap "" TERM; echo "works as $$"; while :; do sleep 0.05; done' &`;

describe('a daemon that the command of etcd-leader run has started', () => {
  const cluster = sharedCluster();
  let name: string;

  beforeEach(() => {
    name = uniqueName('cli/daemon');
  });

  const run = (script: string, ...flags: readonly string[]): CliProgram =>
    CliProgram.start(['run', '--ttl', '12', ...flags, name, '--', 'sh', '-c', script], { hosts: cluster().hosts });

  const deleteLeader = async (): Promise<void> => {
    const step = CliProgram.start(['step-down', name, '--yes', '--force'], { hosts: cluster().hosts });
    expect(await step.exited(), step.stderr.text).to.deep.equal({ code: 0 });
  };

  it('is ended with the command when leadership is lost', async () => {
    const program = run(`${DAEMON} exec sleep 1000`);
    const daemon = await pidOf(program);
    await deleteLeader();
    await program.stdout.line(/daemon got TERM/);
    await until(() => !runs(daemon), { what: 'the daemon to end' });
  });

  it('is killed before the lease can expire when it does not end', async () => {
    const program = run(`${STUBBORN} exec sleep 1000`);
    const daemon = await pidOf(program);
    await deleteLeader();
    await until(() => !runs(daemon), { what: 'the daemon to be killed' });
  });

  it('is ended before the next candidate leads when the command has ended', async () => {
    const program = run(`${DAEMON} sleep 0.5`, '--once');
    const daemon = await pidOf(program);
    const other = candidate(cluster().hosts, name);
    let wasThere: boolean | undefined;
    other.on('elected', () => {
      wasThere = runs(daemon);
    });
    await other.start().elected();
    expect(wasThere).to.equal(false);
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    expect(program.stderr.text).to.include('left processes behind');
  });

  it('is ended by the watchdog before another candidate can lead when etcd-leader is killed', async () => {
    const program = run(`${STUBBORN} exec sleep 1000`);
    const daemon = await pidOf(program);
    const other = candidate(cluster().hosts, name);
    let wasThere: boolean | undefined;
    other.on('elected', () => {
      wasThere = runs(daemon);
    });
    other.start();
    await until(async () => (await other.candidates()).length === 2, { what: 'the other to queue' });
    program.kill('SIGKILL');
    await other.elected();
    expect(wasThere).to.equal(false);
  });

  it('is ended, too, when a run inside of the run has started it', async () => {
    const inner = commandLine(['run', `${name}-inner`, '--', 'sh', '-c', `${STUBBORN} exec sleep 1000`]);
    const program = run(`exec ${inner}`);
    const daemon = await pidOf(program);
    await deleteLeader();
    await until(() => !runs(daemon), { what: 'the daemon to be killed' });
  });
});
