import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { root } from '../../scripts/test/tool.js';
import { run } from '../support/cluster/run.js';
import { pack } from '../support/package/tarball.js';

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly (string | null)[];
}

describe('the package', () => {
  it('contains what is compiled of lib, its papers and nothing else', async () => {
    const { files } = await pack();
    const top = files.map((file) => (file.startsWith('dist/lib/') ? 'dist/lib' : file));
    expect(new Set(top)).to.have.keys('dist/lib', 'README.md', 'LICENSE', 'CHANGELOG.md', 'package.json');
    expect(files.filter((file) => file.startsWith('dist/lib/') && !/\.(js|js\.map|d\.ts)$/.test(file))).to.deep.equal(
      [],
    );
  });

  it('has types for every module, and modules for every type', async () => {
    const { files } = await pack();
    const without = (end: string) =>
      files.filter((file) => file.endsWith(end)).map((file) => file.slice(0, -end.length));
    const modules = files.filter((file) => file.endsWith('.js')).map((file) => file.slice(0, -3));
    expect(modules).to.not.be.empty;
    expect(without('.d.ts')).to.have.members(modules);
  });

  it('has source maps that carry their sources: nothing points to a file that is not there', async () => {
    const { files } = await pack();
    const maps = files.filter((file) => file.endsWith('.map'));
    expect(maps).to.have.length(files.filter((file) => file.endsWith('.js')).length);
    for (const file of maps) {
      const { sources, sourcesContent = [] } = JSON.parse(readFileSync(join(root, file), 'utf8')) as SourceMap;
      expect(
        sourcesContent.filter((source) => typeof source === 'string'),
        file,
      ).to.have.length(sources.length);
    }
  });

  it('has what `exports` and `bin` speak of, each export with its types first', async () => {
    const { files } = await pack();
    const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
      readonly bin: Readonly<Record<string, string>>;
    };
    for (const [name, target] of Object.entries(exports)) {
      if (typeof target === 'string') continue;
      expect(Object.keys(target), name).to.deep.equal(['types', 'default']);
      for (const file of Object.values(target)) expect(files).to.include(file.slice('./'.length));
    }
    for (const file of Object.values(bin)) expect(files).to.include(file);
  });

  it('has nothing that publint complains of', async () => {
    const { path } = await pack();
    const { messages, pkg } = await publint({
      pack: { tarball: await bytesOf(path) },
      level: 'suggestion',
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).to.deep.equal([]);
  });

  // ESM only: `node10` knows no `exports`, and a CommonJS file gets it by Node's require(esm), which `esm-only` leaves
  // out; the specs of the installed package show that it works.
  it('has types that resolve, by Are The Types Wrong', async () => {
    const { path } = await pack();
    const cli = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const args = [cli, path, '--profile', 'esm-only', '--format', 'ascii', '--no-color', '--no-emoji'];
    const { ok, output } = await run(process.execPath, args, { within: 120_000 });
    expect(ok, output).to.equal(true);
  });
});

async function bytesOf(path: string): Promise<ArrayBuffer> {
  return new Uint8Array(readFileSync(path)).buffer;
}
