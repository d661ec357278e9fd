import type { Clock } from '../common/time.js';
import { type Header, isOutage } from '../store/store.js';

/**
 * Milliseconds in which a member that lags is left alone. It answers each refresh with an older revision than we have
 * seen, and a read for each of them would cost more than the refreshes.
 */
const LAGS_FOR = 60_000;

export interface HistoryCheckParts {
  readonly clock: Clock;
  /**
   * How often etcd's history has begun anew, by a read. Undefined: etcd answers with an older state than before. It
   * rejects when nobody answers, or when we may not read.
   */
  readonly currentHistory: () => Promise<number | undefined>;
}

/**
 * Whether a lease that we hold comes from a history of etcd that is over. A snapshot brings back the leases that it
 * has, and with them keys that were deleted since: keys of candidates that have left, which nobody else would delete as
 * long as the lease is refreshed. Such a lease must be given up.
 *
 * The answers to the refreshes tell it, so it costs no request of its own at rest. An answer that is older than what
 * was seen proves nothing, because the member may lag: then one read decides.
 */
export class HistoryCheck {
  readonly #parts: HistoryCheckParts;
  readonly #over: () => void;
  /** The history in which the lease was granted. Undefined: it may be one that we do not know yet. */
  #history: number | undefined;
  /** What a member that lags has answered, and until when, on the clock, its answers are let pass. */
  #lag: { readonly header: Header; readonly until: number } | undefined;
  #isAsking = false;
  #isClosed = false;

  /** `over`: the lease comes from a history that is over, or seems to be. */
  constructor(parts: HistoryCheckParts, history: number | undefined, over: () => void) {
    this.#parts = parts;
    this.#history = history;
    this.#over = over;
  }

  /** The lease was refreshed. */
  refreshed(header: Header | undefined): void {
    if (header === undefined || this.#isClosed) return;
    if (header.history !== undefined) this.#compare(header.history);
    // A lease that was granted in doubt has nothing of the time before.
    else if (this.#history !== undefined && !this.#isAsking && !this.#lags(header)) void this.#ask(header);
  }

  close(): void {
    this.#isClosed = true;
  }

  #compare(history: number): void {
    this.#history ??= history;
    if (history !== this.#history) this.#over();
  }

  /** A member that lags goes forward. If it goes back, it is another member, or etcd has gone back. */
  #lags({ revision, cluster }: Header): boolean {
    if (this.#lag === undefined || this.#parts.clock.now() >= this.#lag.until) return false;
    return revision >= this.#lag.header.revision && cluster === this.#lag.header.cluster;
  }

  /** Never rejects. */
  async #ask(header: Header): Promise<void> {
    this.#isAsking = true;
    const refusal = (err: unknown): 'outage' | 'denied' => (isOutage(err) ? 'outage' : 'denied');
    const history = await this.#parts.currentHistory().catch(refusal);
    this.#isAsking = false;
    if (this.#isClosed || history === 'outage') return; // the next refresh asks again
    if (history === undefined) return this.#over();
    this.#lag = { header, until: this.#parts.clock.now() + LAGS_FOR };
    if (history !== 'denied') this.#compare(history);
  }
}
