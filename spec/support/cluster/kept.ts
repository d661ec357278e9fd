import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newestOf, releaseOf } from './release.js';

/** In the project, where git ignores it. */
const FOLDER = fileURLToPath(new URL('../../../../.etcd', import.meta.url));

/** Where fetched servers are kept: one folder for each release, with `etcd`, `etcdctl` and `etcdutl` in it. */
export function keptFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.ETCD_KEPT || FOLDER;
}

/** The newest server of the wanted release or line that is kept. */
export function findKept(env: NodeJS.ProcessEnv, wanted?: string): { bin: string; version: string } | undefined {
  const folder = keptFolder(env);
  const releases = existsSync(folder) ? readdirSync(folder).filter((name) => /^\d+\.\d+\.\d+$/.test(name)) : [];
  const version = newestOf(releases, wanted);
  return version === undefined ? undefined : { bin: join(folder, version, 'etcd'), version };
}

/**
 * Keeps what `make` puts into the folder that it is given, when that is an etcd server of this release. What is only
 * half there is never seen by others. Resolves with why there is nothing to keep, or with undefined.
 */
export async function keepRelease(
  release: string,
  make: (folder: string) => Promise<string | undefined>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const kept = keptFolder(env);
  mkdirSync(kept, { recursive: true });
  const fresh = mkdtempSync(join(kept, 'new-'));
  try {
    const reason = await make(fresh);
    if (reason !== undefined) return reason;
    const made = await releaseOf(join(fresh, 'etcd'));
    if (made !== release)
      return `what came is ${made === undefined ? 'no etcd server that runs here' : `etcd ${made}`}`;
    const place = join(kept, release);
    rmSync(place, { recursive: true, force: true });
    renameSync(fresh, place);
    return undefined;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
