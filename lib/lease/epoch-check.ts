import type { Clock } from '../common/time.js';
import { type Header, isOutage } from '../store/store.js';

/**
 * Milliseconds in which a member that lags is left alone. It answers each refresh with an older revision than we have
 * seen, and a read for each of them would cost more than the refreshes.
 */
const LAGS_FOR = 60_000;

export interface EpochCheckParts {
  readonly clock: Clock;
  /**
   * Reads the epoch of etcd. Resolves to undefined when etcd answers with an older state than before. Rejects when
   * nobody answers, or when we may not read.
   */
  readonly currentEpoch: () => Promise<number | undefined>;
}

/**
 * Whether a lease that we hold comes from an epoch of etcd that is over. A snapshot brings back the leases that it
 * has, and with them keys that were deleted since: keys of candidates that have left, which nobody else would delete as
 * long as the lease is refreshed. Such a lease must be given up.
 *
 * The answers to the refreshes tell it, so it costs no request of its own at rest. An answer that is older than what
 * was seen proves nothing, because the member may lag: then one read decides.
 */
export class EpochCheck {
  readonly #parts: EpochCheckParts;
  readonly #over: () => void;
  /** The epoch in which the lease was granted. Undefined: it may be one that we do not know yet. */
  #epoch: number | undefined;
  /** What a member that lags has answered, and until when, on the clock, its answers are let pass. */
  #lag: { readonly header: Header; readonly until: number } | undefined;
  #isAsking = false;
  #isClosed = false;

  /** `over`: the lease comes from an epoch that is over, or seems to be. */
  constructor(parts: EpochCheckParts, epoch: number | undefined, over: () => void) {
    this.#parts = parts;
    this.#epoch = epoch;
    this.#over = over;
  }

  /** The lease was refreshed. */
  refreshed(header: Header | undefined): void {
    if (header === undefined || this.#isClosed) return;
    if (header.epoch !== undefined) this.#compare(header.epoch);
    // A lease that was granted in doubt has nothing of the time before.
    else if (this.#epoch !== undefined && !this.#isAsking && !this.#lags(header)) void this.#ask(header);
  }

  close(): void {
    this.#isClosed = true;
  }

  #compare(epoch: number): void {
    this.#epoch ??= epoch;
    if (epoch !== this.#epoch) this.#over();
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
    const epoch = await this.#parts.currentEpoch().catch(refusal);
    this.#isAsking = false;
    if (this.#isClosed || epoch === 'outage') return; // the next refresh asks again
    if (epoch === undefined) return this.#over();
    this.#lag = { header, until: this.#parts.clock.now() + LAGS_FOR };
    if (epoch !== 'denied') this.#compare(epoch);
  }
}
