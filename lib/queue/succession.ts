import type { Clock } from '../common/time.js';
import type { ElectionError } from '../errors.js';
import type { WatchEvent } from '../store/store.js';
import type { Follower, SharedWatch } from '../watch/shared-watch.js';
import type { Watcher } from '../watch/watcher.js';
import type { OwnKey } from './place.js';

export interface SuccessionHandlers {
  readonly own: OwnKey;
  /** At this revision the key before ours was deleted, and our key existed: it was the oldest. */
  inherited(revision: bigint): void;
  /** Our key was deleted. */
  keyGone(): void;
  /** Somebody has written our key, or the key before it. */
  written(event: WatchEvent): void;
  /**
   * Only a read can tell: the watch was interrupted, or the key before ours has gone while the watch is in doubt, or
   * the watch has not told of that in time.
   */
  doubted(): void;
  /** etcd refuses the watch, so that nothing is told; it is tried again. */
  rangeRefused(error: ElectionError): void;
}

/** Milliseconds in which this watch tells what another watch has told. */
const PATIENCE = 1_000;

/**
 * The watch by which the second in line is elected without a read: on the range from the smaller to the greater of our
 * key and the key before it. Other keys in between are ignored. It tells all that a watch on each of the two keys would
 * tell, so a candidate that joins as the second in line needs no other.
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
  readonly #on: SuccessionHandlers;
  readonly #watch: SharedWatch;
  /** On the clock: until then etcd may not have told yet what happened before the watch. */
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

  /** `head`: the key before ours, known to be the oldest. `since`: a revision at which both keys existed. */
  constructor(watcher: Watcher, clock: Clock, head: string, since: bigint, settlesAt: number, on: SuccessionHandlers) {
    this.#clock = clock;
    this.#since = since;
    this.#settlesAt = settlesAt;
    this.#on = on;
    const [key, last] = on.own.key < head ? [on.own.key, head] : [head, on.own.key];
    const range = { key, end: keyAfter(last), isFresh: settlesAt === 0, isShared: false, awaited: head };
    this.#watch = watcher.attach(range, since + 1n, this);
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
    if (isTold) this.#cancelPatience ??= this.#clock.after(PATIENCE, () => this.#on.doubted());
    return isTold;
  }

  close(): void {
    this.#watch.leave(this);
    this.#cancelPatience?.();
  }

  // ---- from the watch ----

  changed(event: WatchEvent): void {
    const { type, key, revision } = event;
    const isOurs = key === this.#on.own.key;
    if (!isOurs && key !== this.#watch.awaited) return;
    if (this.#since !== undefined && revision <= this.#since) return;
    if (type === 'put') this.#on.written(event);
    else if (isOurs) this.#on.keyGone();
    else this.#endedAt = revision;
  }

  /** Decides only when all events are told: within one revision, the deletion of our key may come second. */
  told(): void {
    const endedAt = this.#endedAt;
    if (endedAt === undefined) return;
    this.#endedAt = undefined;
    if (this.#isTrusted) this.#on.inherited(endedAt);
    else this.#on.doubted();
  }

  reset(): void {
    this.#isRefused = false;
    this.#doubt();
  }

  refused(error: ElectionError): void {
    this.#isRefused = true;
    if (this.#isTrusted) this.#doubt();
    this.#on.rangeRefused(error);
  }

  get #isTrusted(): boolean {
    return this.#since !== undefined;
  }

  #doubt(): void {
    this.#since = undefined;
    this.#isAsked = false;
    this.#on.doubted();
  }
}

/** The first key after this one. */
function keyAfter(key: string): string {
  return `${key}\0`;
}
