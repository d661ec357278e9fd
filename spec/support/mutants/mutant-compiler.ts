import { join } from 'node:path';
import ts from 'typescript';
import { Compiler, describeDiagnostic } from '../compiler.js';
import { ROOT } from '../docs/pages.js';
import { type Mutated, type Mutation, mutate } from './mutation.js';

/** A file of lib/ with a mistake in it, as the project compiles it. */
export interface CompiledFile {
  /** The file among the sources, such as `lib/lease/lease.ts`. */
  readonly file: string;
  /** The outputs by the ending of the compiled file: `.js` and `.js.map`. */
  readonly outputs: ReadonlyMap<string, string>;
}

/**
 * A mistake often takes away the only use of something, or makes code unreachable. That is no reason to refuse the
 * mutant. A mistake in the types is a reason, because nobody could make it unnoticed. No declarations are emitted. The
 * compiler's complaints are read before anything is emitted.
 */
const LENIENT: ts.CompilerOptions = {
  noUnusedLocals: false,
  noUnusedParameters: false,
  allowUnreachableCode: true,
  declaration: false,
  noEmitOnError: false,
};

/** Compiles the library with one mistake at a time. All mutants share what has been parsed. */
export class MutantCompiler {
  readonly #compiler: Compiler;
  /** The sources of lib/, by their absolute paths. */
  readonly #sources: readonly string[];

  constructor() {
    const { options, fileNames } = readProject();
    this.#compiler = new Compiler({ ...options, ...LENIENT });
    this.#sources = fileNames.filter((name) => name.startsWith(join(ROOT, 'lib', '/')));
  }

  /** @throws when the text to replace is not there exactly once, or the compiler refuses the mutant */
  compile(mutation: Mutation<string>): CompiledFile {
    const { name, file } = mutation;
    const mutated = mutate(mutation);
    const path = join(ROOT, file);
    const program = this.#compiler.program(new Map([[path, mutated.text]]), this.#sources);
    const source = program.getSourceFile(path);
    if (source === undefined || !this.#sources.includes(path)) throw new Error(`mutation "${name}": no source ${file}`);

    const changed = isOutOfSight(mutated, mutation) ? [source] : program.getSourceFiles().filter(isOfLib);
    const diagnostics = changed.flatMap((one) => [
      ...program.getSyntacticDiagnostics(one),
      ...program.getSemanticDiagnostics(one),
    ]);
    if (diagnostics.length > 0) {
      const list = diagnostics.map((diagnostic) => describeDiagnostic(diagnostic));
      throw new Error(`mutation "${name}" does not compile: ${list.join('; ')}`);
    }
    const outputs = new Map<string, string>();
    program.emit(source, (path, text) => outputs.set(path.endsWith('.map') ? '.js.map' : '.js', text));
    return { file, outputs };
  }
}

function readProject(): ts.ParsedCommandLine {
  const project = ts.getParsedCommandLineOfConfigFile(join(ROOT, 'tsconfig.json'), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(describeDiagnostic(diagnostic));
    },
  });
  const [error] = project?.errors ?? [];
  if (project === undefined || error !== undefined) {
    throw new Error(error === undefined ? 'no tsconfig.json' : describeDiagnostic(error));
  }
  return project;
}

function isOfLib({ fileName }: ts.SourceFile): boolean {
  return fileName.startsWith(join(ROOT, 'lib', '/'));
}

/**
 * Whether no other file can see a change of types. This is so when the change lies in the body of a function that
 * declares its return type, before and after. Then only the file itself is checked, which takes a tenth of the time.
 */
function isOutOfSight({ original, text, at }: Mutated, { search, replace }: Mutation<string>): boolean {
  return isInBody(original, at, at + search.length) && isInBody(text, at, at + replace.length);
}

function isInBody(text: string, from: number, to: number): boolean {
  const visit = (node: ts.Node): boolean => {
    if (from < node.pos || to > node.end) return false;
    const { body, isDeclared } = bodyOf(node);
    const isInside = isDeclared && body !== undefined && body.pos < from && to < body.end;
    return isInside || ts.forEachChild(node, visit) === true;
  };
  return visit(ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest));
}

function bodyOf(node: ts.Node): { readonly body: ts.Node | undefined; readonly isDeclared: boolean } {
  if (ts.isConstructorDeclaration(node)) return { body: node.body, isDeclared: true };
  if (
    ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isGetAccessor(node) ||
    ts.isArrowFunction(node)
  ) {
    return { body: node.body, isDeclared: node.type !== undefined };
  }
  return { body: undefined, isDeclared: false };
}
