import { Reminders } from '../common/reminders.js';
import type { Clock } from '../common/time.js';
import type { ElectionError } from '../errors.js';
import type { Logger } from '../log.js';
import type { LeaseUser } from './lease-users.js';

/** For the log: for how many milliseconds etcd has not answered; empty when the silence has just begun. */
export interface OutageFields {
  readonly lasts?: number;
}

/**
 * Whether etcd answers what is asked about the lease of a session. The users are told when it does not and when it does
 * again, and the log at growing intervals in between.
 */
export class Suspension {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #users: Iterable<LeaseUser>;
  /** Why etcd does not answer, since when (on the clock), and what the log is told of it. */
  #present: { error: ElectionError; readonly since: number; readonly reminders: Reminders } | undefined;

  constructor(clock: Clock, log: Logger, users: Iterable<LeaseUser>) {
    this.#clock = clock;
    this.#log = log;
    this.#users = users;
  }

  /** Why etcd does not answer; undefined while it does. */
  get error(): ElectionError | undefined {
    return this.#present?.error;
  }

  /** A request about the lease has failed. Returns what to log of it, if the log is to be told now. */
  failed(error: ElectionError, what: string): OutageFields | undefined {
    const now = this.#clock.now();
    const before = this.#present;
    const present = before ?? { error, since: now, reminders: new Reminders() };
    present.error = error;
    this.#present = present;
    if (before === undefined) for (const user of this.#users) user.suspended(error);
    const since = present.reminders.due(`${what} ${error.code}`, now);
    if (since === undefined) return undefined;
    return since === 0 ? {} : { lasts: Math.round(now - present.since) };
  }

  /** etcd has answered. */
  answered(): void {
    if (this.#present === undefined) return;
    const lasted = Math.round(this.#clock.now() - this.#present.since);
    this.#present = undefined;
    this.#log.info({ lasted }, 'etcd answers again');
    for (const user of this.#users) user.resumed();
  }
}
