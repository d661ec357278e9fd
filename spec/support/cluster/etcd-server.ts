import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { composeReady } from './compose.js';
import { run } from './run.js';

/** What specs and demo can use: a cluster that somebody else runs, a program to run one with, or Docker Compose. */
export type EtcdServer =
  | { readonly kind: 'endpoints'; readonly hosts: readonly string[] }
  | { readonly kind: 'program'; readonly bin: string }
  | { readonly kind: 'compose' };

/** Where packages put programs, should the PATH leave it out. */
const USUAL_FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/home/linuxbrew/.linuxbrew/bin'];

/**
 * `ETCD_ENDPOINTS`, `ETCD_BIN`, the PATH, then Docker Compose if its image is there: the first that there is. Changes
 * nothing and needs no network.
 */
export async function findEtcd(env: NodeJS.ProcessEnv = process.env): Promise<EtcdServer | undefined> {
  const { ETCD_ENDPOINTS: endpoints, ETCD_BIN: bin } = env;
  if (endpoints) return { kind: 'endpoints', hosts: parseEndpoints(endpoints) };
  if (bin) {
    if (await isEtcd(bin)) return { kind: 'program', bin };
    throw new Error(`\`ETCD_BIN\` must be the path of an etcd server, 3.4 or later; got ${bin}`);
  }
  return (await findProgram(env)) ?? ((await composeReady()) ? { kind: 'compose' } : undefined);
}

/** An etcd server in the PATH, or where packages put it. */
async function findProgram(env: NodeJS.ProcessEnv): Promise<EtcdServer | undefined> {
  for (const folder of [...(env.PATH ?? '').split(delimiter), ...USUAL_FOLDERS]) {
    const bin = join(folder, 'etcd');
    if (folder !== '' && isExecutable(bin) && (await isEtcd(bin))) return { kind: 'program', bin };
  }
  return undefined;
}

export function describeServer(server: EtcdServer): string {
  switch (server.kind) {
    case 'endpoints':
      return `the cluster at ${server.hosts.join(', ')} (ETCD_ENDPOINTS)`;
    case 'program':
      return server.bin;
    case 'compose':
      return 'Docker Compose (docker-compose.yml)';
  }
}

function parseEndpoints(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim().replace(/\/+$/, ''))
    .filter((part) => part !== '')
    .map((part) => (part.includes('://') ? part : `http://${part}`));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function isEtcd(bin: string): Promise<boolean> {
  const { ok, output } = await run(bin, ['--version']);
  const [, major, minor] = /^etcd Version: (\d+)\.(\d+)/m.exec(output) ?? [];
  return ok && (Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 4));
}
