import { type EtcdServer, findEtcd } from './etcd-server.js';
import { ensureEtcd } from './install.js';

/** The lines of etcd that the library is for, in the order in which a cluster can go through them. */
export const LINES = ['3.4', '3.5', '3.6', '3.7'] as const;
export type Line = (typeof LINES)[number];

export type Program = EtcdServer & { readonly kind: 'program' };

/** The newest release of a line that is on this machine. */
export async function programOf(line: Line): Promise<Program> {
  const server = await findEtcd(only(line));
  if (server?.kind !== 'program') throw new Error(`etcd ${line} is not on this machine`);
  return server;
}

/** Fetches what is missing of all lines. Resolves with why a line cannot be had, for each that cannot. */
export async function ensureLines(say: (line: string) => void): Promise<string[]> {
  const reasons: string[] = [];
  for (const line of LINES) {
    await ensureEtcd(say, only(line)).catch((err: Error) => reasons.push(err.message));
  }
  return reasons;
}

/** The environment in which only the line is asked for. */
function only(line: Line): NodeJS.ProcessEnv {
  const { ETCD_BIN: _bin, ETCD_ENDPOINTS: _endpoints, ...env } = process.env;
  return { ...env, ETCD_VERSION: line };
}
