import { createRequire } from 'node:module';
import { expect } from 'chai';
import { withoutMarks } from './support/docs/compiler.js';
import { readPage, sources, tableUnder } from './support/docs/pages.js';
import { circleIn, type Import, importsIn, importsOfLib, partOf } from './support/imports.js';

/** The files that lie in lib/ itself and that any folder may import, because everybody uses their words. */
const WORDS = ['errors.ts', 'log.ts', 'checks.ts', 'options.ts', 'events.ts', 'candidate.ts', 'leadership.ts'];

/** What the words themselves may import: other words, and where a warning goes when there is no logger. */
const LANGUAGE = [...WORDS, 'default-logger.ts'];

/** The folders that each folder imports from. This is the picture in docs/architecture.md, line by line. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  lock: ['campaign', 'common'],
  campaign: ['queue', 'lease', 'watch', 'store', 'common'],
  queue: ['watch', 'store', 'common'],
  lease: ['store', 'common'],
  watch: ['store', 'common'],
  etcd: ['store', 'common'],
  testing: ['store', 'common'],
  store: ['common'],
  common: [],
};

/**
 * Programs and parts that stand on the whole library, each behind an entry point of its own, and which of the others
 * each may import.
 */
const ON_TOP: Readonly<Record<string, readonly string[]>> = {
  view: [],
  cli: ['view'],
  recording: [],
  metrics: ['recording'],
  otel: ['recording'],
  threads: [],
  cron: [],
  nestjs: ['cron'],
  'fake-pool': [],
  esm: ['threads', 'cron', 'otel', 'nestjs'],
};

/** Stands on what users see, and on all that is below. */
const POOL = 'pool';

/** Imports of a folder that go up or aside. */
function upward(imports: readonly Import[]): string[] {
  return imports
    .filter(({ from, to }) => {
      const [folder, target] = [partOf(from), partOf(to)];
      if (WORDS.includes(from)) return target !== 'common' && !LANGUAGE.includes(to);
      if (folder === from || folder === target) return false; // other files in lib/ itself put the rest together
      if (folder === POOL) return target in ON_TOP;
      const above = ON_TOP[folder];
      if (above !== undefined) return target in ON_TOP && !above.includes(target);
      return target === to ? !WORDS.includes(to) : !BELOW[folder]?.includes(target);
    })
    .map(({ from, to }) => `${from} imports ${to}`);
}

describe('the architecture', () => {
  const files = sources().map((file) => file.replace(/^lib\//, ''));

  it('lets a folder import only folders below it, and the words that everybody uses', () => {
    expect(importsOfLib()).not.to.be.empty;
    expect(upward(importsOfLib())).to.deep.equal([]);
  });

  it('fails when an import goes up, aside, or to the users’ classes, types included', () => {
    const imports = [
      ...importsIn('queue/queue.ts', "import type { Campaign } from '../campaign/campaign.js';"),
      ...importsIn('lease/lease.ts', "export { Queue } from '../queue/queue.js';"),
      ...importsIn('campaign/joining.ts', "let session: import('../session.js').Session;"),
      ...importsIn('watch/watcher.ts', "const store = await import('../etcd/etcd-store.js');"),
      ...importsIn('cli/main.ts', "import { Instruments } from '../metrics/instruments.js';"),
      ...importsIn('queue/queue.ts', "import { Watcher } from '../watch/watcher.js';"),
      ...importsIn('candidate.ts', "import type { KeyValue } from './store/store.js';"),
      ...importsIn('events.ts', "import type { Candidate } from './candidate.js';"),
    ];
    expect(upward(imports)).to.deep.equal([
      'queue/queue.ts imports campaign/campaign.ts',
      'lease/lease.ts imports queue/queue.ts',
      'campaign/joining.ts imports session.ts',
      'watch/watcher.ts imports etcd/etcd-store.ts',
      'cli/main.ts imports metrics/instruments.ts',
      'candidate.ts imports store/store.ts',
    ]);
  });

  for (const entry of ['index', 'metrics', 'testing', 'threads/index', 'cron/index', 'otel/index', 'nestjs/index']) {
    it(`passes on to ES modules every value that lib/${entry}.ts exports`, async () => {
      const required = createRequire(import.meta.url)(`../lib/${entry}.js`) as Readonly<Record<string, unknown>>;
      const passedOn = entry.replace('/index', '');
      const imported = (await import(`../lib/esm/${passedOn}.js`)) as Readonly<Record<string, unknown>>;
      expect({ ...imported }).to.deep.equal({ ...required });
    });
  }

  it('has no circle of imports, types included', () => {
    expect(circleIn(importsOfLib())).to.equal(undefined);
  });

  it('finds a circle where there is one', () => {
    const imports = [
      ...importsIn('a.ts', "import type { B } from './b/b.js';"),
      ...importsIn('b/b.ts', "import { c } from './c.js';"),
      ...importsIn('b/c.ts', "import type { A } from '../a.js';"),
    ];
    expect(circleIn(imports)).to.deep.equal(['a.ts', 'b/b.ts', 'b/c.ts', 'a.ts']);
    expect(circleIn(imports.slice(0, 2))).to.equal(undefined);
  });

  it('knows every folder', () => {
    const folders = new Set(files.map(partOf).filter((folder) => !files.includes(folder)));
    expect([...folders]).to.have.members([...Object.keys(BELOW), POOL, ...Object.keys(ON_TOP)]);
  });

  it('keeps in lib/ itself only what users can touch, and the words: 18 files at the most', () => {
    expect(files.filter((file) => partOf(file) === file).length).to.be.at.most(18);
  });

  it('has no file of more than 250 lines', () => {
    const linesOf = (file: string): number => readPage(file).split('\n').length - 1;
    expect(sources().filter((file) => linesOf(file) > 250)).to.deep.equal([]);
  });

  it('says of every file what it is for, in one table', () => {
    const listed = tableUnder('docs/architecture.md', 'The files', 'file').rows.map(({ cells }) =>
      withoutMarks(cells[0] ?? ''),
    );
    expect(listed).to.have.members(sources());
  });

  it('imports exactly what the table under the picture says', () => {
    const { rows } = tableUnder('docs/architecture.md', 'The picture', 'folder');
    const foldersIn = (cell = ''): string[] => cell.match(/\w+(?=\/)/g) ?? [];
    const listed = rows.map(({ cells }) => [foldersIn(cells[0])[0] ?? '', foldersIn(cells[1])] as const);
    expect(Object.fromEntries(listed)).to.deep.equal(BELOW);

    const imports = importsOfLib();
    for (const [folder, below] of Object.entries(BELOW)) {
      const targets = imports
        .filter(({ from, to }) => partOf(from) === folder && partOf(to) !== to)
        .map(({ to }) => partOf(to));
      expect([...new Set(targets)].filter((target) => target !== folder)).to.have.members([...below]);
    }
  });

  it('is drawn as the imports are: every line of the picture from a folder to one below it', () => {
    const lines = /```\n(pool[\s\S]*?)```/.exec(readPage('docs/architecture.md'))?.[1]?.split('\n') ?? [];
    const rowOf = (folder: string): number => lines.findIndex((line) => new RegExp(`\\b${folder}\\b`).test(line));
    expect(rowOf(POOL)).to.be.lessThan(rowOf('election'));
    for (const [folder, below] of Object.entries(BELOW)) {
      if (folder === 'testing') continue; // stands beside etcd/
      expect(rowOf(folder), folder).to.be.at.least(0);
      for (const other of below) {
        if (folder !== 'etcd') expect(rowOf(other), `${folder} above ${other}`).to.be.greaterThan(rowOf(folder));
      }
    }
  });
});
