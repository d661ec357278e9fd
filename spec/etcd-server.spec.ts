import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { describeServer, findEtcd } from './support/cluster/etcd-server.js';
import { keepRelease } from './support/cluster/kept.js';
import { tracked } from './support/track.js';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-spec-'));
  tracked({ close: () => rmSync(folder, { recursive: true }) });
  return folder;
}

/** Puts a program there that says it is etcd. */
function putEtcd(version: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'etcd'), `#!/bin/sh\necho "etcd Version: ${version}"\n`);
  chmodSync(join(folder, 'etcd'), 0o755);
}

function folderWithEtcd(version: string): string {
  const folder = temporaryFolder();
  putEtcd(version, folder);
  return folder;
}

function folderThatKeeps(...versions: readonly string[]): string {
  const folder = temporaryFolder();
  for (const version of versions) putEtcd(version, join(folder, version));
  return folder;
}

describe('the etcd server for specs and demo', () => {
  it('is the cluster that ETCD_ENDPOINTS names, before anything else', async () => {
    const env = { ETCD_ENDPOINTS: '127.0.0.1:2379, http://etcd-2:2379/,', ETCD_BIN: '/nowhere' };
    const hosts = ['http://127.0.0.1:2379', 'http://etcd-2:2379'];
    expect(await findEtcd(env)).to.deep.equal({ kind: 'endpoints', hosts });
  });

  it('is ETCD_BIN, before the PATH', async () => {
    const bin = join(folderWithEtcd('3.6.1'), 'etcd');
    const env = { ETCD_BIN: bin, PATH: folderWithEtcd('3.5.0') };
    expect(await findEtcd(env)).to.deep.equal({ kind: 'program', bin, version: '3.6.1' });
  });

  it('is not looked for elsewhere when ETCD_BIN is wrong', async () => {
    const err = await findEtcd({ ETCD_BIN: '/nowhere', PATH: folderWithEtcd('3.5.0') }).catch(String);
    expect(err).to.equal('Error: `ETCD_BIN` must be the path of an etcd server, 3.4 or later; got /nowhere');
  });

  it('is the first in the PATH that is not older than 3.4, before one that is kept', async () => {
    const [older, other, newer] = [folderWithEtcd('3.3.25'), folderWithEtcd('is unknown'), folderWithEtcd('3.4.0')];
    const env = { PATH: [older, '', '/nowhere', other, newer].join(':'), ETCD_KEPT: folderThatKeeps('3.6.1') };
    expect(await findEtcd(env)).to.deep.equal({ kind: 'program', bin: join(newer, 'etcd'), version: '3.4.0' });
  });

  describe('of the release that ETCD_VERSION asks for', () => {
    it('is the one in the PATH when that is of this release', async () => {
      const [other, fitting] = [folderWithEtcd('3.60.1'), folderWithEtcd('3.6.14')];
      const env = { ETCD_VERSION: '3.6', PATH: `${other}:${fitting}`, ETCD_KEPT: folderThatKeeps('3.6.15') };
      expect(await findEtcd(env)).to.deep.equal({ kind: 'program', bin: join(fitting, 'etcd'), version: '3.6.14' });
    });

    it('is the newest of its line that is kept', async () => {
      const kept = folderThatKeeps('3.6.9', '3.6.14', '3.60.0', '3.7.0');
      const env = { ETCD_VERSION: '3.6', PATH: folderWithEtcd('3.5.0'), ETCD_KEPT: kept };
      const bin = join(kept, '3.6.14', 'etcd');
      expect(await findEtcd(env)).to.deep.equal({ kind: 'program', bin, version: '3.6.14' });
    });

    it('is exactly the kept one that it names', async () => {
      const kept = folderThatKeeps('3.6.9', '3.6.14');
      const env = { ETCD_VERSION: '3.6.9', PATH: '', ETCD_KEPT: kept };
      expect(await findEtcd(env)).to.include({ bin: join(kept, '3.6.9', 'etcd') });
    });

    it('is no other when that one is not there', async () => {
      const env = { ETCD_VERSION: '3.99', PATH: folderWithEtcd('3.5.0'), ETCD_KEPT: folderThatKeeps('3.6.9') };
      expect(await findEtcd(env)).to.equal(undefined);
      expect(await findEtcd({ ...env, ETCD_KEPT: '/nowhere' })).to.equal(undefined);
    });

    for (const wrong of ['v3.6', '3', '3.3', 'latest', '3.6.1.2', '4.0']) {
      it(`is refused when the release is ${wrong}`, async () => {
        const err = await findEtcd({ ETCD_VERSION: wrong }).catch(String);
        const limit = '`ETCD_VERSION` must be a release of etcd, 3.4 or later, such as 3.6 or 3.6.14';
        expect(err).to.equal(`Error: ${limit}; got ${wrong}`);
      });
    }

    for (const [name, value] of Object.entries({ ETCD_ENDPOINTS: '127.0.0.1:2379', ETCD_BIN: '/usr/bin/etcd' })) {
      it(`is refused beside ${name}`, async () => {
        const err = await findEtcd({ ETCD_VERSION: '3.6', [name]: value }).catch(String);
        expect(err).to.equal(`Error: \`ETCD_VERSION\` and \`${name}\` both say which etcd to use; set one of them`);
      });
    }
  });

  describe('to keep', () => {
    it('is kept once it runs and is of the release that was asked for', async () => {
      const env = { ETCD_KEPT: join(temporaryFolder(), 'new') };
      expect(await keepRelease('3.6.1', async (folder) => putEtcd('3.6.1', folder) as undefined, env)).to.equal(
        undefined,
      );
      expect(await findEtcd({ ...env, PATH: '', ETCD_VERSION: '3.6' })).to.include({ version: '3.6.1' });
    });

    for (const [what, make, reason] of [
      ['cannot be had', async () => 'no network', 'no network'],
      ['is another release', async (folder: string) => putEtcd('3.5.1', folder), 'what came is etcd 3.5.1'],
      ['is none', async () => undefined, 'what came is no etcd server that runs here'],
    ] as const) {
      it(`is not kept, and leaves nothing behind, when what was asked for ${what}`, async () => {
        const env = { ETCD_KEPT: temporaryFolder() };
        expect(await keepRelease('3.6.1', make as (folder: string) => Promise<string | undefined>, env)).to.equal(
          reason,
        );
        expect(existsSync(env.ETCD_KEPT) && readdirSync(env.ETCD_KEPT)).to.deep.equal([]);
      });
    }
  });

  describe('in its description', () => {
    const program = (version: string): Promise<string[]> =>
      describeServer({ kind: 'program', bin: '/opt/etcd', version });

    for (const [known, mended] of [
      ['3.4.41', '3.4.42'],
      ['3.5.27', '3.5.28'],
      ['3.6.8', '3.6.9'],
    ] as const) {
      it(`has a warning when it is ${known}, and none when it is ${mended}`, async () => {
        expect(await program(known)).to.deep.equal([
          `etcd ${known}, /opt/etcd`,
          `warning: etcd ${known} can answer a read with what was true before (etcd issues 21375, 20418); ` +
            `${mended} does not`,
        ]);
        expect(await program(mended)).to.deep.equal([`etcd ${mended}, /opt/etcd`]);
      });
    }

    it('has no warning when its line never had a release with known faults', async () => {
      expect(await program('3.7.0')).to.deep.equal(['etcd 3.7.0, /opt/etcd']);
    });

    it('says what a cluster of ETCD_ENDPOINTS says of itself', async () => {
      const server = createServer((_, response) => response.end('{"etcdserver":"3.5.1","etcdcluster":"3.5.0"}'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      tracked({ close: () => server.close() });
      const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const [line, warning] = await describeServer({ kind: 'endpoints', hosts: ['http://127.0.0.1:1', host] });
      expect(line).to.equal(`etcd 3.5.1, the cluster at http://127.0.0.1:1, ${host} (ETCD_ENDPOINTS)`);
      expect(warning).to.match(/^warning: etcd 3.5.1 /);
    });
  });
});
