import { createClient } from '../../client.js';
import { insist } from '../../common/insist.js';
import { SystemClock } from '../../common/time.js';
import { EtcdStore } from '../../etcd/etcd-store.js';
import { isOutage } from '../../store/store.js';
import { explain } from '../explain.js';
import { Output } from '../output.js';
import type { Means } from './watchdog.js';

/** Milliseconds after the end of the lease, as we count it, in which etcd may still have the lease. */
const LATER = 5_000;

/**
 * Revokes the lease of an `etcd-leader` that was killed, so that the next host leads at once. Tries as long as the
 * lease may last, `ms` from now: then etcd ends the lease by itself. Never rejects.
 */
export async function endLease({ etcd: options, endpoints, output }: Means, lease: string, ms: number): Promise<void> {
  const out = new Output(output);
  const clock = new SystemClock();
  const etcd = createClient(options);
  const store = new EtcdStore(etcd, clock);
  const scope = new AbortController();
  let failure: unknown;
  const cancel = clock.after(Math.max(0, ms) + LATER, () => scope.abort());
  const isRevoked = await insist(clock, () => store.revoke(BigInt(`0x${lease}`)), {
    signal: scope.signal,
    failed: (err) => {
      failure = err;
      return isOutage(err); // what etcd refuses, it would refuse again
    },
  });
  cancel();
  etcd.close();
  if (isRevoked) out.info('etcd-leader was killed: the command has ended, and the next host can lead', { lease });
  else out.warn(`etcd-leader was killed: its lease ends by itself (${explain(failure, endpoints)})`, { lease });
}
