import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand } from '../../support/cluster/run.js';
import { askForLess, clone } from '../../support/package/clone.js';
import { install, writeInto } from '../../support/package/project.js';
import { scratch } from '../../support/package/tarball.js';

describe('the package from git', () => {
  it('is compiled while it is installed, and loads', async () => {
    const origin = clone();
    askForLess(origin);
    const author = ['-c', 'user.name=spec', '-c', 'user.email=spec@localhost'];
    for (const args of [
      ['init', '--quiet'],
      ['add', '--all'],
      [...author, 'commit', '--quiet', '--message', 'all'],
    ]) {
      const { ok, output } = await runCommand('git', args, { cwd: origin });
      expect(ok, output).to.equal(true);
    }

    const folder = scratch('project');
    const dependencies = { 'etcd-leader': `git+file://${origin}` };
    writeInto(folder, 'package.json', JSON.stringify({ name: 'user', version: '1.0.0', private: true, dependencies }));
    const installed = await install(folder, '--no-ignore-scripts');
    expect(installed.ok, installed.output).to.equal(true);
    const program = `console.log(typeof require('etcd-leader').Session, require.resolve('etcd-leader'));`;
    const { ok, output } = await runCommand(process.execPath, ['--eval', program], { cwd: folder });
    expect(ok, output).to.equal(true);
    expect(output).to.equal(`function ${join(folder, 'node_modules/etcd-leader/dist/lib/index.js')}`);
  });
});
