import type { ElectionError } from '../errors.js';
import type { WatchEvent } from '../store/store.js';

/** One that follows a key or a range. */
export interface Follower {
  /** Something under the key has changed. Events come in order and, between two calls of `reset`, without gaps. */
  changed(event: WatchEvent): void;
  /** The watch was interrupted: read, because an event may have been missed. */
  reset(): void;
  /** etcd refuses the watch; it is tried again. */
  refused(error: ElectionError): void;
}

/** What is followed: a key, or all keys from `key` up to `end`. */
export interface Subject {
  readonly key: string;
  readonly end?: string | undefined;
  /** The watch can wait while many watches are created. */
  readonly isPatient?: boolean;
}

/** A key and a range that begins with the key are followed apart. */
export function nameOf({ key, end }: Subject): string {
  return end === undefined ? key : `${key}\0${end}`;
}

/**
 * Where a watch stands with etcd.
 *
 * - **pending**: it waits for its turn, or for a stream.
 * - **asked**: etcd was asked for it, and has not answered.
 * - **created**: etcd tells its events.
 * - **refused**: etcd refuses it; it is asked for again after a pause.
 */
export type WatchState =
  | { readonly name: 'pending' }
  | { readonly name: 'asked' }
  | { readonly name: 'created' }
  | { readonly name: 'refused'; readonly cancelRetry: () => void };

/** Shared by all watches: there may be twenty thousand. */
export const PENDING: WatchState = { name: 'pending' };
export const ASKED: WatchState = { name: 'asked' };
export const CREATED: WatchState = { name: 'created' };

/** A key or range that is followed: one watch in etcd, however many follow it. */
export class SharedWatch implements Subject {
  readonly key: string;
  readonly end: string | undefined;
  isPatient: boolean;
  state: WatchState = PENDING;
  /** The id of the watch in etcd. */
  id = 0;
  /** First revision that has not been seen. */
  next: bigint;
  /** Events may have been missed: the followers are told to read when the watch has been created again. */
  isInterrupted = false;
  /** How often in a row etcd has refused it. */
  refusals = 0;
  readonly #followers: Follower[] = [];

  constructor({ key, end, isPatient = false }: Subject, from: bigint) {
    this.key = key;
    this.end = end;
    this.isPatient = isPatient;
    this.next = from;
  }

  get isAbandoned(): boolean {
    return this.#followers.length === 0;
  }

  has(follower: Follower): boolean {
    return this.#followers.includes(follower);
  }

  add(follower: Follower): void {
    this.#followers.push(follower);
  }

  /** False: it did not follow. */
  remove(follower: Follower): boolean {
    const at = this.#followers.indexOf(follower);
    if (at >= 0) this.#followers.splice(at, 1);
    return at >= 0;
  }

  tell(say: (follower: Follower) => void): void {
    const [only] = this.#followers;
    if (only !== undefined && this.#followers.length === 1) return say(only);
    for (const follower of [...this.#followers]) {
      if (this.has(follower)) say(follower); // a follower that was told before may have made it leave
    }
  }
}
