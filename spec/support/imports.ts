import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';
import { ROOT, readPage, sources } from './docs/pages.js';

/** An import of one file of lib/ by another, types included. Paths are relative to lib/: `queue/queue.ts`. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/** The imports of one source, with `import type` and `import()` types. */
export function importsIn(from: string, text: string): Import[] {
  const source = ts.createSourceFile(from, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
        found.push(node.moduleSpecifier.text);
      }
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      const { literal } = node.argument;
      if (ts.isStringLiteral(literal)) found.push(literal.text);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument !== undefined && ts.isStringLiteral(argument)) found.push(argument.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found
    .filter((path) => path.startsWith('.'))
    .map((path) => ({ from, to: sourceOf(posix.join(posix.dirname(from), path)) }));
}

/** `campaign/run.ts` for `campaign/run.js`; the page of `etcd-leader serve` has `.tsx`, too. */
function sourceOf(module: string): string {
  const [source, withMarkup] = ['.ts', '.tsx'].map((end) => module.replace(/\.js$/, end));
  return withMarkup !== undefined && existsSync(join(ROOT, 'lib', withMarkup)) ? withMarkup : (source ?? module);
}

/** Every import inside lib/. */
export function importsOfLib(): Import[] {
  return sources().flatMap((file) => importsIn(file.replace(/^lib\//, ''), readPage(file)));
}

/** `queue` for `queue/queue.ts`; the file itself for a file that lies in lib/. */
export function partOf(file: string): string {
  const slash = file.indexOf('/');
  return slash < 0 ? file : file.slice(0, slash);
}

/** A circle of imports, as a path that returns to its start; undefined when there is none. */
export function circleIn(imports: readonly Import[]): string[] | undefined {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): string[] | undefined => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (done.has(file)) return undefined;
    for (const to of next.get(file) ?? []) {
      const circle = walk(to, [...path, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of next.keys()) {
    const circle = walk(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
