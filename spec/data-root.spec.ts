import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { type DataPlace, dataRoot, dataRoots, isInMemory } from './support/cluster/data-root.js';
import { createFolder, foldersOf, sweep } from './support/cluster/orphans.js';
import { freePorts, reserve } from './support/cluster/ports.js';
import { tracked } from './support/track.js';

const GIB = 2 ** 30;
const GOOD: DataPlace = { isWritable: true, type: 0x01021994, free: GIB, memory: GIB };

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'etcd-leader-spec-'));
  tracked({ close: () => rmSync(made, { recursive: true, force: true }) });
  return made;
}

describe('the data of clusters', () => {
  it('lies in memory when a GiB of it is free', () => {
    expect(isInMemory(GOOD)).to.equal(true);
  });

  const bad: Readonly<Record<string, DataPlace | undefined>> = {
    'the folder is not there': undefined,
    'the folder is on a disk': { ...GOOD, type: 0xef53 },
    'the folder may not be written': { ...GOOD, isWritable: false },
    'the file system has a byte too little': { ...GOOD, free: GIB - 1 },
    'the process may not use so much memory': { ...GOOD, memory: GIB - 1 },
  };
  for (const [what, place] of Object.entries(bad)) {
    it(`does not lie in memory when ${what}`, () => {
      expect(isInMemory(place)).to.equal(false);
    });
  }

  it('lies where ETCD_LEADER_DATA says', () => {
    const env = { ETCD_LEADER_DATA: '/somewhere' };
    expect([dataRoot(env), dataRoots(env)]).to.deep.equal(['/somewhere', ['/somewhere']]);
  });

  it('is looked for wherever an earlier run may have left it', () => {
    expect(dataRoots({})).to.include.members([dataRoot({}), tmpdir()]);
  });

  it('is removed when the process that it belongs to is gone', () => {
    const root = folder();
    const left = mkdtempSync(join(root, 'etcd-leader-cluster-4194305.1-')); // beyond the greatest process id
    const kept = mkdtempSync(join(root, 'etcd-leader-something-4194305.1-'));
    sweep([root]);
    expect([existsSync(left), existsSync(kept)]).to.deep.equal([false, true]);
  });

  it('stays while the process that it belongs to runs', () => {
    const mine = createFolder('run');
    tracked({ close: () => rmSync(mine, { recursive: true }) });
    sweep([dirname(mine)]);
    expect(existsSync(mine)).to.equal(true);
  });
});

describe('a port', () => {
  it('is not given away while a cluster has it, though nobody listens there', async () => {
    const { ETCD_LEADER_DATA: before } = process.env;
    const restore = (): void => {
      if (before === undefined) delete process.env.ETCD_LEADER_DATA;
      else process.env.ETCD_LEADER_DATA = before;
    };
    tracked({ close: restore });
    process.env.ETCD_LEADER_DATA = folder(); // other clusters of this machine must find ports all the while
    const [left = 0] = await freePorts(1);
    const others = Array.from({ length: 20_000 }, (_, i) => 12_000 + i).filter((port) => port !== left);
    reserve(createFolder('cluster'), others);
    expect(foldersOf('cluster')).to.have.length(1);
    expect(await freePorts(1)).to.deep.equal([left]);
  });
});
