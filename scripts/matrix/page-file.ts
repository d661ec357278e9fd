import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../test/tool.js';
import { remarksOn, tableOf } from './page.js';
import { type MatrixResult, readResult, writeResult } from './result.js';

/** What docs/compatibility.md is made from. */
const KEPT = join(root, 'docs', 'compatibility.json');
const PAGE = join(root, 'docs', 'compatibility.md');
/** What lies between these lines is made; the rest of the page is written by people. */
const [BEGIN, END] = ['<!-- made by `npm run test:matrix -- --page` -->', '<!-- end of what is made -->'];

/** Keeps the result in the project, and makes the page of it. */
export function writePage(result: MatrixResult): void {
  writeResult(KEPT, result);
  writeFileSync(PAGE, pageOf(readFileSync(PAGE, 'utf8'), result));
}

export function readKept(): MatrixResult {
  return readResult(KEPT);
}

/** The page with what the result says in its place. */
export function pageOf(page: string, result: MatrixResult): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/compatibility.md must have the lines ${BEGIN} and ${END}`);
  const parts = [tableOf(result), remarksOn(result)];
  const made = parts.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${page.slice(0, begin)}${BEGIN}\n\n${made.join('\n\n')}\n\n${page.slice(end)}`;
}
