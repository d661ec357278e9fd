import { Backoff } from './backoff.js';
import type { Candidacy, Head } from './candidacy.js';
import { ElectionError } from './errors.js';
import type { Follower } from './followed.js';
import type { KeyValue, WatchEvent } from './store.js';
import { type Clock, soon } from './time.js';
import type { Watches } from './watches.js';

export interface ObserverHandlers {
  /** Somebody else leads, or nobody does, or the leader announces another value. */
  changed(head: KeyValue | undefined): void;
  failed(error: ElectionError): void;
}

/**
 * ms after a change of leader before anybody reads who is next: that one itself reads now, and then knows already. In a long
 * queue it takes longer, since etcd tells every observer that the leader is gone.
 */
const HEAD_START = 5;
const HEAD_START_EACH = 0.25;
const LONGEST_HEAD_START = 250;
/** So many ms for each candidate, and so many at the most, are the reads then spread over: each costs etcd a look at all keys. */
const SPREAD_EACH = 2;
const LONGEST_SPREAD = 2_000;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/**
 * Follows the head of the queue: its key while there is one, the whole range while there is none. A change of leader is a
 * change of key, whatever the values.
 *
 * When the head goes, the next is learned by a read. The observers of a long queue read one after the other rather
 * than all at once, since the one candidate that is to lead now reads at the same moment, and should not have to wait.
 */
export class Observer implements Follower {
  readonly #candidacy: Candidacy;
  readonly #watch: Watches;
  readonly #clock: Clock;
  readonly #on: ObserverHandlers;
  readonly #backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  /** What was told last; undefined before the first time. */
  #told: { readonly kv: KeyValue | undefined } | undefined;
  /** The first of a queue that was empty; more of them may be told in this turn. */
  #arrived: KeyValue | undefined;
  #revision = 0n;
  #count = 0;
  #unfollow: (() => void) | undefined;
  #cancelRead: (() => void) | undefined;
  #isReading = false;
  #isStale = false;
  #isClosed = false;

  constructor(candidacy: Candidacy, watch: Watches, clock: Clock, on: ObserverHandlers) {
    this.#candidacy = candidacy;
    this.#watch = watch;
    this.#clock = clock;
    this.#on = on;
  }

  /** Reads at once. */
  start(): void {
    this.#read();
  }

  /** Somebody has read the head already. Older news than we have is none. */
  learn({ kv, revision, count = this.#count }: Omit<Head, 'count'> & { readonly count?: number }): void {
    if (this.#isClosed || revision < this.#revision) return;
    this.#count = count;
    this.#cancelRead?.();
    this.#cancelRead = undefined;
    this.#accept(kv, revision);
  }

  /** The head as far as it is known. */
  get head(): KeyValue | undefined {
    return this.#told?.kv;
  }

  close(): void {
    this.#isClosed = true;
    this.#unfollow?.();
    this.#cancelRead?.();
  }

  changed(event: WatchEvent): void {
    if (event.revision <= this.#revision) return;
    const head = this.#told?.kv;
    if (head === undefined) {
      if (event.kv !== undefined && this.#candidacy.isCandidateKey(event.key)) this.#onArrival(event.kv);
    } else if (event.type === 'put' && event.kv?.createRevision === head.createRevision) {
      this.#accept(event.kv, event.revision);
    } else {
      this.#revision = event.revision;
      const others = Math.max(0, this.#count - 2);
      this.#readIn(HEAD_START + Math.min(LONGEST_HEAD_START, HEAD_START_EACH * others) + spread(others));
    }
  }

  reset(): void {
    this.#readIn(spread(this.#count));
  }

  refused(error: ElectionError): void {
    this.#on.failed(error);
  }

  /** The first key of an empty queue is its oldest; of several in one revision, all told in this turn, the first by name. */
  #onArrival(kv: KeyValue): void {
    const first = this.#arrived;
    if (first === undefined) soon(() => this.#settleArrival());
    if (first === undefined || (kv.createRevision === first.createRevision && kv.key < first.key)) this.#arrived = kv;
  }

  #settleArrival(): void {
    const first = this.#arrived;
    this.#arrived = undefined;
    if (first === undefined || this.#isClosed || first.modRevision <= this.#revision) return;
    this.#accept(first, first.modRevision);
  }

  #accept(kv: KeyValue | undefined, revision: bigint): void {
    const before = this.#told;
    this.#revision = revision;
    this.#told = { kv };
    const isSameKey = before !== undefined && before.kv?.createRevision === kv?.createRevision;
    if (!isSameKey || this.#unfollow === undefined) {
      this.#unfollow?.();
      this.#unfollow = this.#watch.follow(kv ?? this.#candidacy.range, revision + 1n, this);
    }
    if (!isSameKey || before.kv?.modRevision !== kv?.modRevision) this.#on.changed(kv);
  }

  #readIn(ms: number): void {
    this.#cancelRead?.();
    this.#cancelRead = this.#clock.after(ms, () => this.#read());
  }

  #read(): void {
    this.#cancelRead?.();
    this.#cancelRead = undefined;
    if (this.#isReading) {
      this.#isStale = true; // what is being read may be older than what made us read again
      return;
    }
    this.#isReading = true;
    this.#isStale = false;
    this.#candidacy
      .head(() => this.#isClosed)
      .then(
        (head) => {
          this.#isReading = false;
          this.#backoff.reset();
          this.learn(head);
          if (this.#isStale && !this.#isClosed) this.#read();
        },
        (err: unknown) => {
          this.#isReading = false;
          if (this.#isClosed) return;
          this.#readIn(this.#backoff.next());
          this.#on.failed(
            err instanceof ElectionError ? err : new ElectionError('UNAVAILABLE', String(err), { cause: err }),
          );
        },
      );
  }
}

/** ms */
function spread(candidates: number): number {
  return Math.random() * Math.min(LONGEST_SPREAD, SPREAD_EACH * candidates);
}
