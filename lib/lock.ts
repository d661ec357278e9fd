import type { Etcd3 } from 'etcd3';
import { abortedBy } from './campaign/elected-waiters.js';
import type { Task } from './campaign/task-run.js';
import { checkCallOptions, checkClient, checkName, show } from './checks.js';
import { onAbort } from './common/abort.js';
import { withResolvers } from './common/deferred.js';
import { Election } from './election.js';
import { type Environment, environmentOf, isEnvironment } from './environment.js';
import { ElectionError } from './errors.js';
import type { Leadership } from './leadership.js';
import { type AcquireOptions, type LockOptions, type ResolvedLockOptions, resolveLockOptions } from './lock/options.js';
import { Turns } from './lock/turns.js';
import { LockWork } from './lock/work.js';
import { childLogger, type Logger } from './log.js';
import { Session } from './session.js';
import { ClientClosed } from './store/store.js';

/** The lock while a caller holds it: a {@link Leadership}, and the way to release it. */
export interface HeldLock extends Leadership {
  /**
   * Releases the lock. Also a lock that was lost must be released: until then no other caller of this process gets it.
   * Resolves when the key is gone from etcd, or etcd did not answer in time and the key will expire with its lease.
   * Idempotent, bounded in time, never rejects.
   */
  release(): Promise<void>;
  /** Releases the lock at the end of a block of `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const CLOSED = 'the session was closed while this caller waited for the lock';

/** By session or client on which locks are made: the turns that the callers in this process take. */
const turnsOf = new WeakMap<object, Turns>();

/**
 * A lock that one caller at a time holds, among all processes that use its name, `etcdctl lock` and Go's
 * `concurrency.Mutex` included.
 *
 * A holder is the leader of an {@link Election}: no other holds the lock by the clock, its `signal` is aborted before
 * another can hold it (unless somebody deletes its key in etcd), and its `fencingToken` is greater than that of every
 * holder before. This does not mean that a side effect arrives while its holder still holds the lock: fence it, see
 * docs/lock.md.
 *
 * Callers of one process take turns: only the first of them has a key in etcd. After each of them the process goes to
 * the end of etcd's queue. The lock is not reentrant: a caller that holds it and asks for it again waits for ever.
 *
 * @example
 * ```ts
 * const lock = new Lock(session, 'locks/report');
 * await lock.run(async ({ signal, fencingToken }) => makeReport({ signal, fencingToken }), { wait: 5_000 });
 * ```
 */
export class Lock {
  readonly name: string;
  readonly #source: Etcd3 | Session | Environment;
  readonly #options: ResolvedLockOptions;
  readonly #log: Logger;
  readonly #turns: Turns;
  /** The lock's own session, if it was made on a client, while somebody waits for the lock or holds it. */
  #session: Session | undefined;
  #callers = 0;

  /**
   * Asks etcd for nothing yet. While nobody waits for the lock or holds it, it has no key, and on a client no lease.
   *
   * @param etcd the client, which stays the caller's to close; or a {@link Session}, whose lease saves two requests
   *   each time that the lock is taken
   * @param name all who use this name exclude each other; the names of locks and of elections are one space
   * @throws ElectionError `INVALID_OPTION`
   */
  constructor(etcd: Etcd3 | Session, name: string, options?: LockOptions);
  /** @internal */
  constructor(source: Etcd3 | Session | Environment, name: string, options?: LockOptions);
  constructor(source: Etcd3 | Session | Environment, name: string, options: LockOptions = {}) {
    const isShared = source instanceof Session;
    if (!isShared && !isEnvironment(source)) checkClient(source, 'an Etcd3 client or a Session');
    checkName(name);
    const { logger, ...resolved } = resolveLockOptions(options, isShared ? source.parts.options : undefined);
    this.name = name;
    this.#source = source;
    this.#options = resolved;
    this.#log = childLogger(logger, { election: name });
    const { store: owner, clock } = isShared ? source.parts : environmentOf(source);
    this.#turns = turnsOf.get(owner) ?? new Turns(clock);
    turnsOf.set(owner, this.#turns);
  }

  /**
   * Runs `task` while this caller holds the lock, releases the lock when the task has settled, and resolves with its
   * result or rejects with its error. When the lock is lost meanwhile, the task's `signal` is aborted, the task is
   * awaited, and this rejects with the reason, whatever the task returns. The task does not run again.
   *
   * An abort by `signal` and `session.close()` end it as planned, in the queue too: this resolves with undefined.
   *
   * @throws ElectionError (rejects) `INVALID_OPTION`, `TIMEOUT`, `STOPPED` when the session was closed before,
   *   `UNAVAILABLE` when the client is closed, the reason of the loss; or whatever the task throws
   */
  async run<T>(task: Task<T>, options: AcquireOptions = {}): Promise<T | undefined> {
    checkCallOptions(options, ['signal', 'wait']);
    if (typeof task !== 'function') {
      throw new ElectionError('INVALID_OPTION', `\`task\` must be a function; got ${show(task)}`);
    }
    return this.#hold(task, options);
  }

  /**
   * Waits for the lock. Resolves with what the caller holds, until it calls `release()` or leaves the block of
   * `await using`.
   *
   * @throws ElectionError (rejects) `INVALID_OPTION`, `TIMEOUT`, `ABORTED` by `signal`, `STOPPED` when the session is
   *   closed, `UNAVAILABLE` when the client is closed
   * @example
   * ```ts
   * const held = await lock.acquire({ wait: 5_000 });
   * try {
   *   await makeReport({ signal: held.signal, fencingToken: held.fencingToken });
   * } finally {
   *   await held.release();
   * }
   * ```
   */
  async acquire(options: AcquireOptions = {}): Promise<HeldLock> {
    checkCallOptions(options, ['signal', 'wait']);
    const { signal } = options;
    const held = withResolvers<HeldLock>();
    const released = withResolvers<void>();
    const waiting = new AbortController();
    const stopListening = onAbort(signal, () => waiting.abort());
    if (signal?.aborted) waiting.abort();
    const release = async (): Promise<void> => {
      released.resolve();
      await over;
    };
    const task = (leadership: Leadership): Promise<void> => {
      stopListening();
      held.resolve(Object.assign(leadership, { release, [Symbol.asyncDispose]: release }));
      return released.promise;
    };
    // Once the lock is held, a loss is told by its `signal`, and these rejections go nowhere.
    const over = this.#hold(task, { ...options, signal: waiting.signal })
      .then(() => held.reject(signal?.aborted ? abortedBy(signal) : new ElectionError('STOPPED', CLOSED)))
      .catch(held.reject)
      .finally(stopListening);
    return held.promise;
  }

  /**
   * As `acquire()`, without a wait: resolves with undefined when somebody holds the lock, or waits for it.
   *
   * @throws ElectionError (rejects) `STOPPED` when the session is closed; `UNAVAILABLE` or `PERMISSION_DENIED` when
   *   etcd does not say whether somebody holds it; `BLOCKED` when a key that is no caller's is before this one, so that
   *   it never gets the lock; `INVALID_OPTION` when an `Election` of this name uses the session
   */
  async tryAcquire(): Promise<HeldLock | undefined> {
    if (this.#turns.isTaken(this.name)) return undefined;
    try {
      return await this.acquire({ wait: 0 });
    } catch (err) {
      if (!(err instanceof ElectionError) || err.code !== 'TIMEOUT') throw err;
      if (err.cause !== undefined) throw err.cause;
      return undefined;
    }
  }

  /** One caller, from its call until the lock is released. Resolves with undefined when the caller was stopped. */
  async #hold<T>(task: Task<T>, options: AcquireOptions): Promise<T | undefined> {
    const session = this.#enter();
    try {
      const { clock, lease } = session.parts;
      if (lease.refusal !== undefined) throw lease.refusal;
      const until = clock.now() + (options.wait ?? 0);
      const turn = await this.#turns.take(this.name, options, (listener) => session.whenClosing(listener));
      // Whoever waits while the session is closed is stopped as planned, here as in etcd's queue.
      if (turn === 'aborted' || turn === 'closed') return undefined;
      if (turn === 'too late') throw timeout(options.wait);
      const work = new LockWork(task);
      try {
        return lease.refusal === undefined ? await this.#lead(session, work, options, until - clock.now()) : undefined;
      } finally {
        void work.ended.then(turn); // a task may outlive `releaseTimeout`, and then the call
      }
    } finally {
      await this.#leave(session);
    }
  }

  /** Each caller is a candidate of its own. So it has a greater token, and a place behind those that wait elsewhere. */
  async #lead<T>(
    session: Session,
    work: LockWork<T>,
    { signal, wait }: AcquireOptions,
    left: number,
  ): Promise<T | undefined> {
    const election = new Election(session, this.name, this.#options.election);
    let closed: ElectionError | undefined;
    election.on('error', (err) => {
      // A key that blocks is logged where it is found.
      if (err.code !== 'BLOCKED') this.#log.error({ err }, 'something went wrong with the lock');
      if (!(err instanceof ClientClosed) || work.hasBegun) return;
      closed = err;
      void election.stop();
    });
    try {
      const result = await election.run((leadership) => work.begin(leadership), {
        requeue: false,
        ...(signal && { signal }),
        ...(wait !== undefined && { wait: Math.max(0, left) }),
      });
      if (closed !== undefined) throw closed;
      return result;
    } catch (err) {
      if (work.hasBegun || !(err instanceof ElectionError) || err.code !== 'TIMEOUT') throw err;
      throw timeout(wait, err.cause);
    }
  }

  #enter(): Session {
    this.#callers++;
    if (this.#source instanceof Session) return this.#source;
    this.#session ??= new Session(this.#source, this.#options.session, this.name);
    return this.#session;
  }

  /** The last caller takes the lease along. */
  async #leave(session: Session): Promise<void> {
    this.#callers--;
    if (this.#callers > 0 || session !== this.#session) return;
    this.#session = undefined;
    await session.close();
  }
}

function timeout(wait = 0, cause?: unknown): ElectionError {
  const why = cause instanceof ElectionError ? cause.message : 'somebody else holds it';
  return new ElectionError('TIMEOUT', `the lock was not acquired within ${wait} ms: ${why}`, cause ? { cause } : {});
}
