import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Mutation } from './mutations.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** @throws when what is to be replaced is not in the source, or more than once: the table is out of date. */
export function mutated({ name, file, search, replace }: Mutation): string {
  const parts = readFileSync(join(root, file), 'utf8').split(search);
  if (parts.length !== 2) {
    throw new Error(`mutation "${name}": its text is ${parts.length - 1} times in ${file}, and should be once`);
  }
  return parts.join(replace);
}

/** A copy of what is compiled, with the mutation in it. */
export class Mutant {
  readonly #folder = mkdtempSync(join(tmpdir(), 'etcd-leader-mutant-'));

  constructor(mutation: Mutation) {
    const source = mutated(mutation);
    for (const folder of ['lib', 'spec/simulation', 'spec/support']) {
      mkdirSync(join(this.#folder, 'dist', folder), { recursive: true });
      cpSync(join(root, 'dist', folder), join(this.#folder, 'dist', folder), { recursive: true });
    }
    cpSync(join(root, 'package.json'), join(this.#folder, 'package.json'));
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'));
    const { target, module } = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { target, module, verbatimModuleSyntax: true },
    });
    writeFileSync(join(this.#folder, 'dist', mutation.file.replace(/\.ts$/, '.js')), outputText);
  }

  /** Its `shard.js`. */
  get program(): string {
    return join(this.#folder, 'dist', 'spec', 'simulation', 'shard.js');
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
