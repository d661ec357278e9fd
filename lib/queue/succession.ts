import type { Clock } from '../common/time.js';
import type { ElectionError } from '../errors.js';
import type { WatchEvent } from '../store/store.js';
import type { Follower, SharedWatch } from '../watch/shared-watch.js';
import type { Watcher } from '../watch/watcher.js';
import type { OwnKey } from './place.js';

/** The second in line, and the range that it follows. */
export interface SuccessionParts {
  readonly watcher: Watcher;
  readonly clock: Clock;
  readonly own: OwnKey;
  /** The key before ours, known to be the oldest. */
  readonly head: string;
  /** A revision at which both keys existed. */
  readonly since: bigint;
  /** On the clock: until then etcd may not have told yet what happened before the watch. */
  readonly settlesAt: number;
}

/** Milliseconds in which this watch tells what another watch has told. */
const PATIENCE = 1_000;

/**
 * The watch by which the second in line is elected without a read: on the range from the smaller to the greater of our
 * key and the key before it. Other keys in between are ignored. It tells all that a watch on each of the two keys would
 * tell, so a candidate that joins as the second in line needs no other: what concerns the two keys is passed on to the
 * follower of both. It is told to read (`reset`) also when the key before ours has gone while this watch is in doubt,
 * or has not told so in time. The end of the key before ours is not passed on when it proves more: `inheritedAt`.
 *
 * Two watches would not do, because order holds within a watch only: the end of the key before ours could be told
 * before an earlier end of our own key. Within one watch etcd tells both in the order of their revisions, and all of
 * one revision together. The key before ours is the oldest, and stays so until it is deleted. When its deletion at
 * revision R is told, and no deletion of ours up to and including R, then our key existed at R and was the oldest.
 *
 * - **trusted**: there was no gap since a revision at which both keys existed. Ends when the watch is interrupted.
 * - **in doubt**: events may have been missed, and nothing is inherited. Ends with a read that began after the doubt
 *   and finds both keys, unless etcd refuses the watch at that time.
 */
export class Succession implements Follower {
  readonly #clock: Clock;
  readonly #own: OwnKey;
  readonly #follower: Follower;
  readonly #watch: SharedWatch;
  readonly #settlesAt: number;
  /** A revision at which both keys existed, and since which nothing was missed; undefined: in doubt. */
  #since: bigint | undefined;
  /** When the key before ours was deleted, while the rest of the answer is being told. */
  #endedAt: bigint | undefined;
  /** A read is under way that began after the last doubt. */
  #isAsked = false;
  #isRefused = false;
  /** Another watch has told that the key before ours is gone, and this watch has not told so yet. */
  #cancelPatience: (() => void) | undefined;

  /** `follower`: is told what concerns the two keys, as a follower of each of them would be. */
  constructor({ watcher, clock, own, head, since, settlesAt }: SuccessionParts, follower: Follower) {
    this.#clock = clock;
    this.#own = own;
    this.#follower = follower;
    this.#settlesAt = settlesAt;
    this.#since = since;
    const [key, last] = own.key < head ? [own.key, head] : [head, own.key];
    const range = { key, end: keyAfter(last), isFresh: settlesAt === 0, isShared: false, awaited: head };
    this.#watch = watcher.attach(range, since + 1n, this);
  }

  /**
   * While the follower is `told()`: at this revision the key before ours was deleted, and our key existed, so that it
   * was the oldest. Undefined: nothing of the kind was told.
   */
  get inheritedAt(): bigint | undefined {
    return this.#isTrusted ? this.#endedAt : undefined;
  }

  /** A read begins. */
  asked(): void {
    this.#isAsked = true;
  }

  /** The read has found both keys at this revision. */
  confirm(revision: bigint): void {
    if (this.#isAsked && !this.#isRefused) this.#since ??= revision;
  }

  /**
   * Another watch has told that the key before ours is gone. True: this one tells so too, and proves more. False: it is
   * in doubt or may not have caught up, so only a read can tell.
   */
  expectEnd(): boolean {
    const isTold = this.#isTrusted && this.#clock.now() >= this.#settlesAt;
    if (isTold) this.#cancelPatience ??= this.#clock.after(PATIENCE, () => this.#follower.reset());
    return isTold;
  }

  close(): void {
    this.#watch.leave(this);
    this.#cancelPatience?.();
  }

  // ---- from the watch ----

  changed(event: WatchEvent): void {
    const { type, key, revision } = event;
    const isHead = key === this.#watch.awaited;
    if (!isHead && key !== this.#own.key) return;
    if (this.#since !== undefined && revision <= this.#since) return;
    if (isHead && type === 'delete') this.#endedAt = revision;
    else this.#follower.changed(event);
  }

  /** Decides only when all events are told: within one revision, the deletion of our key may come second. */
  told(): void {
    if (this.#endedAt === undefined) return;
    if (this.#isTrusted) this.#follower.told?.();
    else this.#follower.reset();
    this.#endedAt = undefined;
  }

  reset(): void {
    this.#isRefused = false;
    this.#doubt();
  }

  refused(error: ElectionError): void {
    this.#isRefused = true;
    if (this.#isTrusted) this.#doubt();
    this.#follower.refused(error);
  }

  /** etcd refuses the watch, so that nothing is told; it is tried again. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  get #isTrusted(): boolean {
    return this.#since !== undefined;
  }

  #doubt(): void {
    this.#since = undefined;
    this.#isAsked = false;
    this.#follower.reset();
  }
}

/** The first key after this one. */
function keyAfter(key: string): string {
  return `${key}\0`;
}
