import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/test/tool.js';
import { writeInto } from './project.js';
import { scratch } from './tarball.js';

/** What the package is made of. A whole clone has the specs too, and takes a minute more to be compiled. */
const PARTS = [
  ...['package.json', 'package-lock.json', 'tsconfig.json', '.gitignore', 'lib', 'docs', 'examples', 'scripts'],
  ...['README.md', 'LICENSE', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'],
];

/** A fresh clone of this repository: nothing is installed, nothing is compiled. */
export function clone(): string {
  const folder = scratch('clone');
  for (const part of PARTS) cpSync(join(root, part), join(folder, part), { recursive: true });
  rmSync(join(folder, 'docs', 'reference'), { recursive: true, force: true });
  // The programs of scripts/ stand on the specs.
  for (const file of readdirSync(join(folder, 'scripts'), { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.ts')) rmSync(join(folder, 'scripts', file));
  }
  return folder;
}

/** The packages of this repository, as `npm ci` would have installed them. */
export function linkPackages(folder: string): void {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}

/** The clone asks for nothing but what lib/ needs to be compiled, so that an installation takes seconds. */
export function askForLess(folder: string): void {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const compiles = ['typescript', 'esbuild', '@types/node', '@types/mocha', '@types/react'];
  const bundled = ['ink', 'react', 'preact', 'string-width'];
  const optional = ['prom-client', '@opentelemetry/api', '@nestjs/common', '@nestjs/core', 'rxjs', 'reflect-metadata'];
  const wanted = [...compiles, ...bundled, ...optional];
  const needed = Object.entries(manifest.devDependencies).filter(([name]) => wanted.includes(name));
  writeInto(folder, 'package.json', JSON.stringify({ ...manifest, devDependencies: Object.fromEntries(needed) }));
  rmSync(join(folder, 'package-lock.json'));
  rmSync(join(folder, 'examples'), { recursive: true });
}
