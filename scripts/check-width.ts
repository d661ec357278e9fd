/**
 * Finds lines over 120 columns where the formatter does not look: in comments, string literals and pages. Rows of
 * tables, lines that an address alone makes too long, and what a program prints (a fence without a language) are left
 * out of pages, since they cannot be broken.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './test/tool.js';

const COLUMNS = 120;
const FOLDERS = ['lib', 'spec', 'docs', 'scripts', 'examples', 'bench'];
/** An address in a page, up to the mark that ends it there. */
const ADDRESS = /https?:[^\s)>"'`]*/g;
const PAGES = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];

/** Lines that are too wide, as `file:line: columns`. */
export function tooWide(file: string, text: string): string[] {
  const isPage = file.endsWith('.md');
  let fence: string | undefined;
  return text.split('\n').flatMap((line, at) => {
    const mark = isPage ? /^\s*```(\w*)/.exec(line) : null;
    if (mark !== null) fence = fence === undefined ? mark[1] : undefined;
    const isFree = isPage && (fence === '' || line.startsWith('|'));
    const columns = isPage ? line.replace(ADDRESS, '').length : line.length;
    return columns > COLUMNS && !isFree ? [`${file}:${at + 1}: ${line.length} columns`] : [];
  });
}

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(tsx?|mjs|css|md)$/.test(file))
    .map((file) => join(folder, file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = [...FOLDERS.flatMap(filesIn), ...PAGES];
  const lines = files.flatMap((file) => tooWide(file, readFileSync(join(root, file), 'utf8')));
  for (const line of lines) console.error(line);
  if (lines.length > 0) console.error(`\n${lines.length} lines are wider than ${COLUMNS} columns`);
  process.exitCode = lines.length > 0 ? 1 : 0;
}
