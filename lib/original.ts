import type { Etcd3 } from 'etcd3';
import { Election } from './election.js';

/**
 * The call of the original `etcd-leader` package: `etcdLeader(etcd, '/master', 'node-1', 10).start()`. Throws the plain
 * errors of that package for missing arguments. What it returns is an {@link Election} like any other.
 *
 * @param key the election's name
 * @param name what this candidate announces
 * @param ttl seconds
 * @throws Error `etcd is required`, `node key not specified`, `node name not specified`
 * @throws ElectionError `INVALID_OPTION`
 */
export function etcdLeader(etcd: Etcd3, key: string, name: string, ttl?: number): Election {
  if (!etcd) throw new Error('etcd is required');
  if (isBlank(key)) throw new Error('node key not specified');
  if (isBlank(name)) throw new Error('node name not specified');
  // The original package took 0 for its default, and a number in a string for a number.
  const seconds = typeof ttl === 'string' && Number(ttl) > 0 ? Number(ttl) : (ttl ?? 0);
  return new Election(etcd, key, { value: name, ...(seconds !== 0 && { ttl: seconds }) });
}

function isBlank(text: unknown): boolean {
  return !text || (typeof text === 'string' && text.trim() === '');
}
