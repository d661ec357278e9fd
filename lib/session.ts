import type { Etcd3 } from 'etcd3';
import type { SessionParts } from './campaign/context.js';
import { checkClient } from './checks.js';
import { type Environment, environmentOf, isEnvironment, sessionPartsOf } from './environment.js';
import { childLogger } from './log.js';
import { resolveSessionOptions, type SessionOptions } from './options.js';

/**
 * One lease, kept alive, shared by any number of elections: ten thousand of them cost one refresh every third of the
 * TTL. Heals by itself: when the lease is lost, every election is told, and goes back to its queue with a new lease.
 *
 * The elections of one session stand and fall together, and one session holds one place in an election: for two
 * candidates in the same election take two sessions.
 *
 * @example
 * ```ts
 * const session = new Session(client, { ttl: 10 });
 * for (const shard of shards) new Election(session, `shards/${shard}`).on('elected', work).start();
 * process.once('SIGTERM', () => session.close());
 * ```
 */
export class Session {
  /** @internal */
  readonly parts: SessionParts;
  #closing: Promise<void> | undefined;
  /** Made when somebody listens: there may be ten thousand sessions. */
  #listeners: Set<() => void> | undefined;

  /** @throws ElectionError `INVALID_OPTION` */
  constructor(etcd: Etcd3, options?: SessionOptions);
  /** @internal */
  constructor(source: Etcd3 | Environment, options?: SessionOptions, election?: string);
  /** `election`: the one election that has this session to itself. */
  constructor(source: Etcd3 | Environment, options: SessionOptions = {}, election?: string) {
    if (!isEnvironment(source)) checkClient(source, 'an Etcd3 client');
    const resolved = resolveSessionOptions(options);
    const logger = election === undefined ? resolved.logger : childLogger(resolved.logger, { election });
    this.parts = sessionPartsOf(environmentOf(source), { ...resolved, logger });
  }

  /**
   * Stops its elections as their own `stop()` would, and revokes the lease. Idempotent, bounded in time, never rejects.
   * The client stays open. A closed session cannot be used again.
   */
  close(): Promise<void> {
    const { lease, watcher } = this.parts;
    if (this.#closing !== undefined) return this.#closing;
    this.#closing = lease.close().then(() => watcher.closeIdle()); // what `observe()` follows goes on
    for (const listener of [...(this.#listeners ?? [])]) listener();
    return this.#closing;
  }

  /** @internal Calls `listener` when the session is being closed. Returns what takes that back. */
  whenClosing(listener: () => void): () => void {
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => this.#listeners?.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
