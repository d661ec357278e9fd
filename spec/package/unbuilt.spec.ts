import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand } from '../support/cluster/run.js';
import { clone, linkPackages } from '../support/package/clone.js';
import { unpack } from '../support/package/project.js';
import { filesOf, pack, scratch } from '../support/package/tarball.js';

const WITHIN = 240_000;

describe('a clone that was never built', () => {
  it('is compiled before it is packed, so that its tarball has the same files', async () => {
    const folder = clone();
    linkPackages(folder);
    const packed = await runCommand('npm', ['pack', '--json', '--loglevel=silent'], { cwd: folder, within: WITHIN });
    expect(packed.ok, packed.output).to.equal(true);
    expect(filesOf(packed.stdout)).to.have.members((await pack()).files);
  });

  it('is not packed without its compiler, and says what to do', async () => {
    const { ok, output } = await runCommand('npm', ['pack'], { cwd: clone(), within: WITHIN });
    expect(ok).to.equal(false);
    expect(output).to.include('The package cannot be packed, because its compiler is missing: run `npm ci` first.');
  });

  it('is prepared without a complaint where nobody wants its compiler', async () => {
    const folder = clone();
    const { ok, output } = await runCommand('npm', ['run', 'prepare', '--silent'], { cwd: folder, within: WITHIN });
    expect([ok, output]).to.deep.equal([true, '']);
    expect(existsSync(join(folder, 'dist'))).to.equal(false);
  });
});

describe('the unpacked tarball', () => {
  it('is packed again as it is, without sources and without a compiler', async () => {
    const folder = scratch('unpacked');
    await unpack(folder);
    const packed = await runCommand('npm', ['pack', '--json', '--loglevel=silent'], { cwd: folder, within: WITHIN });
    expect(packed.ok, packed.output).to.equal(true);
    expect(filesOf(packed.stdout)).to.have.members((await pack()).files);
  });
});
