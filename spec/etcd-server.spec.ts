import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { findEtcd } from './support/cluster/etcd-server.js';
import { tracked } from './support/track.js';

/** A folder with a program that says it is etcd. */
function folderWithEtcd(version: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-leader-spec-'));
  tracked({ close: () => rmSync(folder, { recursive: true }) });
  writeFileSync(join(folder, 'etcd'), `#!/bin/sh\necho "etcd Version: ${version}"\n`);
  chmodSync(join(folder, 'etcd'), 0o755);
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
    expect(await findEtcd(env)).to.deep.equal({ kind: 'program', bin });
  });

  it('is not looked for elsewhere when ETCD_BIN is wrong', async () => {
    const err = await findEtcd({ ETCD_BIN: '/nowhere', PATH: folderWithEtcd('3.5.0') }).catch(String);
    expect(err).to.equal('Error: `ETCD_BIN` must be the path of an etcd server, 3.4 or later; got /nowhere');
  });

  it('is the first in the PATH that is not older than 3.4', async () => {
    const [older, other, newer] = [folderWithEtcd('3.3.25'), folderWithEtcd('is unknown'), folderWithEtcd('3.4.0')];
    const env = { PATH: [older, '', '/nowhere', other, newer].join(':') };
    expect(await findEtcd(env)).to.deep.equal({ kind: 'program', bin: join(newer, 'etcd') });
  });
});
