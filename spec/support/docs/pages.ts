import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder, seen from dist/spec/support/docs. */
export const ROOT = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '');

/** All pages, as paths from the project's folder. */
export function pages(): string[] {
  const papers = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];
  return [...papers, ...['docs', 'examples'].flatMap(pagesIn)];
}

function pagesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => posix.join(folder, file.replaceAll('\\', '/')))
    .sort();
}

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** The sources of the library, `lib/…`. */
export function sources(): string[] {
  const files = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => join('lib', file))
    .sort();
}

export interface Table {
  /** The heading above the table. */
  readonly heading: string;
  readonly header: readonly string[];
  readonly rows: readonly { readonly line: number; readonly cells: readonly string[] }[];
}

/** The tables of a page, in order. Lines count from 1. */
export function tablesOf(markdown: string): Table[] {
  const tables: { heading: string; header: string[]; rows: { line: number; cells: string[] }[] }[] = [];
  let heading = '';
  let isInTable = false;
  for (const [index, line] of outsideCode(markdown).split('\n').entries()) {
    heading = /^#+ (.+)$/.exec(line)?.[1] ?? heading;
    if (!line.startsWith('|')) {
      isInTable = false;
    } else if (!isInTable) {
      isInTable = true;
      tables.push({ heading, header: cellsOf(line), rows: [] });
    } else if (!/^\|[-|]+$/.test(line)) {
      tables.at(-1)?.rows.push({ line: index + 1, cells: cellsOf(line) });
    }
  }
  return tables;
}

/** The one table under this heading whose first column has this title. */
export function tableUnder(page: string, heading: string, firstColumn: string): Table {
  const found = tablesOf(readPage(page)).filter((t) => t.heading === heading && t.header[0] === firstColumn);
  const [table] = found;
  if (table === undefined || found.length > 1) {
    throw new Error(`${page}: ${found.length} tables of "${firstColumn}" under "${heading}" instead of one`);
  }
  return table;
}

/** The names in the first column: the first code span of each cell. */
export function namesIn(table: Table): string[] {
  return table.rows.map(({ cells }) => /`(\w+)/.exec(cells[0] ?? '')?.[1] ?? '');
}

/** Files and npm scripts that a page names and that do not exist. */
export function missingFiles(page: string, markdown = readPage(page)): string[] {
  const { scripts } = JSON.parse(readPage('package.json')) as { scripts: Record<string, string> };
  return markdown.split('\n').flatMap((line, index) => {
    const files = [...line.matchAll(/(?<![\w/.])(?:lib|spec|docs|scripts|examples|bench)\/[\w./-]*\.\w+/g)]
      .map(([file]) => file)
      .filter((file) => !existsSync(join(ROOT, file)));
    const runs = [...line.matchAll(/npm run ([\w:-]+)/g)].flatMap(([, name = '']) =>
      name in scripts ? [] : [`npm run ${name}`],
    );
    return [...files, ...runs].map((what) => `${page}:${index + 1}: there is no ${what}`);
  });
}

/** The same lines, those inside code fences empty. */
export function outsideCode(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, (block) => block.replace(/.+/g, ''));
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf('|'))
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}
