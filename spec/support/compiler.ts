import { relative } from 'node:path';
import ts from 'typescript';
import { ROOT } from './docs/pages.js';

/**
 * The compiler with one set of options. It reads the project's files, and takes the text of some files from the caller
 * instead. It parses and resolves nothing twice.
 */
export class Compiler {
  readonly #options: ts.CompilerOptions;
  readonly #parsed = new Map<string, ts.SourceFile | undefined>();
  #last: ts.Program | undefined;

  constructor(options: ts.CompilerOptions) {
    this.#options = options;
  }

  /**
   * `given` holds texts by absolute path, of files that may or may not exist. All of these files belong to the program.
   */
  program(given: ReadonlyMap<string, string>, rootNames: readonly string[] = []): ts.Program {
    const host = ts.createCompilerHost(this.#options);
    const { fileExists, readFile, getSourceFile } = host;
    host.getCurrentDirectory = () => ROOT;
    host.fileExists = (name) => given.has(name) || fileExists(name);
    host.readFile = (name) => given.get(name) ?? readFile(name);
    host.getSourceFile = (name, options, ...rest) => {
      const text = given.get(name);
      if (text !== undefined) return ts.createSourceFile(name, text, options);
      if (!this.#parsed.has(name)) this.#parsed.set(name, getSourceFile(name, options, ...rest));
      return this.#parsed.get(name);
    };
    const names = [...new Set([...rootNames, ...given.keys()])];
    const old = this.#last;
    this.#last = ts.createProgram({ rootNames: names, options: this.#options, host, ...(old && { oldProgram: old }) });
    return this.#last;
  }
}

/**
 * A complaint of the compiler's as one line: `lib/a.ts:12: Property 'begin' does not …`. `nameOf` tells a file's name.
 */
export function describeDiagnostic(
  { file, start, messageText }: ts.Diagnostic,
  nameOf = (path: string): string => relative(ROOT, path),
): string {
  const message = ts.flattenDiagnosticMessageText(messageText, '\n');
  if (file === undefined || start === undefined) return message;
  const { line } = file.getLineAndCharacterOfPosition(start);
  return `${nameOf(file.fileName)}:${line + 1}: ${message}`;
}
