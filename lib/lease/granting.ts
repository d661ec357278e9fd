import { Backoff } from '../common/backoff.js';
import { type Clock, sleep } from '../common/time.js';
import { ElectionError } from '../errors.js';
import { newLeaseId } from '../store/bytes.js';
import type { Store } from '../store/store.js';
import { Lease } from './lease.js';
import type { Orphans } from './orphans.js';

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;

export interface GrantingParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly orphans: Orphans;
  /** Seconds. */
  readonly ttl: number;
  readonly renewDeadline: number;
}

export interface GrantingHandlers {
  granted(lease: Lease, sentAt: number, ttl: number): void;
  /** An attempt failed; the next is under way. */
  failed(error: ElectionError): void;
}

/**
 * Asks for a lease until there is one. A repeated request names the same lease, so that an outage of an hour does not leave
 * a thousand of them behind.
 */
export class Granting {
  /** Resolves when there is a lease, or after `abort()` when nothing is on its way any more. Never rejects. */
  readonly done: Promise<void>;
  readonly #parts: GrantingParts;
  readonly #on: GrantingHandlers;
  readonly #aborted = new AbortController();

  constructor(parts: GrantingParts, on: GrantingHandlers) {
    this.#parts = parts;
    this.#on = on;
    this.done = this.#run(this.#aborted.signal);
  }

  /** What is granted all the same is an orphan. */
  abort(): void {
    this.#aborted.abort();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { store, clock, orphans, ttl } = this.#parts;
    const backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
    let id = newLeaseId();
    let isRepeated = false;
    while (!signal.aborted) {
      const sentAt = clock.now();
      try {
        const granted = await store.grant(id, ttl);
        if (signal.aborted) break;
        if (granted === undefined && isRepeated) {
          // Carried out by an attempt that we took for failed, too long ago to say what is left of it.
          orphans.add(id, 0);
          id = newLeaseId();
          isRepeated = false;
          continue;
        }
        // etcd never grants less than is asked: that much is safe when the reply with the TTL was lost.
        this.#use(id, sentAt, granted ?? ttl);
        return;
      } catch (err) {
        isRepeated = true;
        this.#on.failed(err as ElectionError);
        await sleep(clock, backoff.next(), signal);
      }
    }
    orphans.add(id, 0); // it may have been granted
  }

  /** @throws ElectionError `UNAVAILABLE` when the deadline has passed before the lease could be used */
  #use(id: bigint, sentAt: number, ttl: number): void {
    const lease = new Lease(this.#parts.clock, id, this.#parts.renewDeadline, sentAt, ttl);
    if (lease.remaining <= 0)
      throw new ElectionError('UNAVAILABLE', 'etcd took too long to grant a lease: trying again');
    this.#on.granted(lease, sentAt, ttl);
  }
}
