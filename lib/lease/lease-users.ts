import type { ElectionError } from '../errors.js';
import type { Lease, RefreshInfo } from './lease.js';
import type { RefreshHandlers } from './refresher.js';

/** A candidate that uses a session's lease. */
export interface LeaseUser extends Pick<RefreshHandlers<RefreshInfo>, 'refreshing' | 'refreshed'> {
  /** The election's name. */
  readonly name: string;
  /** The user leaves within so many milliseconds and a second. */
  readonly releaseTimeout: number;
  /** There is a lease to join with. `lost` follows when nobody may rely on it any more, and then another `leased`. */
  leased(lease: Lease): void;
  /** Nobody may rely on this lease any more. */
  lost(lease: Lease, reason: ElectionError): void;
  /**
   * etcd has granted no lease; the next attempt is under way. False: nobody listens to this user, so the log must say
   * it.
   */
  notGranted(error: ElectionError): boolean;
  /** etcd does not answer. Told once, until it answers again. */
  suspended(error: ElectionError): void;
  /** etcd answers again. */
  resumed(): void;
  /** The session is being closed. */
  stop(reason: ElectionError): Promise<void>;
}

/**
 * The users of one lease: one in each election, since the lease is part of the key. Iterating goes over a copy, because
 * users come and go by what they are told.
 */
export class LeaseUsers implements Iterable<LeaseUser> {
  /** The user of each election, by the election's name. */
  readonly #users = new Map<string, LeaseUser>();
  /** Users that wait for a place that another user holds. */
  #blocked: LeaseUser[] = [];

  get isEmpty(): boolean {
    return this.#users.size === 0;
  }

  /** Milliseconds: the longest of all users; 0 without users. */
  get releaseTimeout(): number {
    return Math.max(0, ...[...this, ...this.#blocked].map(({ releaseTimeout }) => releaseTimeout));
  }

  [Symbol.iterator](): Iterator<LeaseUser> {
    return [...this.#users.values()][Symbol.iterator]();
  }

  /** Whether this user holds the place of its election. */
  has(user: LeaseUser): boolean {
    return this.#users.get(user.name) === user;
  }

  /** Whether some user holds the place of this election. */
  isTaken(election: string): boolean {
    return this.#users.has(election);
  }

  /** False: another user holds the place; this one waits until the other has left. */
  admit(user: LeaseUser): boolean {
    const holder = this.#users.get(user.name);
    if (holder !== undefined && holder !== user) {
      if (!this.#blocked.includes(user)) this.#blocked.push(user);
      return false;
    }
    this.#users.set(user.name, user);
    return true;
  }

  /** Returns the user that has waited for the place, if there is one: it holds the place now. */
  remove(user: LeaseUser): LeaseUser | undefined {
    this.#blocked = this.#blocked.filter((blocked) => blocked !== user);
    if (!this.has(user)) return undefined;
    this.#users.delete(user.name);
    const next = this.#blocked.find((blocked) => blocked.name === user.name);
    if (next === undefined) return undefined;
    this.#blocked = this.#blocked.filter((blocked) => blocked !== next);
    this.#users.set(next.name, next);
    return next;
  }

  /** Stops all of them, those that wait for a place too. */
  async stop(reason: ElectionError): Promise<void> {
    await Promise.all([...this, ...this.#blocked].map((user) => user.stop(reason)));
    this.#users.clear();
  }
}
