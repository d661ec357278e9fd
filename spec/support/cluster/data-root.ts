import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Where Linux has a file system in memory. */
const SHARED_MEMORY = '/dev/shm';
/** The type that `statfs` tells for a file system in memory, see statfs(2). */
const TMPFS = 0x01021994;
/**
 * Bytes that must be free, because members of some clusters reserve much for their logs, and other programs need some
 * too.
 */
const ENOUGH = 2 ** 30;

/** What is known of a folder that could hold the data. */
export interface DataPlace {
  readonly isWritable: boolean;
  /** The type that `statfs` tells. */
  readonly type: number;
  /** Bytes. */
  readonly free: number;
  /** Bytes of memory that this process may still use, because a file in memory takes memory. */
  readonly memory: number;
}

/**
 * The folder for what lives only as long as a run. It lies in memory if there is enough. etcd waits for the disk at
 * every write, and a disk that others keep busy makes etcd change its raft leader again and again. `ETCD_LEADER_DATA`
 * names another folder.
 */
export function dataRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env.ETCD_LEADER_DATA) return env.ETCD_LEADER_DATA;
  return isInMemory(look(SHARED_MEMORY)) ? SHARED_MEMORY : tmpdir();
}

/** All folders that {@link dataRoot} may have been in an earlier run. */
export function dataRoots(env: NodeJS.ProcessEnv = process.env): string[] {
  if (env.ETCD_LEADER_DATA) return [env.ETCD_LEADER_DATA];
  return look(SHARED_MEMORY)?.type === TMPFS ? [SHARED_MEMORY, tmpdir()] : [tmpdir()];
}

/** Whether data may lie in this place in memory. In a container the place is often there and small. */
export function isInMemory(place: DataPlace | undefined): boolean {
  if (place === undefined) return false;
  return place.type === TMPFS && place.isWritable && place.free >= ENOUGH && place.memory >= ENOUGH;
}

function look(folder: string): DataPlace | undefined {
  try {
    const { type, bavail, bsize } = statfsSync(folder);
    return { isWritable: isWritable(folder), type, free: bavail * bsize, memory: process.availableMemory() };
  } catch {
    return undefined; // no such folder on this system
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
