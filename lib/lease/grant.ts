import { Backoff } from '../common/backoff.js';
import { type Clock, sleep } from '../common/time.js';
import { ElectionError, toElectionError } from '../errors.js';
import { newLeaseId } from '../store/bytes.js';
import { ClientClosed, type Store } from '../store/store.js';
import { deadlineOf, type Granted, type LeaseTimes } from './lease.js';
import type { Orphans } from './orphans.js';

/** Milliseconds before a grant that failed is asked for again; the pause doubles up to the longest. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;

export interface GrantParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly orphans: Orphans;
}

/**
 * Asks etcd for a lease until there is one. `failed` is told of each attempt that fails. Resolves to undefined when the
 * client is closed, and when `signal` aborts, after the last attempt has ended; what etcd may have granted is among the
 * orphans then. Never rejects.
 *
 * A repeated request names the same lease, so that an outage of an hour does not leave a thousand leases behind.
 */
export async function grantLease(
  { store, clock, orphans }: GrantParts,
  { ttl, renewDeadline }: LeaseTimes,
  signal: AbortSignal,
  failed: (error: ElectionError) => void,
): Promise<Granted | undefined> {
  const backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  let id = newLeaseId();
  let isRepeated = false;
  while (!signal.aborted) {
    const sentAt = clock.now();
    try {
      const { ttl: known, header } = await store.grant(id, ttl);
      if (signal.aborted) break;
      if (known === undefined && isRepeated) {
        // etcd carried out an attempt that we took for failed, too long ago to say how much of the TTL is left.
        orphans.addUnused(id);
        id = newLeaseId();
        isRepeated = false;
        continue;
      }
      // etcd never grants less than is asked: that much is safe when the reply with the TTL was lost.
      const granted = { id, sentAt, ttl: known ?? ttl, epoch: header?.epoch };
      if (deadlineOf(granted, renewDeadline) > clock.now()) return granted;
      throw new ElectionError('UNAVAILABLE', 'etcd took too long to grant a lease: trying again');
    } catch (err) {
      isRepeated = true;
      failed(toElectionError(err));
      if (err instanceof ClientClosed) break;
      await sleep(clock, backoff.next(), signal);
    }
  }
  orphans.addUnused(id); // etcd may have granted it
  return undefined;
}
