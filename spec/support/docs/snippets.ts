import { readPage, sources, tablesOf } from './pages.js';

/** A piece of TypeScript in a page or a docstring. */
export interface Snippet {
  readonly file: string;
  /** Line of the file on which `code` begins, from 1. */
  readonly line: number;
  readonly code: string;
  /** What is imported without being shown. */
  readonly imports?: string;
}

const IMPORTS =
  "import { Etcd3 } from 'etcd3'; import { createClient, Election, etcdLeader, Session } from 'etcd-leader'; ";

/** What stands in code fences marked `ts`. Code of other libraries is marked `js`, and nobody checks it. */
export function fencedIn(file: string, text = readPage(file)): Snippet[] {
  return fencedAs('ts', file, text);
}

/** What stands in the code fences that are marked so; '': in those without a mark. */
export function fencedAs(language: string, file: string, text = readPage(file)): Snippet[] {
  const fences = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].filter(([, mark]) => mark === language);
  return fences.map(({ 2: code = '', index }) => ({
    file,
    line: text.slice(0, index).split('\n').length + 1,
    code,
  }));
}

/** The code spans in the columns of tables that are called so: each must be a statement by itself, imports aside. */
export function cellsIn(file: string, column: string, text = readPage(file)): Snippet[] {
  return tablesOf(text).flatMap(({ header, rows }) => {
    const at = header.indexOf(column);
    if (at < 0) return [];
    return rows.flatMap(({ line, cells }) =>
      [...(cells[at] ?? '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => ({
        file,
        line,
        code: `${code};`,
        imports: IMPORTS,
      })),
    );
  });
}

/** The examples in the docstrings of a source; they need no imports. */
export function examplesIn(file: string, text = readPage(file)): Snippet[] {
  return fencedIn(file, text.replace(/^ *\* ?/gm, '')).map((example) => ({ ...example, imports: IMPORTS }));
}

/** All there are. */
export function examples(): Snippet[] {
  return sources().flatMap((file) => examplesIn(file));
}
