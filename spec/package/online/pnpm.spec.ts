import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand } from '../../support/cluster/run.js';
import { EXPORTING } from '../../support/package/program.js';
import { manifest, writeInto } from '../../support/package/project.js';
import { scratch } from '../../support/package/tarball.js';
import { type ToolsProject, toolsProject } from '../../support/package/tools.js';

const RESOLUTIONS = [
  { module: 'commonjs', moduleResolution: 'node10' },
  { module: 'nodenext', moduleResolution: 'nodenext' },
] as const;

describe('with pnpm, where each package sees only what it asks for,', () => {
  let tools: ToolsProject;
  let folder: string;

  before(async () => {
    [tools, folder] = [await toolsProject(), await manifest({})];
    const store = scratch('pnpm');
    const env = { ...process.env, XDG_CACHE_HOME: store, XDG_STATE_HOME: store, XDG_DATA_HOME: store };
    const args = ['install', '--ignore-scripts', '--prefer-offline', '--reporter=append-only', '--store-dir', store];
    const { ok, output } = await runCommand(join(tools.bin, 'pnpm'), args, { cwd: folder, env, within: 120_000 });
    expect(ok, output).to.equal(true);
  });

  it('the package loads, and the user’s code does not see `etcd3`', async () => {
    const program = `console.log(typeof require('etcd-leader').Etcd3);
      try { require('etcd3'); } catch (err) { console.log(err.code); }`;
    const { ok, output } = await runCommand(process.execPath, ['--eval', program], { cwd: folder });
    expect([ok, output]).to.deep.equal([true, 'function\nMODULE_NOT_FOUND']);
  });

  for (const options of RESOLUTIONS) {
    it(`TypeScript names every type in declarations, with moduleResolution ${options.moduleResolution}`, async () => {
      writeInto(folder, 'exporting.ts', EXPORTING);
      const how = {
        strict: true,
        target: 'es2022',
        types: ['node'],
        declaration: true,
        outDir: 'out',
        skipLibCheck: true,
      };
      const config = { compilerOptions: { ...how, ...options }, files: ['exporting.ts'] };
      writeInto(folder, 'tsconfig.json', JSON.stringify(config));
      const { ok, output } = await runCommand(join(tools.bin, 'tsc'), ['-p', '.'], { cwd: folder, within: 120_000 });
      expect(ok, output).to.equal(true);
      expect(readFileSync(join(folder, 'out/exporting.d.ts'), 'utf8')).to.match(
        /fence: .*import\("etcd-leader"\)\.ComparatorBuilder/,
      );
    });
  }
});
