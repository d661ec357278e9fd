import { delimiter, join } from 'node:path';
import { isExecutable } from '../../../lib/cli/child/path.js';
import { composeReady } from './compose.js';
import { get } from './http.js';
import { findKept } from './kept.js';
import { assertRelease, fits, releaseOf, warningOf } from './release.js';

/** What specs and demo can use: a cluster that somebody else runs, an etcd program, or Docker Compose. */
export type EtcdServer =
  | { readonly kind: 'endpoints'; readonly hosts: readonly string[] }
  | { readonly kind: 'program'; readonly bin: string; readonly version: string }
  | { readonly kind: 'compose' };

/** Where packages put programs, because the PATH may leave these folders out. */
const USUAL_FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/home/linuxbrew/.linuxbrew/bin'];

/**
 * `ETCD_ENDPOINTS`, `ETCD_BIN`, the PATH, the newest that is kept, then Docker Compose if its image is there: the first
 * that there is. With `ETCD_VERSION` a program of that release, from the PATH or kept. Changes nothing and needs no
 * network.
 */
export async function findEtcd(env: NodeJS.ProcessEnv = process.env): Promise<EtcdServer | undefined> {
  const { ETCD_ENDPOINTS: endpoints, ETCD_BIN: bin, ETCD_VERSION: wanted } = env;
  if (wanted) {
    assertRelease(wanted);
    for (const name of ['ETCD_ENDPOINTS', 'ETCD_BIN']) {
      if (env[name]) throw new Error(`\`ETCD_VERSION\` and \`${name}\` both say which etcd to use; set one of them`);
    }
    return (await findProgram(env, wanted)) ?? findKeptProgram(env, wanted);
  }
  if (endpoints) return { kind: 'endpoints', hosts: parseEndpoints(endpoints) };
  if (bin) {
    const version = await releaseOf(bin);
    if (version !== undefined) return { kind: 'program', bin, version };
    throw new Error(`\`ETCD_BIN\` must be the path of an etcd server, 3.4 or later; got ${bin}`);
  }
  const found = (await findProgram(env)) ?? findKeptProgram(env);
  return found ?? ((await composeReady()) ? { kind: 'compose' } : undefined);
}

/** An etcd server in the PATH, or where packages put it. */
async function findProgram(env: NodeJS.ProcessEnv, wanted?: string): Promise<EtcdServer | undefined> {
  for (const folder of [...(env.PATH ?? '').split(delimiter), ...USUAL_FOLDERS]) {
    const bin = join(folder, 'etcd');
    if (folder === '' || !isExecutable(bin)) continue;
    const version = await releaseOf(bin);
    if (version !== undefined && fits(version, wanted)) return { kind: 'program', bin, version };
  }
  return undefined;
}

function findKeptProgram(env: NodeJS.ProcessEnv, wanted?: string): EtcdServer | undefined {
  const kept = findKept(env, wanted);
  return kept === undefined ? undefined : { kind: 'program', ...kept };
}

/** Lines for people: which etcd it is, and what is known against its release. */
export async function describeServer(server: EtcdServer): Promise<string[]> {
  switch (server.kind) {
    case 'endpoints': {
      const hosts = server.hosts.join(', ');
      const version = await versionAt(server.hosts);
      const name = version === undefined ? 'the cluster' : `etcd ${version}, the cluster`;
      return withWarning(`${name} at ${hosts} (ETCD_ENDPOINTS)`, version);
    }
    case 'program':
      return withWarning(`etcd ${server.version}, ${server.bin}`, server.version);
    case 'compose':
      return ['Docker Compose (docker-compose.yml)'];
  }
}

function withWarning(line: string, version: string | undefined): string[] {
  const warning = version === undefined ? undefined : warningOf(version);
  return warning === undefined ? [line] : [line, warning];
}

/** What the first member that tells its release says. One that wants a certificate does not tell us. */
async function versionAt(hosts: readonly string[]): Promise<string | undefined> {
  for (const host of hosts) {
    const answer = host.startsWith('https:') ? '' : await get(`${host}/version`).catch(() => '');
    const [, version] = /"etcdserver":"(\d+\.\d+\.\d+)/.exec(answer) ?? [];
    if (version !== undefined) return version;
  }
  return undefined;
}

function parseEndpoints(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim().replace(/\/+$/, ''))
    .filter((part) => part !== '')
    .map((part) => (part.includes('://') ? part : `http://${part}`));
}
