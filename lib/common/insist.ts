import { Backoff } from './backoff.js';
import { type Clock, sleep } from './time.js';

/** Milliseconds before the second attempt; the pause doubles up to the longest. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;

export interface Insistence {
  /** Ends the pauses: nobody wants the result any more. */
  readonly signal?: AbortSignal;
  /** Is told of each attempt that fails. False: no other attempt follows. */
  readonly failed: (error: unknown) => boolean;
}

/**
 * Makes attempts until one succeeds. Resolves to whether one did; never rejects. An insistence may last as long as an
 * outage of etcd. So the process may exit during the pauses.
 */
export async function insist(
  clock: Clock,
  attempt: () => Promise<unknown>,
  { signal, failed }: Insistence,
): Promise<boolean> {
  const backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  for (;;) {
    try {
      await attempt();
      return true;
    } catch (err) {
      if (!failed(err)) return false;
    }
    if (!(await sleep(clock, backoff.next(), signal, { unref: true }))) return false;
  }
}
