import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../../../scripts/test/tool.js';
import { type CommandOutcome, runCommand } from '../cluster/run.js';
import { pack, scratch } from './tarball.js';

const BESIDE = {
  '@nestjs/common': '^11.0.1',
  '@nestjs/core': '^11.0.1',
  '@opentelemetry/api': '^1.9.0',
  '@types/node': '^20.19.0',
  'node-cron': '^4.5.0',
  'prom-client': '^15.0.0',
};
const OFFLINE = /E?(ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|SELF_SIGNED|ENOTCACHED)/;
const INSTALL = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=1'];

export interface Project {
  readonly folder: string;
  /** Where the commands of its packages lie. */
  readonly bin: string;
}

let installing: Promise<Project> | undefined;

/** A user's project into which the tarball is installed. One run has one project. */
export function project(): Promise<Project> {
  installing ??= make();
  return installing;
}

/** A project with nothing but its package.json, which asks for the tarball and for what else is given. */
export async function manifest(
  dependencies: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const folder = scratch('project');
  const all = { 'etcd-leader': `file:${(await pack()).path}`, ...BESIDE, ...dependencies };
  const user = { name: 'user', version: '1.0.0', private: true, dependencies: all, ...settings };
  writeInto(folder, 'package.json', JSON.stringify(user));
  return folder;
}

/** `npm install`, without the scripts of packages. */
export function install(folder: string, ...more: readonly string[]): Promise<CommandOutcome> {
  return runCommand('npm', [...INSTALL, ...more], { cwd: folder, within: 240_000 });
}

export function writeInto(folder: string, file: string, text: string): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

async function make(): Promise<Project> {
  const folder = await manifest({});
  const bin = join(folder, 'node_modules', '.bin');
  const { ok, output } = await install(folder);
  if (ok) return { folder, bin };
  if (!OFFLINE.test(output)) throw new Error(`npm install: ${output}`);
  console.log('    the registry cannot be reached: with the dependencies of this repository');
  await link(folder);
  return { folder, bin };
}

/** The package itself is unpacked; what it depends on is found where this repository has it. */
async function link(folder: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  await unpack(join(modules, 'etcd-leader'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name.startsWith('.')) continue;
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  const main = join(modules, 'etcd-leader/dist/lib/cli/main.js');
  chmodSync(main, 0o755);
  mkdirSync(join(modules, '.bin'));
  symlinkSync(main, join(modules, '.bin', 'etcd-leader'));
}

/** Unpacks the tarball into a new folder. */
export async function unpack(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { path } = await pack();
  const { ok, output } = await runCommand('tar', ['-xzf', path, '--strip-components=1', '-C', folder]);
  if (!ok) throw new Error(`tar: ${output}`);
}
