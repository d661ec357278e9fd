import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/test/tool.js';
import { run } from '../cluster/run.js';
import { pack, scratch } from './tarball.js';

const BESIDE = { 'prom-client': '^15.0.0', '@types/node': '^20.19.0' };
const OFFLINE = /E?(ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|SELF_SIGNED|ENOTCACHED)/;

export interface Project {
  readonly folder: string;
  /** False when the registry could not be reached, and the dependencies are those of this repository. */
  readonly isInstalled: boolean;
}

let installing: Promise<Project> | undefined;

/** A project of a user's into which the tarball is installed; one in a run. */
export function project(): Promise<Project> {
  installing ??= make();
  return installing;
}

export function write(folder: string, file: string, text: string): void {
  writeFileSync(join(folder, file), text);
}

async function make(): Promise<Project> {
  const folder = scratch('project');
  const tarball = (await pack()).path;
  const dependencies = { 'etcd-leader': `file:${tarball}`, ...BESIDE };
  write(folder, 'package.json', JSON.stringify({ name: 'user', version: '1.0.0', private: true, dependencies }));
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=1'];
  const { ok, output } = await run('npm', args, { cwd: folder, within: 240_000 });
  if (ok) return { folder, isInstalled: true };
  if (!OFFLINE.test(output)) throw new Error(`npm install: ${output}`);
  console.log('    the registry cannot be reached: with the dependencies of this repository');
  await link(folder, tarball);
  return { folder, isInstalled: false };
}

/** The package itself is unpacked; what it depends on is found where this repository has it. */
async function link(folder: string, tarball: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  const own = join(modules, 'etcd-leader');
  mkdirSync(own, { recursive: true });
  const { ok, output } = await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', own]);
  if (!ok) throw new Error(`tar: ${output}`);
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name.startsWith('.')) continue;
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
}
