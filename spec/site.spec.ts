import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { createMarkdownRenderer } from 'vitepress';
import { faultsOfSite } from '../scripts/docs/built.js';
import { MARKDOWN } from '../scripts/docs/config.js';
import { addressOfText, GROUPS, grouped } from '../scripts/docs/groups.js';
import { llmsFullTxt, llmsTxt } from '../scripts/docs/llms.js';
import { placeOfPage, type SitePage, siteAssets, sitePage, sitePages, sourcePages } from '../scripts/docs/pages.js';
import { linksIn, withLinks } from './support/docs/links.js';
import { pages, ROOT } from './support/docs/pages.js';

const page = (file: string, text = `# About ${file}\n\nIt says much. And more.\n`): SitePage => sitePage(file, text);

describe('the sidebar of the site', () => {
  const files = (...some: readonly string[]): (readonly [string, readonly string[]])[] =>
    grouped(some.map((file) => page(file))).map((group) => [group.text, group.pages.map(({ file }) => file)]);

  it('has the listed pages in the order of the list, whatever the order of the files', () => {
    expect(files('docs/guarantees.md', 'docs/how-it-works.md', 'docs/cli.md', 'README.md')).to.deep.equal([
      ['Start here', ['README.md', 'docs/how-it-works.md', 'docs/guarantees.md']],
      ['In production', ['docs/cli.md']],
    ]);
  });

  it('puts a page that is not listed into the last group, so that no page is out of reach', () => {
    expect(files('docs/new.md', 'README.md')).to.deep.equal([
      ['Start here', ['README.md']],
      ['More', ['docs/new.md']],
    ]);
  });

  it('has each page of a listed folder', () => {
    expect(files('docs/coming-from/b.md', 'docs/coming-from/a.md')).to.deep.equal([
      ['Coming from', ['docs/coming-from/b.md', 'docs/coming-from/a.md']],
    ]);
  });

  it('has every page of the project exactly once', () => {
    const shown = grouped(sitePages()).flatMap((group) => group.pages.map(({ file }) => file));
    expect(shown).to.have.members(pages());
  });

  it('lists no page twice', () => {
    const listed = GROUPS.flatMap((group) => group.pages);
    expect(listed).to.have.length(new Set(listed).size);
  });
});

describe('a page of the site', () => {
  it('stands where its address is short: docs/ is the root, and a README is the page of its folder', () => {
    const places = ['README.md', 'docs/api.md', 'SECURITY.md', 'examples/README.md', 'docs/coming-from/client-go.md'];
    expect(places.map(placeOfPage).map(addressOfText)).to.deep.equal([
      '/',
      '/api',
      '/security',
      '/examples/',
      '/coming-from/client-go',
    ]);
  });

  it('has a place of its own, and so has each program and manifest that a page links to', () => {
    const places = [...sitePages(), ...sourcePages()].map(({ place }) => place.toLowerCase());
    expect(places).to.have.length(new Set(places).size);
    expect(places).to.include.members(['index.md', 'examples/cron-ts.md', 'examples/kubernetes/service-yaml.md']);
    expect(siteAssets()).to.include.members(['docs/img/growth.svg', 'docs/grafana-dashboard.json']);
  });

  it('leads to places of the site, by links from where it stands', () => {
    const text = '[a](../README.md) [b](api.md#run) [c](#here) [d](../examples/cron.ts) [e](https://example.org/)';
    expect(page('docs/cli.md', text).markdown).to.equal(
      '[a](./index.md) [b](./api.md#run) [c](#here) [d](./examples/cron-ts.md) [e](https://example.org/)',
    );
    expect(page('README.md', '[a](docs/api.md) [b](examples/)').markdown).to.equal(
      '[a](./api.md) [b](./examples/index.md)',
    );
    expect(page('examples/README.md', '![a](../docs/img/growth.svg)').markdown).to.equal('![a](../img/growth.svg)');
  });

  it('has a line that says what it is about: the first sentence, or the headings', () => {
    expect(page('docs/a.md', '# A\n\n`a` is [one](b.md)\nthing. It is more.\n').summary).to.equal('a is one thing.');
    expect(page('docs/a.md', '# A\n\n## First\n\ntext\n\n## `second`\n').summary).to.equal('First; second.');
  });

  it('has such a line on every page of the project', () => {
    expect(sitePages().filter(({ summary }) => summary === '')).to.deep.equal([]);
  });

  it('shows {{ … }} as it is written, in text, in code spans and in code', async () => {
    const md = await createMarkdownRenderer(ROOT, MARKDOWN);
    const html = md.render('Say {{ a }} and `{{ b }}`.\n\n```yaml\nsummary: {{ c }}\n```\n');
    expect(html).to.contain('Say &#123;&#123; a }}');
    expect(html).to.match(/<code[^>]*>&#123;&#123; b }}<\/code>/);
    expect(html).to.match(/<pre[^>]* v-pre[^>]*>/);
  });

  it('has the anchors of GitHub', async () => {
    const md = await createMarkdownRenderer(ROOT, MARKDOWN);
    const html = md.render('## `run(task, { signal?, requeue? })`\n\n## Über_uns & mehr\n\n## Same\n\n## Same\n');
    expect([...html.matchAll(/<h2 id="([^"]*)"/g)].map(([, id]) => id)).to.deep.equal([
      'runtask--signal-requeue-',
      'über_uns--mehr',
      'same',
      'same-1',
    ]);
  });
});

describe('the links of a page', () => {
  const text = '[a](b.md "title") `[no](c.md)`\n\n```\n[no](d.md)\n```\n![e](f.svg)\n\n[g]: h.md\n<img src="i.png">\n';

  it('are found wherever Markdown has them, and not in code', () => {
    expect(linksIn(text)).to.deep.equal([
      { target: 'b.md', line: 1 },
      { target: 'f.svg', line: 6 },
      { target: 'h.md', line: 8 },
      { target: 'i.png', line: 9 },
    ]);
  });

  it('can be replaced, and everything else stays as it is', () => {
    expect(withLinks(text, (target) => target)).to.equal(text);
    expect(withLinks('[a](b) `[c](d)` [e](f)', (target) => `x/${target}`)).to.equal('[a](x/b) `[c](d)` [e](x/f)');
  });
});

describe('llms.txt', () => {
  const some = [page('docs/cli.md'), page('README.md', '# etcd-leader\n\nLeader election. More.\n')];

  it('has a line for each page, in the order of the sidebar, and the reference at the end', () => {
    const election = page(
      'reference/index/classes/Election.md',
      '[a](x) / b\n\n# Class: Election\n\n> x\n\nStands. So.',
    );
    const reference = ['reference/index.md', 'reference/metrics/index.md', 'reference/metrics/interfaces/Detach.md'];
    const types = [...reference.map((place) => ({ place, summary: '' })), election];
    expect(llmsTxt(some, types, '/base/')).to.equal(
      `# etcd-leader

> Leader election.

## Start here

- [etcd-leader](/base/index.md): Leader election.

## In production

- [About docs/cli.md](/base/cli.md): It says much.

## Optional

- [All types](/base/reference/index.md)
- [Types of etcd-leader/metrics](/base/reference/metrics/index.md)
- [Detach of etcd-leader/metrics](/base/reference/metrics/interfaces/Detach.md)
- [Election of etcd-leader](/base/reference/index/classes/Election.md): Stands.
`,
    );
  });

  it('has a longer version with the text of all pages', () => {
    const [overview, cli] = [some[1]?.markdown.trim(), some[0]?.markdown.trim()];
    expect(llmsFullTxt(some)).to.equal(`${overview}\n\n---\n\n${cli}\n`);
  });
});

describe('the check of a built site', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'site-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const build = (files: Readonly<Record<string, string>>): void => {
    for (const [file, text] of Object.entries({ 'assets/@localSearchIndexroot.js': '', ...files })) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
  };

  it('finds nothing when every link and every anchor is there', () => {
    build({
      'index.html': '<a href="/base/a/b.html#c">x</a> <a href="https://example.org/">out</a> <a href="./a/">y</a>',
      'a/index.html': '',
      'a/b.html': '<h2 id="c"></h2><a href="../index.html">up</a><a href="#c">here</a>',
    });
    expect(faultsOfSite(folder, '/base/')).to.deep.equal([]);
  });

  it('names a link that leads nowhere, and an anchor that is not there', () => {
    build({ 'index.html': '<a href="/gone.html">x</a> <a href="/a.html#gone">y</a>', 'a.html': '<h2 id="b"></h2>' });
    expect(faultsOfSite(folder)).to.deep.equal([
      'index.html: nothing at /gone.html',
      'index.html: no anchor at /a.html#gone',
    ]);
  });

  it('names what a browser would fetch from another host: scripts, pictures, styles, fonts', () => {
    build({
      'index.html': '<script defer src="https://cdn.example/a.js"></script><img alt="" src="//cdn.example/b.png">',
      'assets/style.css': '@import "https://cdn.example/c.css"; @font-face { src: url(https://cdn.example/d.woff2) }',
    });
    expect(faultsOfSite(folder)).to.deep.equal([
      'index.html: fetches https://cdn.example/a.js',
      'index.html: fetches //cdn.example/b.png',
      'assets/style.css: fetches https://cdn.example/c.css',
      'assets/style.css: fetches https://cdn.example/d.woff2',
    ]);
  });

  it('misses the search index when it is not there', () => {
    build({});
    rmSync(join(folder, 'assets'), { recursive: true });
    expect(faultsOfSite(folder)).to.deep.equal(['there is no search index']);
  });
});
