import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type ConnectionFlags, clientOptions } from '../../lib/cli/connection.js';
import { parseEndpoints } from '../../lib/cli/endpoints.js';
import { CliError } from '../../lib/cli/exit.js';
import { CliProgram } from '../support/cli/program.js';
import { Authority, type ClientCertificate } from '../support/security/certificates.js';
import { sharedCluster } from '../support/shared-cluster.js';

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

  it('never show a password that stands in an address', () => {
    expect(() => parseEndpoints('http://root:secret@a:1', false)).to.throw(/^(?!.*secret).*give --user/);
  });

  for (const list of [
    '',
    ',',
    'http://',
    'ftp://a',
    'a b',
    'a;b',
    'http://a,https://b',
    'http://a/path',
    'a:1?x',
    'http://root:secret@a',
  ]) {
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

  describe('and certificates', () => {
    let folder: string;
    let files: { readonly cacert: string; readonly cert: string; readonly key: string };
    let of: ClientCertificate;

    before(async () => {
      const authority = await Authority.create();
      of = await authority.client();
      folder = mkdtempSync(join(tmpdir(), 'cli-'));
      files = {
        cacert: file('ca.pem', of.rootCertificate),
        cert: file('cert.pem', of.certChain),
        key: file('key.pem', of.privateKey),
      };
      file('other.pem', (await authority.client('other')).privateKey);
      file('empty.pem', '');
      file('text.pem', 'no PEM');
      file('broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
      const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' } as const;
      file('encrypted.pem', createPrivateKey(of.privateKey).export(encrypted));
      authority.close();
    });
    after(() => rmSync(folder, { recursive: true }));

    const file = (name: string, content: string | Buffer): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };

    it('are taken by the names of their files, and left alone for http://', async () => {
      const { cacert: ca, cert, key } = files;
      expect((await clientOptions({ endpoints: 'a', ...files })).tls).to.deep.equal({ ca, cert, key });
      expect(await clientOptions({ endpoints: 'http://a', ...files })).not.to.have.property('tls');
    });

    const bad: readonly (readonly [flag: 'cacert' | 'cert' | 'key', name: string, message: string])[] = [
      ['cacert', 'text.pem', '--cacert: FILE holds no certificate in PEM'],
      ['cacert', 'empty.pem', '--cacert: FILE holds no certificate in PEM'],
      ['cacert', 'broken.pem', '--cacert: FILE holds a broken certificate: '],
      ['cacert', 'key.pem', '--cacert: FILE holds no certificate in PEM'],
      ['cert', 'text.pem', '--cert: FILE holds no certificate in PEM'],
      ['cert', 'broken.pem', '--cert: FILE holds a broken certificate: '],
      ['key', 'text.pem', '--key: FILE holds no private key in PEM'],
      ['key', 'cert.pem', '--key: FILE holds no private key in PEM'],
      ['key', 'encrypted.pem', '--key: FILE is encrypted: give a key without a passphrase'],
      ['key', 'other.pem', '--key: FILE is not the key of the certificate in --cert '],
      ['cacert', 'no-such.pem', '--cacert: cannot read FILE '],
    ];
    for (const [flag, name, message] of bad) {
      it(`are refused by the name of the flag and of the file: --${flag} ${name}`, async () => {
        const wrong = join(folder, name);
        const failure = await clientOptions({ endpoints: 'a', ...files, [flag]: wrong }).catch((err: Error) => err);
        expect(failure).to.be.instanceOf(CliError);
        expect((failure as CliError).exitCode).to.equal(2);
        const text = (failure as CliError).message;
        expect(text.startsWith(message.replace('FILE', wrong)), text).to.equal(true);
        expect(text).not.to.match(/routines|error:/);
      });
    }
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
      const program = CliProgram.start(['list', ...flags]);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 2 });
      expect(program.stderr.text).to.match(message);
    });
  }

  describe('on a cluster', () => {
    const cluster = sharedCluster();

    it('go before the environment', async () => {
      const wrong = { env: { ETCDCTL_ENDPOINTS: '127.0.0.1:1' } };
      const program = CliProgram.start(['list', 'no/such/', '--endpoints', cluster().hosts.join(',')], wrong);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
    });

    it('may come before the command, and without a scheme', async () => {
      const hosts = cluster().hosts.map((host) => host.replace('http://', ''));
      const program = CliProgram.start(['--endpoints', hosts.join(','), '--json', 'list', 'no/such/']);
      expect(await program.exited(), program.stderr.text).to.deep.equal({ code: 0 });
      expect(program.stdout.text).to.equal('[]');
    });
  });
});
