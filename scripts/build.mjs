/**
 * Compiles lib, spec and scripts into dist, when something has changed since. What an interrupted or failed run leaves
 * behind is never taken for a build, and nothing compiled outlives its source.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stamp = join(dist, '.built-from');

/** @returns {boolean} false when the sources do not compile; the compiler has said why */
export function build() {
  const sources = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return true;

  console.log('build: tsc');
  const fresh = join(root, 'dist.new'); // beside dist, so that the paths in source maps stay right
  rmSync(fresh, { recursive: true, force: true });
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { status } = spawnSync(process.execPath, [tsc, '--project', root, '--outDir', fresh], { stdio: 'inherit' });
    if (status !== 0) return false;
    writeFileSync(join(fresh, '.built-from'), sources);
    rmSync(dist, { recursive: true, force: true });
    renameSync(fresh, dist);
    return true;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Changes whenever the outcome of the compiler could. */
function fingerprint() {
  const config = readFileSync(join(root, 'tsconfig.json'), 'utf8');
  const folders = /** @type {string[]} */ (JSON.parse(config).include);
  const files = folders.flatMap((folder) => (existsSync(join(root, folder)) ? sourcesIn(folder) : [])).sort();
  const hash = createHash('sha256');
  for (const file of ['tsconfig.json', 'package.json', 'package-lock.json', ...files]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** @param {string} folder */
function sourcesIn(folder) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[cm]?ts$/.test(file))
    .map((file) => join(folder, file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit(build() ? 0 : 1);
