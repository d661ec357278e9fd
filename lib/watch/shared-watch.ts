import type { ElectionError } from '../errors.js';
import type { WatchEvent } from '../store/store.js';

export interface Follower {
  /** Something under the key has changed. Events of one key come in order and, in a row without `reset`, without gaps. */
  changed(event: WatchEvent): void;
  /** The watch was interrupted and runs again: what happened meanwhile is best learned by reading. */
  reset(): void;
  /** etcd refuses the watch; it is tried again. */
  refused(error: ElectionError): void;
}

/** What is followed: a key, or all keys from `key` up to `end`. */
export interface Subject {
  readonly key: string;
  readonly end?: string | undefined;
  /** It can wait while many watches are created. */
  readonly isPatient?: boolean;
}

/** A key and a range that begins with it are followed apart. */
export function nameOf({ key, end }: Subject): string {
  return end === undefined ? key : `${key}\0${end}`;
}

/** A key or range that is followed: one watch in etcd, however many follow it. */
export class SharedWatch implements Subject {
  readonly key: string;
  readonly end: string | undefined;
  isPatient: boolean;
  /** Of the watch in etcd. */
  id = 0;
  /** First revision that has not been seen. */
  next: bigint;
  isInterrupted = false;
  /** How often in a row etcd has refused it. */
  refusals = 0;
  cancelRetry: (() => void) | undefined;
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

  /** False: it was none. */
  remove(follower: Follower): boolean {
    const at = this.#followers.indexOf(follower);
    if (at >= 0) this.#followers.splice(at, 1);
    return at >= 0;
  }

  tell(say: (follower: Follower) => void): void {
    const [only] = this.#followers;
    if (only !== undefined && this.#followers.length === 1) return say(only);
    for (const follower of [...this.#followers]) {
      if (this.has(follower)) say(follower); // an earlier one may have made it leave
    }
  }
}
