import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openClient } from '../support/candidates.js';
import { CliProgram } from '../support/cli/program.js';
import { Cluster } from '../support/cluster/cluster.js';
import { Authority, type ClientCertificate } from '../support/security/certificates.js';
import { securedCluster } from '../support/security/secured-cluster.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';
import { uniqueName } from '../support/unique-name.js';

/** The only line on stderr, without the program's name. */
const lineOf = (program: CliProgram): string => {
  expect(program.stderr.all, program.stderr.text).to.have.lengthOf(1);
  return program.stderr.text.replace(/^etcd-leader: /, '');
};

describe('what the command line says when etcd refuses', () => {
  describe('a user', () => {
    const secured = securedCluster({ members: 1 });
    let election: string;

    beforeEach(() => {
      election = uniqueName('roles');
    });

    const ask = (args: readonly string[], user?: string): CliProgram =>
      CliProgram.start([...(user === undefined ? [] : ['--user', user]), ...args], { hosts: secured().hosts });

    it('names the role that is missing', async () => {
      const { username, password } = await secured().access.user('worker', 'electors');
      const program = ask(['candidates', election], `${username}:${password}`);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 1 });
      expect(lineOf(program)).to.equal(
        "etcd refuses this user (permission denied): it needs a role with `readwrite` on the election's keys, " +
          'from `<name>/` to `<name>0`, and for asks, a priority and the history on its control keys, ' +
          'from `<name>!` to `<name>"`; to look at them, `read` will do',
      );
    });

    it('names the role that is missing for --every', async () => {
      const { username, password } = await secured().access.user('periods', 'reporters');
      await secured().access.allow('reporters', election);
      const program = ask(['run', '--every', '1000d', election, '--', 'true'], `${username}:${password}`);
      await program.stderr.line(
        new RegExp(
          'the period cannot be claimed: permission denied; ' +
            `this user needs a role with \`readwrite\` on the key ${election}!period: still trying$`,
        ),
      );
    });

    for (const [what, user, message] of [
      [
        'the password is wrong',
        'root:wrong',
        /^etcd refuses this user \(authentication failed.*--user and --password$/,
      ],
      [
        'it is given none',
        undefined,
        /^etcd refuses this user \(user name is empty\): it asks for a user; give --user$/,
      ],
    ] as const) {
      it(`says what to do when ${what}`, async () => {
        const program = ask(['candidates', election], user);
        expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 1 });
        expect(lineOf(program)).to.match(message);
      });
    }
  });

  it('says what to do with a user that etcd does not ask for', async () => {
    const cluster = tracked(await Cluster.start({ members: 1 }));
    const program = CliProgram.start(['list', '--user', 'root:x'], { hosts: cluster.hosts });
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 1 });
    expect(lineOf(program)).to.match(/^etcd refuses this user \(authentication is not enabled\): .*leave --user out$/);
  });

  it('says that the quota is used up, and does not say that etcd does not answer', async () => {
    const cluster = tracked(await Cluster.start({ members: 1 }));
    const client = openClient(cluster.hosts);
    const { header } = await client.maintenance.status();
    await client.maintenance.alarm({ action: 'Activate', memberID: header.member_id, alarm: 'Nospace' });
    const program = CliProgram.start(['run', '--wait', '0', 'x', '--', 'true'], { hosts: cluster.hosts });
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 125 });
    for (const line of program.stderr.all) {
      expect(line).to.match(
        /etcd refuses the request at http:\S+ \(mvcc: database space exceeded\): its quota is used up; /,
      );
      expect(line).not.to.include('answer');
    }
  });
});

describe('what the command line says when TLS fails', () => {
  let authority: Authority;
  let cluster: Cluster;
  let folder: string;
  let ours: ClientCertificate;

  before(async function () {
    this.timeout(60_000);
    authority = await Authority.create();
    cluster = await Cluster.start({ members: 1, tls: await authority.member() });
    ours = await authority.client();
    folder = mkdtempSync(join(tmpdir(), 'cli-tls-'));
  });
  after(async () => {
    await cluster.stop();
    authority.close();
    rmSync(folder, { recursive: true });
  });

  const file = (name: string, content: Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const list = async (endpoint: string, ...flags: readonly string[]): Promise<string> => {
    const program = CliProgram.start(['list', '--endpoints', endpoint, ...flags]);
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 1 });
    const line = lineOf(program);
    expect(line).not.to.match(/routines|error:|undefined/);
    return line;
  };
  const address = (): string => (cluster.hosts[0] ?? '').replace('https://', '');

  it('asks for https:// when plain http is not understood', async () => {
    expect(await list(address())).to.match(/: if it wants TLS, say https:\/\/ or give --cacert$/);
  });

  it('asks for --cacert when the authority is not known', async () => {
    expect(await list(`https://${address()}`)).to.match(/: give the authority of its certificate by --cacert$/);
  });

  it('asks for --cert and --key when etcd wants them', async () => {
    const line = await list(address(), '--cacert', file('ca.pem', ours.rootCertificate));
    expect(line).to.match(/ alert .*: does it want a client certificate.* --cert and --key give one$/);
  });

  it('reaches etcd when all is right', async () => {
    const flags = ['--cacert', file('ca.pem', ours.rootCertificate), '--cert', file('cert.pem', ours.certChain)];
    const args = ['list', '--endpoints', address(), ...flags, '--key', file('key.pem', ours.privateKey)];
    const program = CliProgram.start(args);
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
  });

  it('says that there is no TLS when there is none', async () => {
    const plain = tracked(await Cluster.start({ members: 1 }));
    const endpoint = (plain.hosts[0] ?? '').replace('http://', 'https://');
    expect(await list(endpoint)).to.match(/: (perhaps )?it speaks no TLS there; say http:\/\/, or leave --cacert, /);
  });
});

describe('what the command line says of its flags', () => {
  const wrong: readonly (readonly [args: readonly string[], message: string])[] = [
    [['--ttl', '10s'], '--ttl takes a number of seconds, without a unit; got 10s'],
    [['--ttl', '1'], '--ttl must be a whole number of seconds, 2 or more; got 1'],
    [['--ttl', '2.5'], '--ttl must be a whole number of seconds, 2 or more; got 2.5'],
    [['--ttl', '9999999999', '--allow-long-ttl'], '--ttl must be 9000000000 seconds or less; got 9999999999'],
    [['--ttl', ''], '--ttl takes a number of seconds, without a unit; got nothing'],
    [['--kill-after', '1s'], '--kill-after takes a number of seconds, without a unit; got 1s'],
    [['--kill-after', '3'], '--kill-after must be 0 to 2.5 seconds, a quarter of --ttl; got 3'],
    [['--priority', 'high'], '--priority takes a whole number; got high'],
    [['--priority', '1.5'], '--priority takes a whole number; got 1.5'],
    [['--priority', '-1001'], '--priority must be a whole number from -1000 to 1000; got -1001'],
    [['--history', 'all'], '--history takes a whole number; got all'],
    [['--history', '1001'], '--history must be a whole number of terms from 0 to 1000; got 1001'],
    [['--preempt', '30s'], '--preempt takes a number of seconds, without a unit; got 30s'],
    [
      ['--preempt', '0'],
      '--preempt must be more than 0 and at most 3600 seconds; got 0. It is seconds, not milliseconds',
    ],
  ];
  for (const [args, message] of wrong) {
    it(`names the flag and the value: ${args.join(' ')}`, async () => {
      const program = CliProgram.start(['run', ...args, 'x', '--', 'true']);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 125 });
      expect(lineOf(program)).to.equal(message);
    });
  }

  for (const [name, message] of [
    ['', 'the name of the election must be a string that is not empty; got ""'],
    ['a!b', 'the name of the election must not contain "!"; got "a!b"'],
  ] as const) {
    it(`names the election that has no good name: "${name}"`, async () => {
      const program = CliProgram.start(['candidates', name]);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 2 });
      expect(lineOf(program)).to.equal(message);
    });
  }
});

describe('a proxy that the environment names', () => {
  const cluster = sharedCluster();

  /** A proxy that lets nobody through. */
  const proxy = async (): Promise<{ readonly url: string; readonly asked: () => number }> => {
    let asked = 0;
    const server = createServer();
    server.on('connect', (_, socket) => {
      asked++;
      socket.on('error', () => {}); // who is refused may hang up at once
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    tracked({ close: () => server.close() });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
  };

  it('is not asked for an etcd on this host', async () => {
    const { url, asked } = await proxy();
    const program = CliProgram.start(['list', 'no/such/'], { hosts: cluster().hosts, env: { http_proxy: url } });
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    expect(asked()).to.equal(0);
  });

  it('is named in one line when it lets nobody through to another host', async () => {
    const { url, asked } = await proxy();
    const program = CliProgram.start(['list'], { hosts: ['10.255.255.1:2379'], env: { http_proxy: url } });
    expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 1 });
    expect(asked()).to.be.greaterThan(0);
    expect(lineOf(program)).to.equal(
      'etcd does not answer at 10.255.255.1:2379 (no reason given): ' +
        'it is asked through the proxy that http_proxy names; no_proxy names the hosts that need none',
    );
  });
});

describe('output that cannot be written', () => {
  const cluster = sharedCluster();

  /** The program with its output on a disk that is full. */
  const full = (redirection: string, ...args: readonly string[]): CliProgram =>
    CliProgram.redirected(args, redirection, { hosts: cluster().hosts });

  for (const args of [['list', 'no/such/'], ['--help'], ['observe', 'no/such']]) {
    it(`is told in one line, and is exit code 1: ${args[0]}`, async () => {
      const program = full('>/dev/full', ...args);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 1 });
      expect(lineOf(program)).to.equal('cannot write to standard output: ENOSPC: no space left on device, write');
    });
  }

  for (const redirection of ['>/dev/full', '2>/dev/full', '>/dev/full 2>&1']) {
    it(`does not change how run ends: ${redirection}`, async () => {
      const program = full(redirection, 'run', '--once', uniqueName(), '--', 'sh', '-c', 'exit 3');
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 3 });
    });
  }

  it('is nothing to be told of when the notices are what cannot be written', async () => {
    const program = full('2>/dev/full', 'list', 'no/such/');
    expect(await program.exited()).to.deep.equal({ code: 0 });
    expect(program.stdout.text).to.equal('no elections');
  });
});
