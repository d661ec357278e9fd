import { expect } from 'chai';
import { runs } from '../../../lib/cli/child/process-group.js';
import { CliProgram, pidOf, SCRIPTS } from '../../support/cli/program.js';
import { Cluster } from '../../support/cluster/cluster.js';
import { tracked } from '../../support/track.js';
import { uniqueName } from '../../support/unique-name.js';
import { until } from '../../support/wait.js';

/** Seconds; SIGKILL comes two seconds before the lease can run out, which is time for a busy machine. */
const TTL = 12;
const KILL_AFTER = '1';

describe('the command line while etcd does not answer', () => {
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = tracked(await Cluster.start({ members: 1 }));
  });

  const pause = (): void => {
    for (const member of cluster.members) member.pause();
  };
  const resume = (): void => {
    for (const member of cluster.members) member.resume();
  };

  it('ends what it runs before the lease can run out, also what ignores SIGTERM, and runs it again', async () => {
    const options = ['--ttl', String(TTL), '--kill-after', KILL_AFTER];
    const args = ['run', ...options, uniqueName(), '--', ...SCRIPTS.stubborn];
    const program = CliProgram.start(args, { hosts: cluster.hosts });
    const pid = await pidOf(program);
    const pausedAt = performance.now();
    pause();
    await program.stderr.line(/does not answer .*still trying; leading for another [\d.]+ s/);
    await program.stderr.line(/leadership lost \(LEASE_EXPIRED\): SIGTERM to the command, SIGKILL in \d+ ms/);
    await program.stdout.line(/ignored/);
    await until(() => !runs(-pid), { what: 'the process group to be gone' });
    expect(performance.now() - pausedAt).to.be.lessThan(TTL * 1000);

    resume();
    await program.stderr.line(/answers again/);
    await until(() => program.stdout.count(/works as/) === 2, { what: 'the command to run again' });
  });

  it('says so in `observe`, and says when etcd answers again', async () => {
    const program = CliProgram.start(['observe', uniqueName()], { hosts: cluster.hosts });
    await program.stdout.line(/nobody leads/);
    pause();
    await program.stderr.line(/does not answer .*still trying/);
    resume();
    await program.stderr.line(/answers again/);
    expect(program.stderr.all).to.have.lengthOf(2);
  });
});
