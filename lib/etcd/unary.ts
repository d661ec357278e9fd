import { type Clock, sleep, within } from '../common/time.js';
import { ElectionError } from '../errors.js';
import { RequestRefused } from '../store/store.js';
import { isGivenUp, translate } from './errors.js';
import { type CallOptions, Guard, MAX_REFUSALS } from './guard.js';
import type { MemberHealth } from './member-health.js';

/**
 * Milliseconds that each attempt at a unary request may take, by strain. The sum stays below 5 s, so that an outage is told
 * soon and regularly; but a write that takes etcd two seconds must not be given up after one, for ever.
 */
const PATIENCE = [[1_000, 1_000, 1_500], [2_000, 2_000], [4_000]] as const;
/** ms within which an outage is told, what the request has waited for its turn included. */
const IN_ALL = 4_500;
/** An answer within so many ms is one in time. */
const IN_TIME = PATIENCE[0][0];
/** So many ms more etcd3 gets for what it does around an attempt: fetching a token, retries of its own. */
const GRACE = 1_000;
/** Between two attempts that failed at once. */
const PAUSE = 50;
/**
 * One unary request, tried up to three times, each time with fresh patience and past the silent members: 4 s at the
 * most, and some more when etcd3 does not even send it. After a request that nobody answered in time, the next is
 * tried less often, and longer. What it has waited before (`waited` ms) is taken off.
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
  let failure = new ElectionError('UNAVAILABLE', `etcd did not ${what}`);
  let late = 0;
  const attempts = shortened(PATIENCE[members.strain] ?? PATIENCE[0], IN_ALL - waited);
  for (const [attempt, patience] of attempts.entries()) {
    const startedAt = clock.now();
    try {
      const answer = await attemptOnce(members, clock, patience, send);
      if (clock.now() - startedAt < IN_TIME) members.relaxed();
      return answer;
    } catch (err) {
      // That etcd3 has given the host up for some seconds says less than why it did.
      if (attempt === 0 || !isGivenUp(err)) failure = translate(err, what);
      if (failure.code !== 'UNAVAILABLE' || failure instanceof RequestRefused) throw failure;
    }
    const wasQuick = clock.now() - startedAt < patience / 2;
    if (!wasQuick) late++;
    if (wasQuick && attempt < attempts.length - 1) await sleep(clock, PAUSE * (attempt + 1));
  }
  if (late === attempts.length) members.strained();
  throw failure;
}

/** As many of them as fit into `ms` altogether, the last cut short. */
function shortened(attempts: readonly number[], ms: number): readonly number[] {
  let left = ms;
  return attempts.flatMap((patience) => {
    const some = Math.min(patience, left);
    left -= some;
    return some > 0 ? [some] : [];
  });
}

async function attemptOnce<T>(
  members: MemberHealth,
  clock: Clock,
  patience: number,
  send: (options: CallOptions) => Promise<T>,
): Promise<T> {
  for (let refusals = 0; ; refusals++) {
    const guard = new Guard(members, clock, { patience, force: refusals >= MAX_REFUSALS });
    try {
      return await bounded(clock, patience + GRACE, send(guard.options), () => guard.abandon());
    } catch (err) {
      if (!guard.refused || refusals > MAX_REFUSALS) throw err;
    }
  }
}

/** etcd3 can leave a call pending for ever before it is sent (an expired token behind a half-open breaker). */
async function bounded<T>(clock: Clock, ms: number, promise: Promise<T>, onTimeout: () => void): Promise<T> {
  if (await within(clock, ms, promise)) return await promise;
  onTimeout();
  throw new Error(`no answer within ${ms} ms`);
}
