import { expect } from 'chai';
import { POOL_MUTATIONS } from './pool/mutations.js';
import { MUTATIONS } from './simulation/mutations.js';
import { PublicApi, typeCheck, withoutMarks } from './support/docs/compiler.js';
import { brokenLinks } from './support/docs/links.js';
import {
  missingFiles,
  namesIn,
  pages,
  readPage,
  sources,
  type Table,
  tablesOf,
  tableUnder,
} from './support/docs/pages.js';
import { cellsIn, examples, fencedIn } from './support/docs/snippets.js';

describe('the snippets', () => {
  it('are correct TypeScript against the types that are shipped, in the pages and in the docstrings', () => {
    const fenced = pages().flatMap((page) => fencedIn(page));
    const here = pages().flatMap((page) => cellsIn(page, 'here'));
    const inLib = examples();
    for (const found of [fenced, here, inLib]) expect(found).to.not.be.empty;
    expect(typeCheck([...fenced, ...here, ...inLib])).to.deep.equal([]);
  });

  it('fail with file and line when a method has the wrong name', () => {
    const page = 'Text.\n\n```ts\nelection.start();\nelection.begin();\n```\n';
    expect(typeCheck(fencedIn('docs/example.md', page))).to.deep.equal([
      "docs/example.md:5: Property 'begin' does not exist on type 'Election'.",
    ]);
  });

  it('fail when an option, an export or the type of an argument is wrong', () => {
    const snippet = (code: string, index: number) => ({ file: 'page.md', line: index + 1, code });
    const wrong = [
      "import { Election } from 'etcd-leader'; new Election(client, 'a', { tll: 10 });",
      "import { Elections } from 'etcd-leader';",
      'await leadership.txn().then(client.put(17));',
      'const token: number = leadership.fencingToken;',
      'notDeclared();',
    ];
    const lines = typeCheck(wrong.map(snippet)).map((mistake) => mistake.split(': ')[0]);
    expect([...new Set(lines)]).to.deep.equal(wrong.map((_, index) => `page.md:${index + 1}`));
  });

  it('are modules of their own: none sees what another one has declared', () => {
    const [first, second] = ['const mine = 1;', 'console.log(mine);'].map((code) => ({ file: 'a.md', line: 1, code }));
    expect(typeCheck([first, second].filter((s) => s !== undefined))).to.deep.equal([
      "a.md:1: Cannot find name 'mine'.",
    ]);
  });
});

describe('what the log says', () => {
  it('is listed for operators, line by line and level by level', () => {
    const [table] = tablesOf(readPage('docs/operations.md')).filter(({ header }) => header[1] === 'message');
    const listed = table?.rows.flatMap(({ cells: [level, lines = ''] }) =>
      [...lines.matchAll(/`([^`]+)`/g)].map(([, line]) => `${level}: ${line}`),
    );
    const call = /[lL]og(?:ger|\(\))?\s*\.(info|warn|error)\([^;]*?,\s+'([^']+)',?\s*\)/gs;
    const said = sources()
      .filter((file) => !file.startsWith('lib/cli/'))
      .flatMap((file) => [...readPage(file).matchAll(call)].map(([, level, line]) => `${level}: ${line}`));
    expect(said).to.include.members(['warn: lease lost', 'info: the certificates were renewed']);
    expect(listed).to.have.members([...new Set(said)]);
  });
});

describe('the table of mutations', () => {
  for (const { where, heading, table } of [
    { where: 'the simulation', heading: 'Does it find mistakes?', table: MUTATIONS },
    { where: 'the pool', heading: 'Do the specs of the pool find mistakes?', table: POOL_MUTATIONS },
  ]) {
    const { rows } = tableUnder('docs/testing.md', heading, 'mutation');

    it(`has a row for each mutation of ${where}, with what the mutation must break`, () => {
      const expected = table.map(({ name, file, breaks }) => [`${name} (\`${file}\`)`, breaks.join(', or ')]);
      expect(rows.map(({ cells }) => cells.slice(0, 2))).to.deep.equal(expected);
    });

    it(`has no mutation of ${where} that was not found`, () => {
      expect(rows.filter(({ cells }) => !/^[1-9]\d* of \d+$/.test(cells[2] ?? ''))).to.deep.equal([]);
    });
  }
});

describe('the pages', () => {
  for (const page of pages()) {
    it(`have no link that leads nowhere: ${page}`, () => {
      expect(brokenLinks(page)).to.deep.equal([]);
    });

    it(`speak of no file and no npm script that is not there: ${page}`, () => {
      expect(missingFiles(page)).to.deep.equal([]);
    });
  }

  it('are checked for links to missing files and headings', () => {
    const markdown = '# A b\n[1](#a-b) [2](#a-c) [3](api.md#election) [4](api.md#nothing) [5](gone.md)\n';
    expect(brokenLinks('docs/page.md', markdown)).to.deep.equal([
      'docs/page.md:2: no heading #a-c in docs/page.md',
      'docs/page.md:2: no heading #nothing in docs/api.md',
      'docs/page.md:2: no file docs/gone.md',
    ]);
  });

  it('are checked for names of missing files and scripts', () => {
    const markdown = 'See `lib/campaign/state.ts`,\n`lib/gone.ts`, npm run demo and npm run nothing.\n';
    expect(missingFiles('docs/page.md', markdown)).to.deep.equal([
      'docs/page.md:2: there is no lib/gone.ts',
      'docs/page.md:2: there is no npm run nothing',
    ]);
  });
});

describe('the reference', () => {
  const api = new PublicApi();
  const PAGE = 'docs/api.md';

  it('lists every export', () => {
    const named = tableUnder(PAGE, 'API', 'export').rows.flatMap(({ cells }) =>
      [...(cells[0] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    expect(named).to.have.members(api.exports);
  });

  it('lists exactly the error codes', () => {
    expect(namesIn(tableUnder(PAGE, 'Error codes', 'code'))).to.have.members(api.union('ElectionErrorCode'));
  });

  it('lists exactly the events', () => {
    expect(namesIn(tableUnder(PAGE, 'Events', 'event'))).to.have.members(api.members('ElectionEvents'));
  });

  it('lists exactly the options and their defaults', () => {
    const { rows } = tableUnder(PAGE, 'Options', 'option');
    const listed = rows.map(({ cells: [name = '', value = ''] }) => [withoutMarks(name), withoutMarks(value)]);
    expect(Object.fromEntries(listed)).to.deep.equal(api.defaults('ElectionOptions'));
  });

  it('lists exactly the members of Election', () => {
    const tables = [tableUnder(PAGE, 'Properties', 'property'), tableUnder(PAGE, 'Methods', 'method')];
    expect(tables.flatMap(namesIn)).to.have.members(api.members('Election'));
  });

  it('lists exactly the members of Leadership and of Candidate', () => {
    expect(namesIn(tableUnder(PAGE, 'Leadership', 'member'))).to.have.members(api.members('Leadership'));
    expect(namesIn(tableUnder(PAGE, 'Candidate', 'property'))).to.have.members(api.members('Candidate'));
  });

  it('lists exactly the methods of Session', () => {
    const [table] = tablesOf(readPage(PAGE)).filter(({ rows }) => rows[0]?.cells[0] === '`close()`');
    expect(namesIn(table as Table)).to.have.members(api.members('Session'));
  });
});

describe('the guarantees', () => {
  const claims = tablesOf(readPage('docs/guarantees.md')).filter(({ header }) => header.includes('spec'));
  const ofElections = claims.filter(({ heading }) => /^G\d /.test(heading));

  it('are G1 to G9, as the README names them', () => {
    const promised = tableUnder('README.md', 'What it promises', '').rows.map(({ cells: [name = '', text = ''] }) => {
      return `${name} ${/\*\*(.+?)\.\*\*/.exec(text)?.[1]}`;
    });
    expect(ofElections.map(({ heading }) => heading)).to.have.length(9);
    for (const [index, { heading }] of ofElections.entries()) {
      const [number = '', first = ''] = heading.split(' ');
      expect(promised[index]?.startsWith(`${number} ${first}`), `${heading} / ${promised[index]}`).to.equal(true);
    }
  });

  it('are P1 to P6 for a pool', () => {
    const numbers = claims.filter((claim) => !ofElections.includes(claim)).map(({ heading }) => heading.slice(0, 3));
    expect(numbers).to.deep.equal(['P1 ', 'P2 ', 'P3 ', 'P4 ', 'P5 ', 'P6 ']);
  });

  it('name a spec for each claim, or say that there is none yet', () => {
    const silent = claims.flatMap(({ rows }) =>
      rows.filter(({ cells }) => !/`spec\/|^no spec yet$/.test(cells.at(-1) ?? '')).map(({ cells }) => cells[0]),
    );
    expect(silent).to.deep.equal([]);
  });

  for (const page of ['docs/guarantees.md', 'docs/lock.md', 'docs/serve.md']) {
    it(`name specs that exist: ${page}`, () => {
      const tables = tablesOf(readPage(page)).filter(({ header }) => header.includes('spec'));
      const missing = tables.flatMap(({ rows }) =>
        rows.flatMap(({ line, cells }) =>
          [...(cells.at(-1) ?? '').matchAll(/`(spec\/[^`]+)`: ([^;]+)/g)].flatMap(([, file = '', title = '']) =>
            readPage(file).includes(title.trim()) ? [] : [`${page}:${line}: ${file} has no "${title.trim()}"`],
          ),
        ),
      );
      expect(tables).to.not.be.empty;
      expect(missing).to.deep.equal([]);
    });
  }
});
