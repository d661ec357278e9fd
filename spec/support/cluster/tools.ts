import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isExecutable } from '../../../lib/cli/child/path.js';
import { aptInstall, stopService } from './apt.js';
import { findEtcd } from './etcd-server.js';
import { compareReleases } from './release.js';
import { runCommand } from './run.js';

/**
 * Commands that some specs run beside etcd, before what they serve, or to look at it. `CHROMIUM_BIN` names another
 * program for one that is called otherwise, and `REDIS_SERVER_BIN` one for `redis-server`.
 */
const COMMANDS = {
  etcdctl: { version: ['version'], debian: 'etcd-client', needs: 'the specs beside other clients' },
  openssl: { version: ['version'], debian: 'openssl', needs: 'the specs of client certificates' },
  haproxy: { version: ['-v'], debian: 'haproxy', needs: 'the specs of load balancers' },
  nginx: { version: ['-v'], debian: 'nginx', needs: 'the specs of load balancers' },
  chromium: { version: ['--version'], debian: 'chromium', needs: 'the specs of the page' },
} as const;

/** Servers that only the step `queues` runs, which installs them. Their packages start a service of that name. */
const SERVERS = {
  'redis-server': { version: ['--version'], debian: 'redis-server', needs: 'the specs of queues' },
  postgres: { version: ['--version'], debian: 'postgresql', needs: 'the specs of queues' },
} as const;

const TOOLS = { ...COMMANDS, ...SERVERS };

export type Tool = keyof typeof TOOLS;

/** Where Debian has the programs of PostgreSQL, one folder for each release. */
const POSTGRES_HOME = '/usr/lib/postgresql';

/**
 * How to call the command: by its path beside the etcd server, or by its name.
 *
 * @throws when there is none
 */
export async function findTool(name: Tool): Promise<string> {
  const found = await lookFor(name);
  if (found !== undefined) return found;
  const { debian, needs } = TOOLS[name];
  throw new Error(
    `${needs} run \`${name}\`, and there is none beside the etcd server or on the PATH. ` +
      `Debian, Ubuntu: apt-get install ${debian}; Homebrew's etcd has etcdctl, and so has every release of etcd`,
  );
}

/**
 * The program that lays a snapshot under a member that does not run: `etcdutl` beside the server, or `etcdctl`, which
 * could do so before 3.6.
 *
 * @throws when there is none
 */
export async function findRestorer(): Promise<string> {
  const server = await findEtcd();
  const utility = server?.kind === 'program' ? join(dirname(server.bin), 'etcdutl') : '';
  if (isExecutable(utility)) return utility;
  if (server?.kind === 'program' && compareReleases(server.version, '3.6') < 0) return await findTool('etcdctl');
  throw new Error('a snapshot can be restored only by `etcdutl` beside the etcd server: every release of etcd has it');
}

/**
 * Installs the missing commands, where that can be done. Prints what could not be installed, which fails only the specs
 * concerned.
 */
export async function ensureTools(say: (line: string) => void): Promise<void> {
  for (const name of Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]) {
    if ((await lookFor(name)) !== undefined) continue;
    const { debian, needs } = COMMANDS[name];
    const reason = await aptInstall(debian, say);
    if (reason !== undefined) say(`no ${name} (${reason}): ${needs} will fail`);
  }
}

/**
 * Installs the servers that only the step `queues` runs, where they are missing. Resolves with why there is none, or
 * with undefined when all are here.
 */
export async function ensureServers(say: (line: string) => void): Promise<string | undefined> {
  for (const name of Object.keys(SERVERS) as (keyof typeof SERVERS)[]) {
    if ((await lookFor(name)) !== undefined) continue;
    const { debian, needs } = SERVERS[name];
    const reason = await aptInstall(debian, say);
    if (reason === undefined) await stopService(debian); // it was not here before, so nobody uses it
    if ((await lookFor(name)) === undefined) {
      return `${needs} run \`${name}\`, and it cannot be had: ${reason ?? `the package ${debian} has no such program`}`;
    }
  }
  return undefined;
}

async function lookFor(name: Tool, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const server = await findEtcd(env).catch(() => undefined); // a wrong `ETCD_BIN` is told by who starts a cluster
  const named = env[`${name.toUpperCase().replaceAll('-', '_')}_BIN`];
  if (named) return named;
  const beside = server?.kind === 'program' ? [join(dirname(server.bin), name)] : [];
  // Debian has servers in a folder that only root has on the PATH, or in none of the PATH.
  for (const command of [...beside, name, `/usr/sbin/${name}`, ...postgresPrograms(name)]) {
    const { ok } = await runCommand(command, TOOLS[name].version, { env: { ...env, ETCDCTL_API: '3' } });
    if (ok) return command;
  }
  return undefined;
}

/** The newest release first. */
function postgresPrograms(name: string): string[] {
  if (name !== 'postgres' || !existsSync(POSTGRES_HOME)) return [];
  const releases = readdirSync(POSTGRES_HOME).sort((a, b) => Number(b) - Number(a));
  return releases.map((release) => join(POSTGRES_HOME, release, 'bin', name));
}
