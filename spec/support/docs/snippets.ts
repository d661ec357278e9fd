import { outsideCode, readPage, sources, tablesOf } from './pages.js';

/** A piece of TypeScript in a page or a docstring. */
export interface Snippet {
  readonly file: string;
  /** Line of the file on which `code` begins, from 1. */
  readonly line: number;
  readonly code: string;
  /** Imports that the page does not show. */
  readonly imports?: string;
}

const IMPORTS =
  "import { Etcd3 } from 'etcd3'; " +
  "import { createClient, Election, etcdLeader, Lock, Pool, Session } from 'etcd-leader'; ";

/** A code fence of a page. */
export interface Fence extends Snippet {
  /** What stands behind the opening marks: `ts`, `console`, or nothing. */
  readonly mark: string;
  /** The heading that the fence stands under. */
  readonly heading: string;
}

/** What stands in code fences marked `ts`. Code of other libraries is marked `js`, and nobody checks it. */
export function fencedIn(file: string, text = readPage(file)): Snippet[] {
  return fencesIn(file, text).filter(({ mark }) => mark === 'ts');
}

/** All code fences, in order. */
export function fencesIn(file: string, text = readPage(file)): Fence[] {
  const lines = outsideCode(text).split('\n');
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(({ 1: mark = '', 2: code = '', index }) => {
    const line = text.slice(0, index).split('\n').length + 1;
    const heading = lines.slice(0, line).findLast((one) => /^#+ /.test(one));
    return { file, line, code, mark, heading: heading?.replace(/^#+ /, '') ?? '' };
  });
}

/** What somebody types, and what is shown of the answer. */
export interface TypedCommand {
  readonly command: string;
  readonly output: readonly string[];
}

/** The commands in a fence marked `console`: each stands behind `$ `, and its output below. */
export function commandsIn({ code }: Pick<Snippet, 'code'>): TypedCommand[] {
  const [, ...parts] = `\n${code}`.split(/^\$ /m);
  return parts.map((part) => {
    const [command = '', ...output] = part.trimEnd().split('\n');
    return { command, output };
  });
}

/**
 * The code spans in the columns of tables that have these titles. Each must be a statement by itself, without imports.
 */
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

/** The examples in the docstrings of a source. They need no imports. */
export function examplesIn(file: string, text = readPage(file)): Snippet[] {
  return fencedIn(file, text.replace(/^ *\* ?/gm, '')).map((example) => ({ ...example, imports: IMPORTS }));
}

/** All snippets of all pages and sources. */
export function examples(): Snippet[] {
  return sources().flatMap((file) => examplesIn(file));
}
