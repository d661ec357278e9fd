import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runs, statesOf } from '../../lib/cli/child/process-group.js';
import { candidate, openClient, queued } from '../support/candidates.js';
import { CliProgram, pidOf, SCRIPTS } from '../support/cli/program.js';
import { Cluster } from '../support/cluster/cluster.js';
import { figure } from '../support/figures.js';
import { TcpProxy } from '../support/proxy/proxy.js';
import { Access } from '../support/security/access.js';
import { Authority } from '../support/security/certificates.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';
import { until } from '../support/wait.js';

/** Seconds: whoever leads well before that has not waited for the end of a lease. */
const TTL = 20;
/** Milliseconds in which the next host works, with what a busy machine adds. It takes a few hundred. */
const SOON = 10_000;
const TIMES = 10;

/** Starts a process of its own, which takes a moment to end, and works on. */
const WITH_GRANDCHILD = [
  'sh',
  '-c',
  'sh -c \'trap "sleep 0.7; echo grandchild ends; exit" TERM; while :; do sleep 0.05; done\' & ' +
    'echo "works as $$"; exec sleep 1000',
];

describe('etcd-leader run that is killed', () => {
  const cluster = sharedCluster();
  let name: string;

  beforeEach(() => {
    name = uniqueName('cli/killed');
  });

  const run = (hosts: readonly string[], ttl: number, ...args: readonly string[]): CliProgram =>
    CliProgram.start(['run', '--ttl', String(ttl), ...args], { hosts });

  it('is followed by the next host as soon as its command has ended, with what it has started', async () => {
    const { hosts } = cluster();
    const took: number[] = [];
    let leader = run(hosts, TTL, name, '--', ...WITH_GRANDCHILD);
    for (let i = 0; i < TIMES; i++) {
      const pid = await pidOf(leader);
      const next = run(hosts, TTL, name, '--', ...WITH_GRANDCHILD);
      await next.stderr.line(/leads .*waiting/);
      const at = performance.now();
      leader.kill('SIGKILL');
      await until(() => next.stdout.count(/works as/) === 1, { within: SOON, what: 'the next command to run' });
      took.push(performance.now() - at);
      expect(statesOf(-pid).filter((state) => state !== 'Z')).to.deep.equal([]);
      expect(leader.stdout.text).to.include('grandchild ends');
      await leader.stderr.line(/etcd-leader was killed: the command has ended, and the next host can lead/);
      leader = next;
    }
    figure(`SIGKILL of etcd-leader run to the next command, TTL ${TTL} s, 700 ms of it for the last one`, ...took);
  });

  it('keeps its place until the last process of its command is gone, though that one ignores SIGTERM', async () => {
    const { hosts } = cluster();
    const program = run(hosts, 12, name, '--', 'sh', '-c', `sh -c '${SCRIPTS.stubborn[2]}' & exec sleep 1000`);
    const stubborn = await pidOf(program);
    const next = candidate(hosts, name);
    let before: { readonly isAlive: boolean; readonly ignored: number } | undefined;
    next.on('elected', () => {
      before = { isAlive: runs(stubborn), ignored: program.stdout.count(/ignored/) };
    });
    await queued(next);
    program.kill('SIGKILL');
    await next.elected();
    expect(before?.isAlive).to.equal(false);
    expect(before?.ignored, 'what it printed on SIGTERM').to.be.at.least(1);
  });

  it('is followed as soon in a later term, on another lease', async () => {
    const { hosts } = cluster();
    const client = openClient(hosts);
    const program = run(hosts, TTL, name, '--', ...SCRIPTS.work);
    const first = await pidOf(program);
    const next = candidate(hosts, name);
    const [leader] = await next.candidates();
    await client.leaseClient.leaseRevoke({ ID: BigInt(`0x${leader?.leaseId}`).toString() });
    await until(() => program.stdout.count(/works/) === 2, { what: 'the command to run again' });
    await queued(next);
    const at = performance.now();
    program.kill('SIGKILL');
    await next.elected();
    expect(performance.now() - at).to.be.below(SOON);
    expect(runs(first)).to.equal(false);
  });

  it('is followed as soon when it leads without a command, between two periods', async () => {
    const { hosts } = cluster();
    const client = openClient(hosts);
    tracked({ close: () => client.delete().key(`${name}!period`).exec() });
    const program = run(hosts, TTL, '--every', '1000d', name, '--', 'true');
    await program.stderr.line(/the next one begins at/);
    const next = candidate(hosts, name);
    await queued(next);
    const at = performance.now();
    program.kill('SIGKILL');
    await next.elected();
    expect(performance.now() - at).to.be.below(SOON);
  });

  it('is followed when its lease has ended, when etcd is out of reach', async () => {
    const proxy = tracked(await TcpProxy.to(cluster().hosts));
    const program = run(proxy.hosts, 12, name, '--', ...SCRIPTS.polite);
    const pid = await pidOf(program);
    const next = candidate(cluster().hosts, name);
    let wasThere: boolean | undefined;
    next.on('elected', () => {
      wasThere = runs(-pid);
    });
    await queued(next);
    proxy.blackhole();
    program.kill('SIGKILL');
    await next.elected();
    expect(wasThere).to.equal(false);
    expect(program.stdout.text).to.include('bye');
    await program.stderr.line(/etcd-leader was killed: its lease ends by itself \(etcd does not answer at/);
  });

  it('leaves no process and says nothing when it has ended as planned', async () => {
    const program = run(cluster().hosts, TTL, '--once', name, '--', 'true');
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    expect(program.stderr.text).not.to.include('killed');
  });
});

describe('etcd-leader run that is killed, on an etcd with certificates and passwords', () => {
  let authority: Authority;
  let cluster: Cluster;
  let flags: readonly string[];
  let folder: string;

  before(async function () {
    this.timeout(120_000);
    authority = await Authority.create();
    cluster = await Cluster.start({ members: 1, tls: await authority.member(), flags: ['--bcrypt-cost=4'] });
    const { rootCertificate, certChain, privateKey } = await authority.client();
    const access = await Access.enable(cluster.hosts, { rootCertificate, certChain, privateKey });
    const { username, password } = await access.user('worker', 'workers');
    await access.allow('workers', 'cli/secured');
    access.close();
    folder = mkdtempSync(join(tmpdir(), 'etcd-leader-killed-'));
    const file = (name: string, content: Buffer): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    flags = [
      `--cacert=${file('ca.pem', rootCertificate)}`,
      `--cert=${file('cert.pem', certChain)}`,
      `--key=${file('key.pem', privateKey)}`,
      `--user=${username}:${password}`,
    ];
  });
  after(async () => {
    await cluster?.stop();
    authority?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  it('is followed as soon: the watchdog knows how to reach etcd, though the files are gone', async () => {
    const start = (): CliProgram =>
      CliProgram.start([...flags, 'run', '--ttl', String(TTL), 'cli/secured', '--', ...SCRIPTS.polite], cluster);
    const leader = start();
    await pidOf(leader);
    const next = start();
    await next.stderr.line(/leads .*waiting/);
    for (const file of ['ca.pem', 'cert.pem', 'key.pem']) rmSync(join(folder, file));
    const at = performance.now();
    leader.kill('SIGKILL');
    await until(() => next.stdout.count(/works as/) === 1, { within: SOON, what: 'the next command to run' });
    expect(performance.now() - at).to.be.below(SOON);
    expect(leader.stdout.text).to.include('bye');
  });
});
