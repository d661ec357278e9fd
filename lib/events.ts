import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'eventemitter3';
import type { Candidate } from './candidate.js';
import { show } from './checks.js';
import { isThenable } from './common/deferred.js';
import { ElectionError } from './errors.js';
import type { Leadership } from './leadership.js';
import type { Logger } from './log.js';

/** Every event of an {@link Election} and what its listeners are given. */
export interface ElectionEvents {
  /** This candidate leads now. */
  elected: [leadership: Leadership];
  /** This candidate leads no longer; exactly one `unelected` follows every `elected`. */
  unelected: [leadership: Leadership, reason: ElectionError];
  /**
   * Somebody leads now, or nobody (`undefined`); or the leader proclaimed another value. Told to every candidate that
   * runs, leader or not, unless it has the option `observe: false`.
   */
  leader: [value: string | undefined, candidate: Candidate | undefined];
  /**
   * The lease was refreshed. In milliseconds: how long etcd took to answer, and how long the lease can be relied on.
   */
  refresh: [{ readonly roundTrip: number; readonly expiresIn: number }];
  /** etcd is not answering. Leadership goes on until `expiresIn()` has run down. */
  suspended: [error: ElectionError];
  /** etcd answers again. */
  resumed: [];
  /**
   * Something went wrong; the election keeps trying by itself. With two exceptions: `STOPPED` says that its session was
   * closed, and that this candidate has ended with it; and a candidate whose client is closed ends with its lease.
   */
  error: [error: ElectionError];
}

export type ElectionEventName = keyof ElectionEvents;
export type ElectionListener<E extends ElectionEventName> = (...args: ElectionEvents[E]) => unknown;

type Listen = (...args: never[]) => unknown;
type Guarded = { (...args: unknown[]): void; readonly listener: Listen; readonly isOnlooker: boolean };

/**
 * Delivers events one at a time: an event that a listener causes waits until all listeners have heard the present one.
 * What a listener throws or rejects with is logged, and disturbs neither the other listeners nor the election.
 * Listeners are called as methods of `self`, as Node's emitters call them. Each runs in the async context in which it
 * was added: an event can be caused by anybody's call, or by another election of the session.
 */
export class Events<M extends { [E in keyof M]: unknown[] } = ElectionEvents> {
  readonly #emitter = new EventEmitter<string>();
  readonly #log: () => Logger;
  readonly #self: object;
  #pending: Array<() => void> | undefined;

  constructor(log: () => Logger, self: object) {
    this.#log = log;
    this.#self = self;
  }

  /** @throws ElectionError `INVALID_OPTION` */
  on(event: keyof M & string, listener: Listen): void {
    this.#emitter.on(event, this.#guarded(event, listener));
  }

  /** @throws ElectionError `INVALID_OPTION` */
  once(event: keyof M & string, listener: Listen): void {
    this.#emitter.once(event, this.#guarded(event, listener));
  }

  /** Adds a listener that only counts: an error that nobody else listens for is still logged. */
  lookOn(event: keyof M & string, listener: Listen): void {
    this.#emitter.on(event, this.#guarded(event, listener, true));
  }

  /** Removes the listener added last, as Node's emitter does. When none is found, eventemitter3 would remove all. */
  off(event: keyof M & string, listener: Listen): void {
    const guards = this.#emitter.listeners(event) as Guarded[];
    const guard = guards.findLast((g) => g.listener === listener);
    if (guard !== undefined) this.#emitter.off(event, guard);
  }

  has(event: keyof M & string): boolean {
    return this.#emitter.listenerCount(event) > 0;
  }

  emit<E extends keyof M & string>(event: E, ...args: M[E]): void {
    if (event === 'error' && !this.#isHeard(event) && !isLogged(args[0])) {
      this.#log().error({ err: args[0] }, 'an error that nobody listens for');
    }
    if (!this.has(event)) return;
    const deliver = (): void => {
      this.#emitter.emit(event, ...args);
    };
    if (this.#pending !== undefined) {
      this.#pending.push(deliver); // a call below us on the stack is delivering
      return;
    }
    this.#pending = [deliver];
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) next();
    this.#pending = undefined;
  }

  /** Whether some listener does more than count. */
  #isHeard(event: string): boolean {
    return (this.#emitter.listeners(event) as Guarded[]).some(({ isOnlooker }) => !isOnlooker);
  }

  #guarded(event: string, listener: Listen, isOnlooker = false): Guarded {
    if (typeof listener !== 'function') {
      throw new ElectionError('INVALID_OPTION', `\`listener\` must be a function; got ${show(listener)}`);
    }
    const complain = (err: unknown): void => this.#log().error({ err, event }, 'a listener failed');
    const context = new AsyncResource('EtcdLeaderListener');
    const guard = (...args: unknown[]): void => {
      try {
        const result: unknown = context.runInAsyncScope(
          listener as (...args: unknown[]) => unknown,
          this.#self,
          ...args,
        );
        if (isThenable(result)) result.then(undefined, complain);
      } catch (err) {
        complain(err);
      }
    };
    return Object.assign(guard, { listener, isOnlooker });
  }
}

/** A key that blocks an election is logged where it is found, whoever listens. */
function isLogged(error: unknown): boolean {
  return error instanceof ElectionError && error.code === 'BLOCKED';
}
