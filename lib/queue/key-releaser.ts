import { insist } from '../common/insist.js';
import type { Clock } from '../common/time.js';
import { ClientClosed, type WatchEvent } from '../store/store.js';
import type { Watcher } from '../watch/watcher.js';
import type { OwnKey } from './place.js';
import type { Queue } from './queue.js';

/**
 * Milliseconds after which etcd no longer carries out a join that was sent before we left: it gives requests up after 7
 * s (`ReqTimeout` in server/config/config.go: 5 s and twice the election timeout, which is 1 s by default).
 */
const ECHOES_FOR = 10_000;

/** A key that its candidate does not want any more. */
export interface UnwantedKey {
  readonly election: string;
  readonly lease: bigint;
  /** undefined: whatever key a join without an answer may have left. */
  readonly own: OwnKey | undefined;
  /** The candidate does not queue again at once. */
  readonly isLast: boolean;
  /** Is told of the first attempt that fails. */
  readonly failed: (error: unknown) => void;
}

/** A deletion that etcd has not confirmed: the key may still be there, and our request may still arrive. */
interface Deletion {
  /** The key's; undefined: nobody has seen the key, and there may be none. */
  readonly createRevision: bigint | undefined;
  /** Resolves when etcd has confirmed the deletion, or when no further attempt is made. Never rejects. */
  readonly done: Promise<void>;
}

/**
 * Deletes keys on a lease that lives on: the lease of a session with other elections, or of a candidate that queues
 * again. As long as the lease is refreshed, such a key would stand in the queue with no candidate behind it. So the
 * deletion is repeated until etcd has confirmed it. And since etcd can carry out a join twice (a lost reply, a repeated
 * request), the key is watched for a while in case it comes back. Curator calls this a guaranteed delete.
 *
 * This is the only place that knows which deletions etcd has not confirmed. Whoever joins on the same lease asks here:
 * it would take the key for its own, and lose it to the late request.
 */
export class KeyReleaser {
  readonly #clock: Clock;
  readonly #watcher: Watcher;
  readonly #holds: (lease: bigint) => boolean;
  /** By election: the deletions that etcd has not confirmed. */
  readonly #deletions = new Map<string, Set<Deletion>>();
  /** By election: ends the watch for a key that comes back. */
  readonly #listening = new Map<string, () => void>();
  #scope = new AbortController();

  /** `holds`: whether a lease is ours at this moment. The keys of any other lease end with it. */
  constructor(clock: Clock, watcher: Watcher, holds: (lease: bigint) => boolean) {
    this.#clock = clock;
    this.#watcher = watcher;
    this.#holds = holds;
  }

  /** Resolves when no unwanted key is there, or may still come; undefined: there is none. */
  obstacle(election: string): Promise<void> | undefined {
    return allOf([...(this.#deletions.get(election) ?? [])]);
  }

  /**
   * As {@link obstacle}, for a join that asks `isUnwanted()` about the key that it finds: keys that nobody has seen
   * yet.
   */
  unseen(election: string): Promise<void> | undefined {
    const deletions = [...(this.#deletions.get(election) ?? [])];
    return allOf(deletions.filter(({ createRevision }) => createRevision === undefined));
  }

  /** Whether the key of this create revision is being deleted. */
  isUnwanted(election: string, createRevision: bigint): boolean {
    return [...(this.#deletions.get(election) ?? [])].some((deletion) => deletion.createRevision === createRevision);
  }

  /**
   * A join that was given up is under way, and will release the key it gets: no other join may begin before its end.
   */
  blockUntil(election: string, join: Promise<unknown>): void {
    this.#note(election, undefined, join);
  }

  /**
   * Releases the key, and tries again for as long as its lease is ours. Resolves to true when etcd has confirmed that
   * the key is gone, and to false when no further attempt is made. Never rejects.
   */
  release(queue: Queue, unwanted: UnwantedKey): Promise<boolean> {
    const { election, lease, own, isLast, failed } = unwanted;
    if (!this.#holds(lease)) return this.#releaseOnce(queue, own, failed);
    if (own === undefined) {
      this.#listen(election, queue, queue.keyOf(lease), lease, 0n);
      return this.#withdraw(election, queue, lease, failed);
    }
    if (isLast) this.#listen(election, queue, own.key, own.lease, own.createRevision);
    return this.#delete(election, queue, own, failed);
  }

  /**
   * Makes attempts until one succeeds or the lease is given up. `failed` is told of the first attempt that fails. Never
   * rejects.
   */
  insist(attempt: () => Promise<unknown>, failed: UnwantedKey['failed'] = () => {}): Promise<boolean> {
    let isFirst = true;
    return insist(this.#clock, attempt, {
      signal: this.#scope.signal,
      failed: (err) => {
        if (isFirst) failed(err);
        isFirst = false;
        return !(err instanceof ClientClosed);
      },
    });
  }

  /** A candidate is about to write the key again. */
  claim(election: string): void {
    this.#listening.get(election)?.();
  }

  /** The lease is given up: its keys end with it. */
  forget(): void {
    this.#scope.abort(null); // without a reason of its own an abort makes an exception, with its stack
    this.#scope = new AbortController();
    this.#deletions.clear();
    for (const end of [...this.#listening.values()]) end();
  }

  /** `after`: create revision of the key that is being released. */
  #listen(election: string, queue: Queue, key: string, lease: bigint, after: bigint): void {
    this.claim(election);
    const unfollow = this.#watcher.follow({ key, isPatient: true }, after + 1n, {
      changed: ({ kv }: WatchEvent) => {
        if (kv?.lease !== lease || kv.createRevision <= after) return;
        void this.#delete(election, queue, { key, createRevision: kv.createRevision, lease });
      },
      reset: () => void this.#withdraw(election, queue, lease),
      refused: () => {},
    });
    const end = (): void => {
      unfollow();
      cancel();
      this.#listening.delete(election);
    };
    const cancel = this.#clock.after(ECHOES_FOR, end);
    this.#listening.set(election, end);
  }

  /** The lease was given up, and whoever has given it up sees to its end. */
  async #releaseOnce(queue: Queue, own: OwnKey | undefined, failed: UnwantedKey['failed']): Promise<boolean> {
    try {
      if (own !== undefined) await queue.release(own);
      return true;
    } catch (err) {
      failed(err);
      return false;
    }
  }

  #delete(election: string, queue: Queue, own: OwnKey, failed?: UnwantedKey['failed']): Promise<boolean> {
    const deleted = this.insist(() => queue.release(own), failed);
    this.#note(election, own.createRevision, deleted);
    return deleted;
  }

  /** Releases whatever key there is on the lease in this election. */
  #withdraw(election: string, queue: Queue, lease: bigint, failed?: UnwantedKey['failed']): Promise<boolean> {
    const { signal } = this.#scope;
    const withdrawn = this.insist(() => queue.withdraw(lease, signal), failed);
    this.#note(election, undefined, withdrawn);
    return withdrawn;
  }

  #note(election: string, createRevision: bigint | undefined, ended: Promise<unknown>): void {
    const deletions = this.#deletions.get(election) ?? new Set();
    this.#deletions.set(election, deletions);
    const done = ended.then(() => {
      deletions.delete(deletion);
      if (deletions.size === 0 && this.#deletions.get(election) === deletions) this.#deletions.delete(election);
    });
    const deletion = { createRevision, done };
    deletions.add(deletion);
  }
}

function allOf(deletions: readonly Deletion[]): Promise<void> | undefined {
  if (deletions.length === 0) return undefined;
  return Promise.all(deletions.map(({ done }) => done)).then(() => {});
}
