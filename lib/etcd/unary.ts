import { type Clock, sleep, within } from '../common/time.js';
import { ElectionError } from '../errors.js';
import { RequestRefused } from '../store/store.js';
import { CallGuard, type CallOptions, MAX_REFUSALS } from './call-guard.js';
import { isGivenUp, translate } from './errors.js';
import type { MemberHealth } from './member-health.js';

/**
 * Milliseconds that each attempt at a request may take, by the slowness of the cluster. The sum stays below 5 s, so
 * that an outage is told soon and regularly. In a slow cluster the attempts are longer, because a write that takes etcd
 * two seconds must not be given up after one, for ever.
 */
const PATIENCE = [[1_000, 1_000, 1_500], [2_000, 2_000], [4_000]] as const;
/** Milliseconds within which an outage is told, including the time that the request has waited for its turn. */
const IN_ALL = 4_500;
/** Milliseconds within which an answer is in time. */
const IN_TIME = PATIENCE[0][0];
/** Milliseconds that etcd3 gets on top of each attempt, because it may fetch a token or retry by itself. */
const GRACE = 1_000;
/** Milliseconds to wait after the first attempt that failed at once, and twice as many after the second. */
const PAUSE = 50;

/**
 * Sends one unary request, in up to three attempts. Each attempt has its full time and avoids silent members. Together
 * they take 4 s at the most, and some more when etcd3 does not even send the request. After a request that nobody
 * answered in time, the next request has fewer attempts, and longer ones. The time that the request has waited before
 * (`waited` ms) is taken off.
 *
 * @throws ElectionError `UNAVAILABLE`, `PERMISSION_DENIED`, `LEASE_LOST`
 */
export async function unary<T>(
  members: MemberHealth,
  clock: Clock,
  what: string,
  send: (options: CallOptions) => Promise<T>,
  waited = 0,
): Promise<T> {
  let failure: ElectionError | undefined; // made when it is needed: an error takes its stack with it, 40 µs
  let late = 0;
  const attempts = attemptsWithin(IN_ALL - waited, PATIENCE[members.slowness] ?? PATIENCE[0]);
  for (const [attempt, patience] of attempts.entries()) {
    const startedAt = clock.now();
    try {
      const answer = await attemptOnce(members, clock, patience, send);
      if (clock.now() - startedAt < IN_TIME) members.clusterWasInTime();
      return answer;
    } catch (err) {
      // An open circuit breaker says less than the failure that opened it.
      if (failure === undefined || !isGivenUp(err)) failure = translate(err, what);
      if (failure.code !== 'UNAVAILABLE' || failure instanceof RequestRefused) throw failure;
    }
    const wasQuick = clock.now() - startedAt < patience / 2;
    if (!wasQuick) late++;
    if (wasQuick && attempt < attempts.length - 1) await sleep(clock, PAUSE * (attempt + 1));
  }
  if (late === attempts.length) members.clusterWasLate();
  throw failure ?? new ElectionError('UNAVAILABLE', `etcd did not ${what}`);
}

/** As many of the attempts as fit into `ms` altogether; the last may be cut short. */
function attemptsWithin(ms: number, attempts: readonly number[]): readonly number[] {
  let left = ms;
  return attempts.flatMap((patience) => {
    const granted = Math.min(patience, left);
    left -= granted;
    return granted > 0 ? [granted] : [];
  });
}

async function attemptOnce<T>(
  members: MemberHealth,
  clock: Clock,
  patience: number,
  send: (options: CallOptions) => Promise<T>,
): Promise<T> {
  for (let refusals = 0; ; refusals++) {
    const guard = new CallGuard(members, clock, { patience, force: refusals >= MAX_REFUSALS });
    try {
      return await bounded(clock, patience + GRACE, send(guard.options), () => guard.abandon());
    } catch (err) {
      if (!guard.refused || refusals > MAX_REFUSALS) throw withHint(members, guard.target, err);
    }
  }
}

/** A request without an answer may have waited for its turn on the connection. */
function withHint({ streams }: MemberHealth, target: string, err: unknown): unknown {
  const hint = err instanceof Error && /no answer/.test(err.message) ? streams.hint(target) : undefined;
  return hint === undefined ? err : new Error(`${(err as Error).message}; ${hint}`, { cause: err });
}

/** etcd3 can leave a call pending for ever before sending it (an expired token behind a half-open breaker). */
async function bounded<T>(clock: Clock, ms: number, promise: Promise<T>, onTimeout: () => void): Promise<T> {
  if (await within(clock, ms, promise)) return await promise;
  onTimeout();
  throw new Error(`no answer within ${ms} ms`);
}
