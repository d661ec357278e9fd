import { ElectionError } from '../errors.js';
import type { Lease } from './lease.js';

/** One that uses a session's lease, and what it is told of it. */
export interface LeaseUser {
  /** Of its election. */
  readonly name: string;
  leased(lease: Lease): void;
  /** The lease must not be relied on any more; `leased` follows when there is another. */
  lost(lease: Lease, reason: ElectionError): void;
  /** No lease could be had; it is tried again. */
  failed(error: ElectionError): void;
  /** A regular refresh is about to be sent. */
  refreshing(): void;
  refreshed(info: { readonly roundTrip: number; readonly expiresIn: number }): void;
  suspended(error: ElectionError): void;
  resumed(): void;
  /** The session is being closed. */
  stop(reason: ElectionError): Promise<void>;
}

const TWO_IN_ONE =
  '`session` holds a place in this election for another candidate: waiting until that has left; two candidates take two sessions';

/**
 * Who uses a session's lease: one member in each election, since the lease is part of the key. What the roster is told it
 * passes on to all of them.
 */
export class LeaseUsers implements Omit<LeaseUser, 'name'> {
  /** By election. */
  readonly #members = new Map<string, LeaseUser>();
  /** Those whose place another member holds. */
  #blocked: LeaseUser[] = [];

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  /** Whether it is this member that holds the place in its election. */
  has(member: LeaseUser): boolean {
    return this.#members.get(member.name) === member;
  }

  /** False: another holds the place. The member is told so, and waits until that has left. */
  admit(member: LeaseUser): boolean {
    const holder = this.#members.get(member.name);
    if (holder !== undefined && holder !== member) {
      if (!this.#blocked.includes(member)) this.#blocked.push(member);
      member.failed(new ElectionError('INVALID_OPTION', TWO_IN_ONE));
      return false;
    }
    this.#members.set(member.name, member);
    return true;
  }

  /** Returns who has waited for the place that is free now, if somebody has. */
  remove(member: LeaseUser): LeaseUser | undefined {
    this.#blocked = this.#blocked.filter((blocked) => blocked !== member);
    if (!this.has(member)) return undefined;
    this.#members.delete(member.name);
    const next = this.#blocked.find((blocked) => blocked.name === member.name);
    if (next !== undefined) this.#blocked = this.#blocked.filter((blocked) => blocked !== next);
    return next;
  }

  /** Those that wait for a place, too. */
  async stop(reason: ElectionError): Promise<void> {
    await Promise.all([...this.#all(), ...this.#blocked].map((member) => member.stop(reason)));
    this.#members.clear();
  }

  leased(lease: Lease): void {
    for (const member of this.#all()) member.leased(lease);
  }

  lost(lease: Lease, reason: ElectionError): void {
    for (const member of this.#all()) member.lost(lease, reason);
  }

  failed(error: ElectionError): void {
    for (const member of this.#all()) member.failed(error);
  }

  refreshing(): void {
    for (const member of this.#members.values()) member.refreshing();
  }

  refreshed(info: { readonly roundTrip: number; readonly expiresIn: number }): void {
    for (const member of this.#members.values()) member.refreshed(info);
  }

  suspended(error: ElectionError): void {
    for (const member of this.#all()) member.suspended(error);
  }

  resumed(): void {
    for (const member of this.#all()) member.resumed();
  }

  /** A copy: members may come and go by what they are told. For a refresh, three in each TTL, ten thousand are not copied. */
  #all(): LeaseUser[] {
    return [...this.#members.values()];
  }
}
