import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { root } from '../../scripts/test/tool.js';
import { runCommand } from '../support/cluster/run.js';
import { linkedFiles } from '../support/docs/links.js';
import { bundles, licenses } from '../support/package/bundles.js';
import { pack } from '../support/package/tarball.js';

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly (string | null)[];
}

type Target = Readonly<Record<'types' | 'default', string>>;

interface Manifest {
  readonly main: string;
  readonly types: string;
  readonly typesVersions: { readonly '*': Readonly<Record<string, readonly string[]>> };
  readonly exports: Readonly<Record<string, string | { readonly import: Target; readonly default: Target }>>;
  readonly bin: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

/** A file that browsers get from `etcd-leader serve`. */
const ofPage = (name: string): string => `dist/lib/cli/serve/page/${name}`;

describe('the package', () => {
  it('contains what is compiled of lib, the pages, the examples, its papers and nothing else', async () => {
    const { files } = await pack();
    const top = files.map((file) => /^(dist\/lib|docs|examples)\//.exec(file)?.[1] ?? file);
    const papers = ['README.md', 'LICENSE', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'package.json'];
    expect(new Set(top)).to.have.keys('dist/lib', 'docs', 'examples', ...papers);
    const compiled = files.filter((file) => file.startsWith('dist/lib/'));
    const others = compiled.filter((file) => !/\.(js|js\.map|d\.ts)$|\/package\.json$/.test(file));
    expect(others).to.have.members([licenses, ...['index.html', 'style.css', 'favicon.svg'].map(ofPage)]);
    const pages = files.filter((file) => /^(docs|examples)\//.test(file));
    expect(pages.filter((file) => !/\.(md|svg|png|ts|yaml)$|\/grafana-dashboard\.json$/.test(file))).to.deep.equal([]);
  });

  it('has every file that its pages link to', async () => {
    const { files } = await pack();
    const pages = files.filter((file) => file.endsWith('.md'));
    expect(pages).to.include.members(['README.md', 'docs/api.md', 'examples/README.md']);
    const folders = new Set(files.flatMap(foldersOf));
    const missing = pages.flatMap((page) =>
      linkedFiles(page)
        .filter((file) => !files.includes(file) && !folders.has(file.replace(/\/$/, '')))
        .map((file) => `${page}: ${file}`),
    );
    expect(missing).to.deep.equal([]);
  });

  it('has types for every module, and modules for every type', async () => {
    const files = (await pack()).files.filter((file) => file.startsWith('dist/'));
    const without = (end: string) =>
      files.filter((file) => file.endsWith(end)).map((file) => file.slice(0, -end.length));
    const modules = without('.js').filter((file) => file !== ofPage('app')); // which only browsers load
    expect(modules).to.not.be.empty;
    expect(without('.d.ts')).to.have.members(modules);
  });

  it('has source maps that carry their sources: nothing points to a file that is not there', async () => {
    const { files } = await pack();
    const maps = files.filter((file) => file.endsWith('.map'));
    // The map of a bundle would bring the sources of other packages.
    const compiled = files.filter((file) => file.endsWith('.js') && !bundles.includes(file));
    expect(maps).to.have.members(compiled.map((file) => `${file}.map`));
    for (const file of maps) {
      const { sources, sourcesContent = [] } = JSON.parse(readFileSync(join(root, file), 'utf8')) as SourceMap;
      expect(
        sourcesContent.filter((source) => typeof source === 'string'),
        file,
      ).to.have.length(sources.length);
    }
  });

  it('carries what is bundled, and the licences of all packages that are parts of it', async () => {
    const { files } = await pack();
    expect(files).to.include.members([...bundles, licenses]);
    for (const file of bundles) {
      expect(readFileSync(join(root, file), 'utf8'), file).to.not.match(/\bfrom ?["'](?!node:)[a-z@]/);
    }
    const text = readFileSync(join(root, licenses), 'utf8');
    for (const name of ['ink', 'preact', 'react', 'react-reconciler', 'yoga-layout', 'string-width']) {
      expect(text).to.match(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+: MIT$`, 'm'));
    }
  });

  it('has what `exports` and `bin` speak of, for `import` and for the others, each with its types first', async () => {
    const { files } = await pack();
    for (const [name, ways] of Object.entries(manifest.exports)) {
      if (typeof ways === 'string') continue;
      expect(Object.keys(ways), name).to.deep.equal(['import', 'default']);
      for (const target of [ways.import, ways.default]) {
        expect(Object.keys(target), name).to.deep.equal(['types', 'default']);
        for (const file of Object.values(target)) expect(files).to.include(file.slice('./'.length));
      }
    }
    for (const file of Object.values(manifest.bin)) expect(files).to.include(file);
  });

  it('tells those who do not read `exports` the same files', () => {
    const byExports = Object.entries(manifest.exports).flatMap(([name, ways]) =>
      typeof ways === 'string' ? [] : [[name, ways.default.types]],
    );
    const byVersions = Object.entries(manifest.typesVersions['*']).map(([name, [file]]) => [`./${name}`, file]);
    expect([['.', manifest.types], ...byVersions]).to.deep.equal(byExports);
    expect(manifest.main).to.equal(manifest.types.replace(/\.d\.ts$/, '.js'));
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

  it('has types that resolve in every way that TypeScript knows, by Are The Types Wrong', async () => {
    const { path } = await pack();
    const cli = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const args = [cli, path, '--profile', 'strict', '--format', 'ascii', '--no-color', '--no-emoji'];
    const { ok, output } = await runCommand(process.execPath, args, { within: 120_000 });
    expect(ok, output).to.equal(true);
  });
});

/** `docs` and `docs/img` for `docs/img/growth.svg`. */
function foldersOf(file: string): string[] {
  return file
    .split('/')
    .slice(0, -1)
    .map((_, index, parts) => parts.slice(0, index + 1).join('/'));
}

async function bytesOf(path: string): Promise<ArrayBuffer> {
  return new Uint8Array(readFileSync(path)).buffer;
}
