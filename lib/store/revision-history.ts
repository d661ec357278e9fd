import type { Clock } from '../common/time.js';
import type { Header } from './store.js';

/**
 * Milliseconds for which etcd must give nothing but older answers before they are believed to be a new history: one
 * member that lags, or a known fault of old releases, gives them for less time. And a leader that nobody has told of
 * the new history has given up by then, because its lease is not in it.
 */
const PATIENCE = 10_000;

/** Milliseconds without an older answer after which the waiting begins anew. */
const GAP = 5_000;

/** Answers that are older than what was seen: nothing newer has come in between. They may be of a new epoch. */
interface OlderAnswers {
  /** When the first of them came. */
  readonly since: number;
  /** When the last of them came. */
  readonly last: number;
  /** The newest revision that they tell. */
  readonly revision: bigint;
  readonly cluster: bigint | undefined;
  /** One of them came from another cluster than the one that is believed. */
  readonly isOfOther: boolean;
}

export type Verdict = 'current' | 'older' | 'new epoch';

/**
 * The newest revision that this client has seen, by any answer or event. etcd's revisions never go back, so an answer
 * with a lower one is older than what was seen, and must not be believed. They go back all the same when a data folder
 * was emptied or a snapshot was restored: then all answers are older, or name another cluster, for good.
 */
export class RevisionHistory {
  readonly #clock: Clock;
  #patience = PATIENCE;
  #revision = 0n;
  #cluster: bigint | undefined;
  #epoch = 0;
  #older: OlderAnswers | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The newest revision that was seen. */
  get revision(): bigint {
    return this.#revision;
  }

  /**
   * The newest revision of the older answers, if there are any. A request that is sent after them, and is answered with
   * a lower revision, shows that etcd has begun anew once more.
   */
  get doubted(): bigint | undefined {
    return this.#older?.revision;
  }

  /** How often the history has begun anew. Revisions compare only within one epoch. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Whether revisions of an earlier epoch may still be around. */
  get hasBegunAnew(): boolean {
    return this.#epoch > 0;
  }

  /** No new epoch is believed before `ms` have passed: leaders of the old one may go by their leases for so long. */
  waitAtLeast(ms: number): void {
    this.#patience = Math.max(this.#patience, ms);
  }

  /** A watch has told of this revision, or the answer to a refresh. */
  saw(revision: bigint): void {
    if (revision <= this.#revision) return;
    // An event may not name its cluster, and another cluster has revisions of its own.
    if (this.#older?.isOfOther === true) return;
    this.#revision = revision;
    this.#older = undefined;
  }

  /** Whether another cluster has answered than the one that is believed. */
  isOfOther(cluster: bigint | undefined): boolean {
    return areDifferent(cluster, this.#cluster);
  }

  /**
   * Whether an answer is older than what was seen before the request was sent. That of one member alone, as the answer
   * to a refresh is, proves nothing more: the member may lag.
   */
  isOlder({ revision, cluster }: Header, seen: bigint): boolean {
    return revision < seen || this.isOfOther(cluster);
  }

  /**
   * Judges an answer for which etcd has asked a majority. `seen`: the newest revision that was seen before the request
   * was sent; `doubted`: what {@link doubted} was then.
   */
  judge({ revision, cluster }: Header, seen: bigint, doubted: bigint | undefined): Verdict {
    const isOfOther = this.isOfOther(cluster);
    if (revision >= seen && !isOfOther) {
      this.#cluster ??= cluster;
      this.#older = undefined;
      if (revision > this.#revision) this.#revision = revision;
      return 'current';
    }
    const { since } = this.#doubt({ revision, cluster }, doubted);
    if (this.#clock.now() - since < this.#patience) return 'older';
    this.#older = undefined;
    this.#epoch++;
    this.#revision = revision;
    this.#cluster = cluster;
    return 'new epoch';
  }

  /**
   * Takes an older answer down. When etcd has gone back once more, or names yet another cluster, the waiting begins
   * anew: leaders of the epoch in between may go by their leases.
   */
  #doubt({ revision, cluster }: Header, doubted: bigint | undefined): OlderAnswers {
    const now = this.#clock.now();
    const before = this.#older !== undefined && now - this.#older.last <= GAP ? this.#older : undefined;
    const hasGoneBack = doubted !== undefined && revision < doubted;
    const isSame = before !== undefined && !hasGoneBack && !areDifferent(cluster, before.cluster);
    this.#older = {
      since: isSame ? before.since : now,
      last: now,
      revision: isSame && before.revision > revision ? before.revision : revision,
      cluster: cluster ?? (isSame ? before.cluster : undefined),
      isOfOther: this.isOfOther(cluster) || before?.isOfOther === true,
    };
    return this.#older;
  }
}

/** What an answer does not say makes no difference. */
function areDifferent(a: bigint | undefined, b: bigint | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}
