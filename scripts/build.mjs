/**
 * Compiles lib, spec and scripts into dist, and bundles some of it, when something has changed since. What an
 * interrupted or failed run leaves behind is never taken for a build, and nothing compiled outlives its source.
 *
 * The compiler reads in the package.json of a folder whether the folder is CommonJS or ES modules. Node.js wants to
 * know that of dist too, so each package.json goes there with its folder.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './build/bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/** What runs in browsers has types of its own. */
const PAGE = join('lib', 'cli', 'serve', 'page');
const stamp = join(dist, '.built-from');

/** @returns {boolean} false when the sources do not compile; the compiler has printed why */
export function build() {
  const files = sources();
  const print = fingerprint(files);
  if (isMadeFrom(print)) return true;

  console.error('build: tsc'); // not among what `npm pack --json` prints;
  const fresh = join(root, 'dist.new'); // beside dist, so that the paths in source maps stay right
  rmSync(fresh, { recursive: true, force: true });
  try {
    if (!tsc('--project', root, '--outDir', fresh)) return false;
    if (!tsc('--project', join(root, PAGE))) return false; // only checks: the page is bundled
    for (const file of files.filter(isManifest)) copyFileSync(join(root, file), join(fresh, file));
    for (const file of files.filter(isOfPage)) {
      mkdirSync(dirname(join(fresh, file)), { recursive: true });
      copyFileSync(join(root, file), join(fresh, file));
    }
    if (!bundle(root, fresh)) return false;
    for (const program of programs()) chmodSync(join(fresh, relative('dist', program)), 0o755);
    writeFileSync(join(fresh, '.built-from'), print);
    rmSync(dist, { recursive: true, force: true });
    renameSync(fresh, dist);
    return true;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function tsc(/** @type {readonly string[]} */ ...args) {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  return spawnSync(process.execPath, [compiler, ...args], { stdio: 'inherit' }).status === 0;
}

function isMadeFrom(/** @type {string} */ print) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === print;
}

/** Changes whenever the outcome of the compiler could. */
function fingerprint(/** @type {readonly string[]} */ files) {
  const hash = createHash('sha256');
  const others = [
    'tsconfig.json',
    'package.json',
    'package-lock.json',
    'scripts/build.mjs',
    'scripts/build/bundle.mjs',
  ];
  for (const file of [...others, ...files]) {
    if (!existsSync(join(root, file))) continue; // other package managers have their own lock file
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** What is compiled, the package.json of folders, and the page of `etcd-leader serve`. */
function sources() {
  const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  const folders = /** @type {string[]} */ (include).filter((folder) => existsSync(join(root, folder)));
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
    )
    .filter(
      (file) => /\.[cm]?tsx?$/.test(file) || basename(file) === 'tsconfig.json' || isManifest(file) || isOfPage(file),
    )
    .sort();
}

/** What `npx` runs in a clone. In an installation npm makes them executable. */
function programs() {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return /** @type {string[]} */ (Object.values(bin));
}

/** Files that browsers get as they are. */
function isOfPage(/** @type {string} */ file) {
  return dirname(file) === PAGE && /\.(html|css|svg|png)$/.test(file);
}

function isManifest(/** @type {string} */ file) {
  return basename(file) === 'package.json';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // `--check` only says, by its exit code, whether there is something to be compiled.
  const isGood = process.argv.includes('--check') ? isMadeFrom(fingerprint(sources())) : build();
  process.exit(isGood ? 0 : 1);
}
