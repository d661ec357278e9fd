import { expect } from 'chai';
import { runs } from '../../lib/cli/child/process-group.js';
import { createClient, Election } from '../../lib/index.js';
import { CliProgram, pidOf, SCRIPTS } from '../support/cli/program.js';
import { Cluster } from '../support/cluster/cluster.js';
import { Authority } from '../support/security/certificates.js';
import { RenewableFiles } from '../support/security/renewable-files.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** Seconds: a busy machine does not use them up, and a lease that cannot be refreshed ends within the spec. */
const TTL = 20;
/** Milliseconds: whoever leads so soon after a refresh has not waited for the end of the lease. */
const SOON = 10_000;

describe('etcd-leader run while certificates are renewed', () => {
  let cluster: Cluster;
  let before: Authority;
  let after: Authority;
  let servers: RenewableFiles;
  let clients: RenewableFiles;

  beforeEach(async function () {
    this.timeout(120_000);
    [before, after] = [tracked(await Authority.create()), tracked(await Authority.create())];
    servers = tracked(new RenewableFiles(await before.client('member')));
    clients = tracked(new RenewableFiles(await before.client()));
    const { ca, cert, key } = servers;
    cluster = tracked(await Cluster.start({ tls: { ca, cert, key, clientAuth: true } }));
  });

  const run = (name: string, command: readonly string[]): CliProgram => {
    const files = [`--cacert=${clients.ca}`, `--cert=${clients.cert}`, `--key=${clients.key}`];
    return CliProgram.start(
      [...files, '--log-level', 'debug', 'run', '--ttl', String(TTL), name, '--', ...command],
      cluster,
    );
  };

  /** Replaces all files, and restarts the members one by one. Each program takes the new files for each of them. */
  const renew = async (programs: readonly CliProgram[]): Promise<void> => {
    servers.renew(await after.client('member'));
    clients.renew(await after.client());
    for (const [at, member] of cluster.members.entries()) {
      await member.restart();
      const taken = (): boolean =>
        programs.every(({ stderr }) => stderr.count(/a member takes the new certificates/) > at);
      await until(taken, { what: `all programs to have taken ${member.name}` });
    }
  };

  /** Resolves when etcd has refreshed the leader's lease, from now on. */
  const refreshed = async (name: string): Promise<void> => {
    const client = tracked(createClient({ hosts: [...cluster.hosts], tls: clients }));
    const { leaseId } = (await new Election(client, name).leader()) ?? {};
    const left = async (): Promise<number> =>
      Number((await client.leaseClient.leaseTimeToLive({ ID: BigInt(`0x${leaseId}`).toString() })).TTL);
    let least = await left();
    const rises = async (): Promise<boolean> => {
      const now = await left();
      const hasRisen = now > least;
      least = Math.min(least, now);
      return hasRisen;
    };
    await until(rises, { what: 'the lease to be refreshed' });
  };

  it('runs its command on: leadership is not lost, and the next host still waits', async function () {
    this.timeout(180_000);
    const name = uniqueName('cli/renewal');
    const leader = run(name, SCRIPTS.polite);
    const pid = await pidOf(leader);
    const next = run(name, SCRIPTS.polite);
    await next.stderr.line(/leads .*waiting/);

    await renew([leader, next]);
    await refreshed(name); // no member takes the old files any more
    expect(runs(pid)).to.equal(true);
    expect(leader.stdout.all).to.deep.equal([`works as ${pid}`]);
    expect(next.stdout.all).to.deep.equal([]);
    expect(leader.stderr.text).not.to.match(/leadership lost|SIGTERM/);

    leader.kill('SIGTERM');
    await pidOf(next);
    await leader.exited();
    expect(leader.stdout.text).to.include('bye');
  });

  it('is followed without a wait for its lease when it is killed: its watchdog has the new files', async function () {
    this.timeout(180_000);
    const name = uniqueName('cli/renewal');
    const leader = run(name, SCRIPTS.polite);
    await pidOf(leader);
    const next = run(name, SCRIPTS.polite);
    await next.stderr.line(/leads .*waiting/);
    await renew([leader, next]);
    // With a refresh the watchdog gets the new files. The answer to the first refresh may still be on its way.
    for (let i = 0; i < 2; i++) await refreshed(name);
    const at = performance.now();
    leader.kill('SIGKILL');
    await pidOf(next);
    expect(performance.now() - at).to.be.below(SOON);
  });
});
