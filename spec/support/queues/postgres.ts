import { chownSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { runCommand } from '../cluster/run.js';
import { findTool } from '../cluster/tools.js';
import { tracked } from '../track.js';
import type { QueueServer, Recipe, User } from './server.js';

/** PostgreSQL, which does not wait for the disk. As root it runs as the user that its package has made. */
export const POSTGRES: Recipe = {
  name: 'postgres',
  async prepare(folder, port) {
    const program = await findTool('postgres');
    const user = await unprivileged();
    const data = join(folder, 'postgres');
    mkdirSync(data, { mode: 0o700 });
    if (user !== undefined) chownSync(data, user.uid, user.gid);
    const settings = ['--auth=trust', '--username=postgres', '--no-sync', '--encoding=UTF8', '--locale=C'];
    const initdb = program.includes('/') ? join(dirname(program), 'initdb') : 'initdb';
    const made = await runCommand(initdb, ['-D', data, ...settings], {
      cwd: folder,
      within: 60_000,
      ...user,
    });
    if (!made.ok) throw new Error(`initdb failed: ${made.output}`);
    const given = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '', // some systems have a folder for them that is not ours
      dynamic_shared_memory_type: 'mmap', // in its own folder, which the clean-up removes
      fsync: 'off',
      max_connections: '200',
    };
    const options = Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return { program, args: ['-D', data, '-p', `${port}`, ...options], ...(user !== undefined && { user }) };
  },
  async ask(port) {
    const client = new pg.Client(databaseAddress({ port }));
    await client.connect();
    await client.end();
  },
};

export function databaseAddress({ port }: Pick<QueueServer, 'port'>): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

/** Connections, closed at the end of the spec. */
export function openDatabase(server: QueueServer): pg.Pool {
  const pool = new pg.Pool({ connectionString: databaseAddress(server) });
  tracked({ close: () => pool.end() });
  return pool;
}

/** PostgreSQL refuses to run as root. */
async function unprivileged(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(['-u', '-g'].map((of) => runCommand('id', [of, 'postgres'])));
  if (uid?.ok !== true || gid?.ok !== true)
    throw new Error('PostgreSQL does not run as root, and no user `postgres` is here');
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}
