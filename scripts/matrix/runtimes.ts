import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../spec/support/cluster/run.js';
import { type Runtime, root } from '../test/tool.js';
import type { MatrixColumn } from './columns.js';

const INSTALLS_WITHIN = 10 * 60_000;

/** Where runtimes are kept, one folder for each column. Git ignores it. */
const FOLDER = join(root, '.runtimes');

export interface FoundRuntime extends Runtime {
  readonly version: string;
}

/** What npm has of a runtime. */
interface Package {
  readonly name: string;
  /** The program in node_modules. */
  readonly program: RegExp;
  /** Arguments before the name of the script. */
  readonly args: readonly string[];
}

/**
 * The runtime of a column: this Node.js if it is the one, else what is kept, else what npm has. Resolves with why there
 * is none as a string.
 */
export async function ensureRuntime(column: MatrixColumn, say: (line: string) => void): Promise<FoundRuntime | string> {
  const { name, of, version } = column;
  const [major] = process.versions.node.split('.');
  const args = packageOf(of).args;
  if (of === 'Node.js' && version === major) return { program: process.execPath, version: process.versions.node, args };
  const place = join(FOLDER, name);
  if (!existsSync(place)) {
    const reason = await install(column, place, say);
    if (reason !== undefined) return reason;
  }
  const program = programIn(place, packageOf(of).program);
  const answer = program === undefined ? undefined : await runCommand(program, ['--version']);
  const found = /\d+\.\d+\.\d+/.exec(answer?.output ?? '')?.[0];
  if (program === undefined || !answer?.ok || found === undefined) return `what npm has does not run here: ${place}`;
  return { program, version: found, args };
}

/** The programs come in packages for one platform each, so no script of a package has to run. */
function packageOf(of: MatrixColumn['of']): Package {
  switch (of) {
    case 'Bun':
      return { name: 'bun', program: /^@oven\/[\w-]+\/bin\/bun$/, args: [] };
    case 'Deno':
      return { name: 'deno', program: /^@deno\/[\w-]+\/deno$/, args: ['run', '--allow-all'] };
    default: {
      const platform = `${process.platform}-${process.arch}`;
      const name = platform === 'darwin-arm64' ? `node-bin-${platform}` : `node-${platform}`;
      return { name, program: /^node-[\w-]+\/bin\/node$/, args: ['--enable-source-maps'] };
    }
  }
}

/** What is only half there is never seen by others. Resolves with why it failed. */
async function install(
  { of, version }: MatrixColumn,
  place: string,
  say: (line: string) => void,
): Promise<string | undefined> {
  const wanted = version === undefined ? packageOf(of).name : `${packageOf(of).name}@${version}`;
  say(`npm install ${wanted}`);
  mkdirSync(FOLDER, { recursive: true });
  const fresh = mkdtempSync(join(FOLDER, 'new-'));
  try {
    writeFileSync(join(fresh, 'package.json'), '{"private":true}'); // else npm looks for one further up
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const { ok, output } = await runCommand('npm', ['install', ...quiet, wanted], {
      cwd: fresh,
      within: INSTALLS_WITHIN,
    });
    if (!ok) return `npm has no ${wanted} for this machine: ${firstLine(output)}`;
    renameSync(fresh, place);
    return undefined;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function programIn(place: string, pattern: RegExp): string | undefined {
  const modules = join(place, 'node_modules');
  const files = existsSync(modules) ? readdirSync(modules, { recursive: true, encoding: 'utf8' }) : [];
  const file = files.find((name) => pattern.test(name));
  return file === undefined ? undefined : join(modules, file);
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
