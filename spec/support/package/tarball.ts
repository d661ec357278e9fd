import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../../scripts/test/tool.js';
import { runCommand } from '../cluster/run.js';

/** The tarball that `npm publish` would send. */
export interface Tarball {
  readonly path: string;
  /** The files in npm's order, without the leading `package/`. */
  readonly files: readonly string[];
  /** Bytes. */
  readonly size: number;
}

let packing: Promise<Tarball> | undefined;
let folder: string | undefined;

/** Packs once in a run, into a folder that is removed when this process ends. */
export function pack(): Promise<Tarball> {
  packing ??= make();
  return packing;
}

/** A folder that is removed when this process ends. */
export function scratch(name: string): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'etcd-leader-package-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return mkdtempSync(join(folder, `${name}-`));
}

async function make(): Promise<Tarball> {
  const into = scratch('tarball');
  const args = ['pack', '--json', '--ignore-scripts', '--loglevel=silent', '--pack-destination', into];
  const { ok, output } = await runCommand('npm', args, { cwd: root, within: 120_000 });
  if (!ok) throw new Error(`npm pack: ${output}`);
  const [packed] = entriesOf(JSON.parse(output));
  if (packed === undefined) throw new Error(`npm pack said nothing of a package: ${output}`);
  return { path: join(into, packed.filename), files: packed.files.map(({ path }) => path), size: packed.size };
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** The files of the one package that `npm pack --json` has told about. */
export function filesOf(output: string): readonly string[] {
  return entriesOf(JSON.parse(output)).flatMap(({ files }) => files.map(({ path }) => path));
}

/** A list, or since npm 11 an object by the packages' names. */
function entriesOf(told: readonly Packed[] | Readonly<Record<string, Packed>>): readonly Packed[] {
  return Array.isArray(told) ? told : Object.values(told);
}
