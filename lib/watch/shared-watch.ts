import type { ElectionError } from '../errors.js';
import type { ClientClosed, WatchEvent } from '../store/store.js';

/** One that follows a key or a range. */
export interface Follower {
  /** Something under the key has changed. Events come in order and, between two calls of `reset`, without gaps. */
  changed(event: WatchEvent): void;
  /** All events that etcd has told together have been passed on. A revision is never spread over two answers. */
  told?(): void;
  /** The watch was interrupted: read, because an event may have been missed. */
  reset(): void;
  /** etcd refuses the watch; it is tried again. */
  refused(error: ElectionError): void;
  /** The client is closed: nothing is told any more. Those who end with their lease need not know. */
  over?(error: ClientClosed): void;
}

/** What is followed: a key, or all keys from `key` up to `end`. */
export interface Subject {
  readonly key: string;
  readonly end?: string | undefined;
  /** The watch can wait while many watches are created. */
  readonly isPatient?: boolean;
  /** The watch continues what was read or written a moment ago. */
  readonly isFresh?: boolean;
  /** False: the range is of one follower, and others that follow the same range get a watch of their own. */
  readonly isShared?: boolean;
  /** The key of the range whose end is waited for; without it, `key`. */
  readonly awaited?: string;
}

/** A key is followed apart from a range that begins with it. */
export function subjectNameOf({ key, end }: Subject): string {
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

/** Ends what one follower wants of a watch. */
export type Leave = (watch: SharedWatch, follower: Follower) => void;

/** Shared by all watches with one follower. */
const NONE: readonly Follower[] = [];

/** A key or range that is followed: one watch in etcd, however many follow it. */
export class SharedWatch implements Subject {
  readonly key: string;
  readonly end: string | undefined;
  isPatient: boolean;
  readonly isFresh: boolean;
  readonly isShared: boolean;
  readonly awaited: string;
  state: WatchState = PENDING;
  /** The id of the watch in etcd. */
  id = 0;
  /** First revision that has not been seen. */
  next: bigint;
  /** Events may have been missed: the followers are told to read when the watch has been created again. */
  isInterrupted = false;
  /** How often in a row etcd has refused the watch. */
  refusals = 0;
  /** Nearly always there is one follower, and an array for each of thirty thousand watches takes megabytes. */
  #follower: Follower | undefined;
  #others: readonly Follower[] = NONE;

  readonly #leave: Leave;

  constructor(subject: Subject, from: bigint, leave: Leave = () => {}) {
    const { key, end, isPatient = false, isFresh = false, isShared = true, awaited = key } = subject;
    this.key = key;
    this.end = end;
    this.isPatient = isPatient;
    this.isFresh = isFresh;
    this.isShared = isShared;
    this.awaited = awaited;
    this.next = from;
    this.#leave = leave;
  }

  /**
   * The name by which others find this watch. A watch that is not shared needs none: ten thousand names take a
   * megabyte.
   */
  get name(): string | this {
    return this.isShared ? subjectNameOf(this) : this;
  }

  get isAbandoned(): boolean {
    return this.#follower === undefined;
  }

  has(follower: Follower): boolean {
    return this.#follower === follower || this.#others.includes(follower);
  }

  add(follower: Follower): void {
    if (this.#follower === undefined) this.#follower = follower;
    else this.#others = [...this.#others, follower];
  }

  /** This follower follows no more. */
  leave(follower: Follower): void {
    this.#leave(this, follower);
  }

  /** False: the follower did not follow. */
  remove(follower: Follower): boolean {
    if (!this.has(follower)) return false;
    if (this.#follower === follower) [this.#follower, ...this.#others] = this.#others;
    else this.#others = this.#others.filter((other) => other !== follower);
    if (this.#others.length === 0) this.#others = NONE;
    return true;
  }

  tell(say: (follower: Follower) => void): void {
    if (this.#follower === undefined) return;
    if (this.#others === NONE) return say(this.#follower);
    for (const follower of [this.#follower, ...this.#others]) {
      if (this.has(follower)) say(follower); // a follower that was told before may have made it leave
    }
  }
}
