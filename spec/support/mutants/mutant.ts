import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../docs/pages.js';
import type { CompiledFile } from './mutant-compiler.js';

/** Beside the copy as they are: `.etcd` has the releases of etcd that `ETCD_VERSION` chooses from. */
const LINKED = ['node_modules', '.etcd'];

/** A copy of what is compiled, in which one file of the library has a mistake. */
export class Mutant {
  readonly #folder = mkdtempSync(join(tmpdir(), 'etcd-leader-mutant-'));

  constructor({ file, outputs }: CompiledFile) {
    cpSync(join(ROOT, 'dist'), join(this.#folder, 'dist'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(this.#folder, 'package.json'));
    for (const name of LINKED) {
      if (existsSync(join(ROOT, name))) symlinkSync(join(ROOT, name), join(this.#folder, name));
    }
    for (const [ending, text] of outputs) {
      writeFileSync(join(this.#folder, 'dist', file.replace(/\.ts$/, ending)), text);
    }
  }

  /** The path of one of the copy's programs. `file` is the program's path in `dist`. */
  program(file: string): string {
    return join(this.#folder, 'dist', file);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
