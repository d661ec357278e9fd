import { join } from 'node:path';
import ts from 'typescript';
import { Compiler, describeDiagnostic } from '../compiler.js';
import { ROOT } from './pages.js';
import type { Snippet } from './snippets.js';

/** Declares what snippets leave open: names of the reader's own, and what an earlier snippet of the page has made. */
const PREAMBLE = `
declare const client: import('etcd3').Etcd3;
declare const election: import('etcd-leader').Election;
declare const leadership: import('etcd-leader').Leadership;
declare const session: import('etcd-leader').Session;
declare const lock: import('etcd-leader').Lock;
declare const shards: readonly string[];
declare const pool: import('etcd-leader').Pool;
declare const shutdown: AbortController;
declare function handleNext(
  partition: string,
  how: { readonly signal: AbortSignal; readonly fencingToken: bigint },
): Promise<void>;
declare function startWork(signal: AbortSignal, token?: bigint): void;
declare function stopWork(reason: import('etcd-leader').ElectionError): void;
declare function work(leadership: import('etcd-leader').Leadership): Promise<void>;
declare function makeReport(how: { readonly signal: AbortSignal; readonly fencingToken: bigint }): Promise<string>;
declare function fetchJob(how: { readonly signal: AbortSignal }): Promise<{ readonly id: string }>;
declare function runRouter(how: { readonly signal: AbortSignal }): Promise<void>;
declare const histogram: { observe(value: number): void };
declare const losses: { inc(labels: Record<string, string>): void };
declare const errors: { inc(labels: Record<string, string>): void };
`;

/**
 * Options as strict as a careful user's. Without an output folder, the package's own name leads to its built types, as
 * it does in a user's project.
 */
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
};

const compiler = new Compiler(OPTIONS);

const INDEX = join(ROOT, 'dist/lib/index.d.ts');

/**
 * Type-checks each snippet as a module of its own. Returns a line for each mistake: `docs/api.md:12: Property 'begin'
 * does not …`.
 */
export function typeCheck(snippets: readonly Snippet[]): string[] {
  const virtual = new Map([[join(ROOT, 'preamble.d.ts'), PREAMBLE]]);
  const byFile = new Map<string, Snippet>();
  for (const [index, snippet] of snippets.entries()) {
    const name = join(ROOT, `snippet-${index}.ts`);
    // The code begins on the same line as in its page, so that the compiler's line is the page's line.
    virtual.set(name, `${snippet.imports ?? ''}${'\n'.repeat(snippet.line - 1)}${snippet.code}\nexport {};\n`);
    byFile.set(name, snippet);
  }
  const nameOf = (path: string): string => byFile.get(path)?.file ?? path;
  const diagnostics = ts.getPreEmitDiagnostics(compiler.program(virtual));
  return diagnostics.map((diagnostic) => describeDiagnostic(diagnostic, nameOf));
}

/** What users can see of the package, by the types that are shipped. */
export class PublicApi {
  readonly #checker: ts.TypeChecker;
  readonly #exports: ReadonlyMap<string, ts.Symbol>;

  constructor() {
    const program = compiler.program(new Map(), [INDEX]);
    this.#checker = program.getTypeChecker();
    const index = program.getSourceFile(INDEX);
    const module = index && this.#checker.getSymbolAtLocation(index);
    if (module === undefined) throw new Error(`${INDEX} is missing, or is no module`);
    this.#exports = new Map(this.#checker.getExportsOfModule(module).map((symbol) => [symbol.name, symbol]));
  }

  get exports(): string[] {
    return [...this.#exports.keys()];
  }

  /** The strings of a union. */
  union(name: string): string[] {
    const type = this.#type(name);
    return type.isUnion() ? type.types.flatMap((member) => (member.isStringLiteral() ? [member.value] : [])) : [];
  }

  /** Properties and methods, without those whose name is a symbol. */
  members(name: string): string[] {
    return this.#properties(name).map((member) => member.name);
  }

  /** The default of each property by its `@default`, without code marks. */
  defaults(name: string): Record<string, string> {
    const entries = this.#properties(name).map((member) => {
      const tag = member.getJsDocTags(this.#checker).find((t) => t.name === 'default');
      return [member.name, withoutMarks(ts.displayPartsToString(tag?.text))];
    });
    return Object.fromEntries(entries) as Record<string, string>;
  }

  #properties(name: string): ts.Symbol[] {
    return this.#type(name)
      .getProperties()
      .filter((member) => /^[a-z]\w*$/i.test(member.name));
  }

  #type(name: string): ts.Type {
    const symbol = this.#exports.get(name);
    if (symbol === undefined) throw new Error(`the package exports no ${name}`);
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    return this.#checker.getDeclaredTypeOfSymbol(isAlias ? this.#checker.getAliasedSymbol(symbol) : symbol);
  }
}

export function withoutMarks(text: string): string {
  return text.replaceAll('`', '').trim();
}
