import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keptFolder } from './cluster/kept.js';
import { runCommand } from './cluster/run.js';

/** Milliseconds. It takes minutes where nothing is cached. */
export const BUILDS_WITHIN = 10 * 60_000;

/** A program in Go that specs use. It is built from its sources, once, and kept. */
export class GoProgram {
  readonly #sources: string;
  readonly #name: string;
  readonly #of: RegExp;

  /** `folder`: of the sources, in spec/support. `of`: finds the release in go.mod that names the kept folder. */
  constructor(folder: string, name: string, of: RegExp) {
    this.#sources = fileURLToPath(new URL(`../../../spec/support/${folder}`, import.meta.url));
    this.#name = name;
    this.#of = of;
  }

  get path(): string {
    return join(this.#folder, this.#name);
  }

  /** Builds the program, if it may and must. Resolves with why there is none, or with undefined. */
  async build(mayBuild = true): Promise<string | undefined> {
    if (existsSync(this.path)) return undefined;
    if (!mayBuild) return 'it is not built yet';
    if (!(await runCommand('go', ['version'])).ok) return 'no go here';
    mkdirSync(keptFolder(), { recursive: true });
    const fresh = mkdtempSync(join(keptFolder(), 'new-'));
    try {
      cpSync(this.#sources, fresh, { recursive: true });
      const env = { ...process.env, GOFLAGS: '-mod=mod', CGO_ENABLED: '0', GOWORK: 'off' };
      const options = { cwd: fresh, env, within: BUILDS_WITHIN };
      const { ok, output } = await runCommand('go', ['build', '-trimpath', '-o', this.#name, '.'], options);
      if (!ok) return `go build failed: ${output.split('\n').at(-1)}`;
      if (!existsSync(this.path)) renameSync(fresh, this.#folder);
      return undefined;
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }

  /** Where the program of the present sources is kept. */
  get #folder(): string {
    const [module = '', main = ''] = ['go.mod', 'main.go'].map((file) =>
      readFileSync(join(this.#sources, file), 'utf8'),
    );
    const [, release = 'unknown'] = this.#of.exec(module) ?? [];
    const version = createHash('sha256').update(`${module}${main}`).digest('hex').slice(0, 8);
    return join(keptFolder(), `go-${this.#name}-${release}-${version}`);
  }
}
