/**
 * Bundles what is made with packages that users do not install: one file that carries what it needs of them. The
 * compiler has checked the entry point, and has written its types; the bundle takes the place of the module.
 *
 * The licences of all packages of which a bundle has parts go into the package, in LICENSES.
 */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The file in dist that has the licences. */
export const LICENSES = 'lib/third-party-licenses.txt';

/**
 * `entry`: from the root of the project. `out`: in dist. The rest goes to esbuild as it is.
 *
 * @typedef {{ readonly entry: string, readonly out: string } & import('esbuild').BuildOptions} Bundle
 */

/** A new bundle is a new line here. @type {readonly Bundle[]} */
export const BUNDLES = [
  {
    entry: 'lib/cli/top/ink.ts',
    out: 'lib/cli/top/ink.js',
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    // Some packages of Ink are CommonJS.
    banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
    alias: {
      // Ink loads these two with DEV=true in the environment: they speak to a debugger of React.
      'react-devtools-core': './scripts/build/nothing.mjs',
      ws: './scripts/build/nothing.mjs',
      // Ink draws nothing but the end where this one finds a build server. Whoever has a terminal there wants to see.
      'is-in-ci': './scripts/build/nothing.mjs',
    },
    define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
  },
  {
    entry: 'lib/cli/serve/page/app.tsx',
    out: 'lib/cli/serve/page/app.js',
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
  },
];

/** @returns {boolean} false when something cannot be bundled; esbuild has printed why */
export function bundle(/** @type {string} */ root, /** @type {string} */ dist) {
  const { buildSync } = createRequire(import.meta.url)('esbuild'); // not there before the packages are
  const packages = new Set();
  for (const { entry, out, ...options } of BUNDLES) {
    const outfile = join(dist, out);
    rmSync(`${outfile}.map`, { force: true }); // it is the map of what the compiler has written
    try {
      const { metafile } = buildSync({
        absWorkingDir: root,
        entryPoints: [entry],
        outfile,
        bundle: true,
        minify: true,
        legalComments: 'none', // LICENSES has all of them
        logLevel: 'error',
        metafile: true,
        ...options,
      });
      for (const file of Object.keys(metafile.inputs)) {
        const name = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
        if (name !== undefined) packages.add(name);
      }
    } catch {
      return false;
    }
  }
  writeFileSync(join(dist, LICENSES), licensesOf(root, [...packages].sort()));
  return true;
}

/** What the packages say of their licences. One text for each, also where the texts are the same but for the name. */
function licensesOf(/** @type {string} */ root, /** @type {readonly string[]} */ folders) {
  const texts = folders.map((folder) => {
    const path = join(root, folder);
    const { name, version, license, author } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    const file = readdirSync(path).find((each) => /^licen[cs]e/i.test(each) && statSync(join(path, each)).isFile());
    if (file === undefined && license !== 'MIT') throw new Error(`${name} brings no text of its licence`);
    const text = file === undefined ? mit(author?.name ?? author) : readFileSync(join(path, file), 'utf8');
    return `${name} ${version}: ${license}\n\n${text.trim()}\n`;
  });
  const title = 'Files of this package carry parts of other packages, under the licences that follow.\n';
  return [title, ...texts].join(`\n${'-'.repeat(80)}\n\n`);
}

/** The licence's own text, for a package that names its licence and brings no text: ours is the same. */
function mit(/** @type {string} */ holder) {
  const ours = readFileSync(new URL('../../LICENSE', import.meta.url), 'utf8');
  return ours.replace(/^Copyright .*$/m, `Copyright (c) ${holder}`);
}
