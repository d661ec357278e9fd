/**
 * Compiles the package where npm is about to use it: after `npm ci` in a clone, when somebody installs from git, and
 * before the tarball is packed. A package that was not compiled would be installed without complaint, and be empty.
 *
 * Without the compiler (`npm ci --omit=dev`) there is nothing to be done, except before packing: then that is a
 * mistake.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';

const isCompilerThere = existsSync(fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url)));

if (isCompilerThere) {
  if (!build()) process.exitCode = 1;
} else if (process.env.npm_lifecycle_event === 'prepack') {
  console.error('The package cannot be packed, because its compiler is missing: run `npm ci` first.');
  process.exitCode = 1;
}
