import { execFileSync } from 'node:child_process';
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { get } from '../spec/support/cluster/http.js';

/** What the figures were measured on. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly etcd: string;
  readonly members: number;
  /** File system that etcd writes to: every change waits for its disk. */
  readonly dataOn: string;
}

export async function describeMachine(hosts: readonly string[], folder: string | undefined): Promise<Machine> {
  const version = JSON.parse(await get(`${hosts[0]}/version`)) as { etcdserver: string };
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    etcd: version.etcdserver,
    members: hosts.length,
    dataOn: folder === undefined ? 'unknown' : fileSystemOf(folder),
  };
}

export function load(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

function fileSystemOf(folder: string): string {
  try {
    return execFileSync('stat', ['--file-system', '--format=%T', folder], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
