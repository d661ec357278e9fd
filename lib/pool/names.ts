import type { SessionParts } from '../campaign/context.js';
import { ElectionError } from '../errors.js';

/** By session: the names of its pools, and which pool has which name. */
const taken = new WeakMap<SessionParts, Map<string, object>>();

/**
 * Takes the name for a pool of this session: all keys of a worker are named after the lease, so two workers of one pool
 * on one session would write the same keys.
 *
 * @throws ElectionError `INVALID_OPTION`
 */
export function takeName(session: SessionParts, name: string, pool: object): void {
  const names = taken.get(session) ?? new Map<string, object>();
  const owner = names.get(name);
  if (owner !== undefined && owner !== pool) {
    const message = '`name` is that of another pool of this session: for two workers in one pool use two sessions';
    throw new ElectionError('INVALID_OPTION', `${message}; got ${JSON.stringify(name)}`);
  }
  if (owner === undefined && session.lease.hasUser(name)) {
    const message = '`name` is that of an election of this session: give the pool another name';
    throw new ElectionError('INVALID_OPTION', `${message}; got ${JSON.stringify(name)}`);
  }
  names.set(name, pool);
  taken.set(session, names);
}

/** A pool that is started again takes its name back, unless another has it now. */
export function takeNameBack(session: SessionParts, name: string, pool: object): void {
  const names = taken.get(session);
  if (names?.has(name) === false) names.set(name, pool);
}

/** Gives the name back: another pool may take it. */
export function giveNameBack(session: SessionParts, name: string, pool: object): void {
  const names = taken.get(session);
  if (names?.get(name) === pool) names.delete(name);
}
