/**
 * Makes a fresh clone ready: npm packages, compiled sources, an etcd server, the commands that specs run. Does only
 * what is missing, prints what it does, and needs no network when nothing is missing. `--without-etcd` leaves out the
 * server and the commands, `--without-tools` the commands.
 *
 * This is plain JavaScript without packages, because it runs before there are any.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

if (!packagesUpToDate()) {
  console.log('setup: npm ci (takes a minute or two)');
  if (!npmCi()) fail('npm ci failed');
}
if (!build()) fail('the sources do not compile');
if (!process.argv.includes('--without-etcd')) {
  const { ensureEtcd } = await import('../dist/spec/support/cluster/install.js');
  try {
    await ensureEtcd((line) => console.log(`setup: ${line}`));
  } catch (err) {
    fail(err.message);
  }
  if (!process.argv.includes('--without-tools')) {
    const { ensureTools } = await import('../dist/spec/support/cluster/tools.js');
    await ensureTools((line) => console.log(`setup: ${line}`));
  }
}

/**
 * npm writes node_modules/.package-lock.json last. So an interrupted installation has no such file, or one that does
 * not match.
 */
function packagesUpToDate() {
  const installed = readJson('node_modules/.package-lock.json')?.packages;
  if (installed === undefined) return false;
  return Object.entries(readJson('package-lock.json').packages).every(([path, wanted]) => {
    if (path === '') return true;
    if (wanted.optional && installed[path] === undefined) return true; // an optional package for another platform
    const same = installed[path]?.version === wanted.version && installed[path]?.integrity === wanted.integrity;
    return same && readJson(`${path}/package.json`)?.version === wanted.version;
  });
}

function npmCi() {
  // With --include=dev: `NODE_ENV=production` would leave the compiler out. Without scripts: ours would build, which
  // comes next and is told then; the packages that we use need none.
  const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const [command, ...first] = npm !== undefined && basename(npm).startsWith('npm') ? [process.execPath, npm] : ['npm'];
  // In the folder of the package: npm tells its children about the command that runs, which may be another one.
  const { status } = spawnSync(command, [...first, ...args], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  return status === 0;
}

function readJson(path) {
  const file = join(root, path);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // half written
  }
}

function fail(message) {
  console.error(`setup: ${message}`);
  process.exit(1);
}
