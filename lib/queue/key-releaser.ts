import { Backoff } from '../common/backoff.js';
import { type Clock, sleep } from '../common/time.js';
import type { WatchEvent } from '../store/store.js';
import type { Watcher } from '../watch/watcher.js';
import type { OwnKey, Queue } from './queue.js';

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;
/** ms after which a join that was sent before we left is not carried out any more: etcd gives requests up after 7 s. */
const ECHOES_FOR = 10_000;

/** A place in the queue that its candidate does not want any more. */
export interface GivenUp {
  readonly election: string;
  readonly lease: bigint;
  /** undefined: whatever key a join without an answer may have left. */
  readonly own: OwnKey | undefined;
  /** The candidate does not return at once. */
  readonly isLast: boolean;
}

interface Blocking {
  readonly done: Promise<void>;
  /** Need not wait. */
  readonly unless: Queue | undefined;
}

/**
 * Keys that candidates leave behind on a lease that lives on: of a session with other elections, or of a candidate that
 * returns. As long as the lease is refreshed such a key would stand in the queue with nobody behind it. So it is given
 * back until etcd has confirmed that; and since a join can be carried out twice (a lost reply, a repeated request), it is
 * watched for a while whether it comes back.
 */
export class KeyReleaser {
  readonly #clock: Clock;
  readonly #watch: Watcher;
  /** By election: who joins meanwhile would be taken for what is left, or would take that up. */
  readonly #blocking = new Map<string, Blocking>();
  /** By election: ends the wait for echoes. */
  readonly #listening = new Map<string, () => void>();
  #scope = new AbortController();

  constructor(clock: Clock, watch: Watcher) {
    this.#clock = clock;
    this.#watch = watch;
  }

  /** Resolves when nothing is left in the way of a join; undefined: nothing is. */
  blocking(election: string, queue: Queue): Promise<void> | undefined {
    const blocking = this.#blocking.get(election);
    return blocking?.unless === queue ? undefined : blocking?.done;
  }

  /** No key yet, but a join that may make one, of which nobody will want to know: until it has given that back. */
  bar(election: string, join: Promise<void>): void {
    this.#block(election, join, undefined);
  }

  /** Settles as the first attempt does. */
  giveBack(queue: Queue, { election, lease, own, isLast }: GivenUp): Promise<void> {
    if (own === undefined) {
      this.#listen(election, queue, queue.keyOf(lease), lease, 0n);
      return this.#withdraw(election, queue, lease);
    }
    if (isLast) this.#listen(election, queue, own.key, own.lease, own.createRevision);
    const leave = (): Promise<void> => queue.leave(own);
    const first = leave();
    // Its own candidacy can tell it from a new one.
    this.#block(election, this.#insist(first, leave), queue);
    return first;
  }

  /** The key is about to be wanted again. */
  claim(election: string): void {
    this.#listening.get(election)?.();
  }

  /** The lease is given up: its keys end with it. */
  forget(): void {
    this.#scope.abort(null); // without a reason of its own an abort makes an exception, with its stack
    this.#scope = new AbortController();
    this.#blocking.clear();
    for (const end of [...this.#listening.values()]) end();
  }

  /** `after`: create revision of the key that is being given back. */
  #listen(election: string, queue: Queue, key: string, lease: bigint, after: bigint): void {
    this.claim(election);
    const unfollow = this.#watch.follow({ key, isPatient: true }, after + 1n, {
      changed: ({ kv }: WatchEvent) => {
        if (kv?.lease !== lease || kv.createRevision <= after) return;
        const leave = (): Promise<void> => queue.leave({ key, createRevision: kv.createRevision, lease });
        void this.#insist(leave(), leave);
      },
      // The first attempt's failure concerns nobody: it is insisted on.
      reset: () => void this.#withdraw(election, queue, lease).catch(() => {}),
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

  /** Whatever key there is on the lease in this election. */
  #withdraw(election: string, queue: Queue, lease: bigint): Promise<void> {
    const { signal } = this.#scope;
    const withdraw = (): Promise<void> => queue.withdraw(lease, signal);
    const first = withdraw();
    this.#block(election, this.#insist(first, withdraw), undefined);
    return first;
  }

  #block(election: string, insisted: Promise<void>, unless: Queue | undefined): void {
    const before = this.#blocking.get(election);
    const done = Promise.all([before?.done, insisted]).then(() => {
      if (this.#blocking.get(election) === blocking) this.#blocking.delete(election);
    });
    const blocking = { done, unless: before === undefined || before.unless === unless ? unless : undefined };
    this.#blocking.set(election, blocking);
  }

  /** Never rejects. */
  async #insist(first: Promise<void>, again: () => Promise<void>): Promise<void> {
    const { signal } = this.#scope;
    const backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
    for (let attempt = first; ; attempt = again()) {
      try {
        await attempt;
        return;
      } catch {
        if (!(await sleep(this.#clock, backoff.next(), signal))) return;
      }
    }
  }
}
