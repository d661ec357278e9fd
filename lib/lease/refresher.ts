import type { Clock } from '../common/time.js';
import { ElectionError, toElectionError } from '../errors.js';
import type { Header, KeepAliveStream, Store } from '../store/store.js';

/** What is told of a lease that is being refreshed: to the lease, and by the lease to its manager. */
export interface RefreshHandlers<Answer> {
  /** A regular refresh is about to be sent; not told before the repeated attempts. */
  refreshing(): void;
  /** The lease was refreshed. */
  refreshed(answer: Answer): void;
  /** An attempt failed or was not answered in time; the next is under way. */
  failed(error: ElectionError): void;
  /** Nobody may rely on the lease any more. `mayLive`: etcd may have it still, and its keys with it. */
  lost(reason: ElectionError, mayLive: boolean): void;
}

/** etcd has refreshed the lease. */
export interface RefreshAnswer {
  /** When the refresh was sent, on the clock. */
  readonly sentAt: number;
  /** Seconds that etcd has granted. */
  readonly ttl: number;
  readonly header?: Header | undefined;
}

const GONE = 'etcd says that the lease is gone: queueing again with a new one';

/** A stream with at most one request under way, because replies on it come in order: a late one delays the rest. */
interface Attempt {
  readonly stream: KeepAliveStream;
  sentAt: number;
  isPending: boolean;
}

/** Milliseconds to wait before an attempt is repeated, because a refused connection must not become a busy loop. */
const PAUSE = 50;

/**
 * Keeps one lease alive: three refreshes in each TTL, on one stream as long as that answers.
 *
 * A refresh that is not answered within a sixth of the TTL is sent again on another stream, to another member. A late
 * answer still counts, from the moment when *its* request was sent. The refresher never gives up: the lease decides
 * that by its deadline, and a hung request must not delay the deadline.
 */
export class Refresher {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #id: bigint;
  readonly #on: RefreshHandlers<RefreshAnswer>;
  readonly #longest: number;
  #ttl: number;
  /** The attempts that may still be answered. The last one decides what happens next. */
  #attempts: Attempt[] = [];
  #cancelTimer: () => void = () => {};
  #isClosed = false;

  /**
   * `sentAt`: when the request that granted the lease was sent. `ttl`: seconds in which to refresh three times. If etcd
   * grants more later, `ttl` stays, because the renew deadline is relative to the TTL that we asked for.
   */
  constructor(
    store: Store,
    clock: Clock,
    id: bigint,
    { sentAt, ttl }: { readonly sentAt: number; readonly ttl: number },
    on: RefreshHandlers<RefreshAnswer>,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#id = id;
    this.#longest = ttl;
    this.#ttl = ttl;
    this.#on = on;
    this.#schedule(sentAt);
  }

  /** Refreshes at once, unless a request is waiting for its answer. */
  refresh(): void {
    if (this.#isClosed || this.#attempts.some((a) => a.isPending)) return;
    this.#attempt();
  }

  /** Sends nothing more and tells nothing more; the streams stay open. */
  stop(): void {
    this.#isClosed = true;
    this.#cancelTimer();
  }

  close(): void {
    this.stop();
    for (const { stream } of this.#attempts) stream.close();
    this.#attempts = [];
  }

  /** Milliseconds between two refreshes. */
  get #interval(): number {
    return (this.#ttl * 1000) / 3;
  }

  #schedule(sentAt: number): void {
    this.#setTimer(sentAt + this.#interval - this.#clock.now(), () => {
      this.#on.refreshing();
      if (!this.#isClosed) this.#attempt();
    });
  }

  #setTimer(ms: number, fn: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(ms, fn);
  }

  #attempt(): void {
    const attempt = this.#attempts.find((a) => !a.isPending) ?? this.#open();
    attempt.isPending = true;
    attempt.sentAt = this.#clock.now();
    this.#setTimer(this.#interval / 2, () => this.#onSilence(attempt));
    attempt.stream.send();
  }

  #open(): Attempt {
    const stream = this.#store.keepAlive(this.#id, {
      reply: (ttl, header) => this.#onReply(attempt, ttl, header),
      closed: (error) => this.#onClosed(attempt, error),
    });
    const attempt: Attempt = { stream, sentAt: 0, isPending: false };
    this.#attempts.push(attempt);
    return attempt;
  }

  #onReply(attempt: Attempt, ttl: number, header?: Header): void {
    if (this.#isClosed || !attempt.isPending) return;
    if (ttl <= 0) {
      this.#on.lost(new ElectionError('LEASE_LOST', GONE), false);
      return;
    }
    attempt.isPending = false;
    this.#ttl = Math.min(ttl, this.#longest);
    for (const other of this.#attempts) if (other !== attempt) other.stream.close();
    this.#attempts = [attempt];
    this.#schedule(attempt.sentAt);
    this.#on.refreshed({ sentAt: attempt.sentAt, ttl, header });
  }

  #onSilence(attempt: Attempt): void {
    const waited = Math.round(this.#clock.now() - attempt.sentAt);
    this.#setTimer(PAUSE, () => this.#attempt());
    // Late answers still count. So a stream is ended, to get a new connection, only when it was overdue before too.
    for (const { stream, isPending } of [...this.#attempts]) if (isPending) stream.overdue();
    const doubt = attempt.stream.doubt?.();
    this.#fail(new Error(`no answer within ${waited} ms${doubt === undefined ? '' : `; ${doubt}`}`));
  }

  #onClosed(attempt: Attempt, error: Error): void {
    const decides = this.#attempts.at(-1) === attempt;
    this.#attempts = this.#attempts.filter((a) => a !== attempt);
    if (this.#isClosed || !attempt.isPending) return; // the next refresh opens another stream
    if (decides) this.#setTimer(PAUSE, () => this.#attempt());
    this.#fail(error);
  }

  #fail(cause: Error): void {
    const message = `the lease was not refreshed (${cause.message}): trying again`;
    this.#on.failed(toElectionError(cause, message));
  }
}
