import { type EtcdServer, findEtcd } from './etcd-server.js';
import { ensureEtcd } from './install.js';

/** The lines of etcd that the library is for, in the order in which a cluster can go through them. */
export const LINES = ['3.4', '3.5', '3.6', '3.7'] as const;
export type ReleaseLine = (typeof LINES)[number];

export type EtcdProgram = EtcdServer & { readonly kind: 'program' };

/** The newest release of a line that is on this machine. */
export async function programOf(line: ReleaseLine): Promise<EtcdProgram> {
  const server = await findEtcd(only(line));
  if (server?.kind !== 'program') throw new Error(`etcd ${line} is not on this machine`);
  return server;
}

/** Fetches the newest release of a line, if none is on this machine. Resolves with why that cannot be had. */
export async function ensureLine(line: ReleaseLine, say: (text: string) => void): Promise<string | undefined> {
  return await ensureEtcd(say, only(line)).then(
    () => undefined,
    (err: Error) => err.message,
  );
}

/** The environment in which only the line is asked for. */
function only(line: ReleaseLine): NodeJS.ProcessEnv {
  const { ETCD_BIN: _bin, ETCD_ENDPOINTS: _endpoints, ...env } = process.env;
  return { ...env, ETCD_VERSION: line };
}
