import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type ConnectionFlags, clientOptions } from '../../lib/cli/connection.js';
import { parseEndpoints } from '../../lib/cli/endpoints.js';
import { Program } from '../support/cli/program.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { tracked } from '../support/track.js';

describe('the flags that say how to reach etcd', () => {
  const endpoints = [
    ['127.0.0.1:2379', false, ['http://127.0.0.1:2379']],
    ['127.0.0.1:2379', true, ['https://127.0.0.1:2379']],
    ['a:1,b:2 , c', false, ['http://a:1', 'http://b:2', 'http://c:2379']],
    ['http://a:1', true, ['http://a:1']],
    ['https://a', false, ['https://a:2379']],
    ['https://a:443/', false, ['https://a:443']],
    ['[::1]:2379', false, ['http://[::1]:2379']],
  ] as const;
  for (const [list, hasCertificates, hosts] of endpoints) {
    it(`take ${list}${hasCertificates ? ' with certificates' : ''} for ${hosts}`, () => {
      expect(parseEndpoints(list, hasCertificates)).to.deep.equal(hosts);
    });
  }

  for (const list of ['', ',', 'http://', 'ftp://a', 'a b', 'http://a,https://b']) {
    it(`do not take ${JSON.stringify(list)} for endpoints`, () => {
      expect(() => parseEndpoints(list, false)).to.throw(/--endpoints/);
    });
  }

  it('take a password with the name, or by itself', async () => {
    const auth = async (flags: ConnectionFlags): Promise<unknown> =>
      (await clientOptions({ endpoints: 'a', ...flags })).auth;
    expect(await auth({ user: 'root:a:b' })).to.deep.equal({ username: 'root', password: 'a:b' });
    expect(await auth({ user: 'ro:ot', password: 'x' })).to.deep.equal({ username: 'ro:ot', password: 'x' });
    expect(await auth({ password: 'x' })).to.equal(undefined);
  });

  it('read certificates, and leave them alone for http://', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cli-'));
    tracked({ close: () => rmSync(folder, { recursive: true }) });
    const file = (name: string): string => {
      writeFileSync(join(folder, name), name);
      return join(folder, name);
    };
    const flags = { cacert: file('ca'), cert: file('cert'), key: file('key') };
    expect((await clientOptions({ endpoints: 'a', ...flags })).credentials).to.deep.equal({
      rootCertificate: Buffer.from('ca'),
      certChain: Buffer.from('cert'),
      privateKey: Buffer.from('key'),
    });
    expect(await clientOptions({ endpoints: 'http://a', ...flags })).not.to.have.property('credentials');
  });

  const wrong: readonly (readonly [RegExp, readonly string[]])[] = [
    [/--cert and --key belong together/, ['--cert', 'x']],
    [/--cacert: cannot read \/no\/such/, ['--cacert', '/no/such']],
    [/--user root has no password/, ['--user', 'root']],
    [/--endpoints takes addresses/, ['--endpoints', 'ftp://x']],
    [/Allowed choices are/, ['--log-level', 'loud']],
    [/unknown option/, ['--no-such-flag']],
  ];
  for (const [message, flags] of wrong) {
    it(`say what is wrong with ${flags.join(' ')}, and exit with 2`, async () => {
      const program = Program.start(['list', ...flags]);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 2 });
      expect(program.stderr.text).to.match(message);
    });
  }

  describe('on a cluster', () => {
    const cluster = sharedCluster();

    it('go before the environment', async () => {
      const wrong = { env: { ETCDCTL_ENDPOINTS: '127.0.0.1:1' } };
      const program = Program.start(['list', 'no/such/', '--endpoints', cluster().hosts.join(',')], wrong);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    });

    it('may come before the command, and without a scheme', async () => {
      const hosts = cluster().hosts.map((host) => host.replace('http://', ''));
      const program = Program.start(['--endpoints', hosts.join(','), '--json', 'list', 'no/such/']);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
      expect(program.stdout.text).to.equal('[]');
    });
  });
});
