import type { Etcd3 } from 'etcd3';
import { ElectionError } from '../errors.js';
import { RequestRefused } from '../store.js';
import { type Clock, sleep, within } from '../time.js';
import { isGivenUp, STATUS, translate, withTokenInMind } from './errors.js';
import type { Members } from './members.js';

export type CallOptions = NonNullable<Parameters<Etcd3['kv']['txn']>[1]>;
type Interceptor = NonNullable<CallOptions['interceptors']>[number];
type Call = ReturnType<Parameters<Interceptor>[1]>;
type Listener = NonNullable<Parameters<Call['start']>[1]>;

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
/** etcd3 picks members at random: so often in a row only a member that is the only one is picked. */
export const MAX_REFUSALS = 16;

/**
 * Watches over one attempt, from inside gRPC: sends it past the members that did not answer lately, ends it when its
 * time is up, and remembers how the member did.
 *
 * As an interceptor it is asked anew for each of etcd3's own retries, so each has its full time: a `deadline` in the call
 * options would be shared by all of them. It ends a call with a status that etcd3 does not count as a fault of the
 * host, because three of those close a host for 5 s, longer than a short lease lives. Only when the same member stays
 * silent again is it told, so that it drops a connection that may be half-open.
 */
export class Guard {
  readonly #members: Members;
  readonly #clock: Clock;
  readonly #patience: number | undefined;
  readonly #force: boolean;
  readonly options: CallOptions;
  /** No member was asked: the one that etcd3 picked is being avoided. */
  refused = false;
  /** Who was asked last. */
  target = '';
  #abandoned = false;

  constructor(members: Members, clock: Clock, how: { readonly patience?: number; readonly force: boolean }) {
    this.#members = members;
    this.#clock = clock;
    this.#patience = how.patience;
    this.#force = how.force;
    this.options = {
      deadline: Number.POSITIVE_INFINITY,
      interceptors: [(options, nextCall) => this.#intercept(nextCall(options)) as unknown as ReturnType<Interceptor>],
    };
  }

  /** Nobody waits for the answer any more: a request that has not been sent yet must not be. */
  abandon(): void {
    this.#abandoned = true;
  }

  #intercept(call: Call): Call {
    const target = call.getPeer();
    this.target = target;
    this.refused = this.#abandoned || (!this.#force && this.#members.avoid(target));
    if (this.refused) {
      call.cancelWithStatus(STATUS.FAILED_PRECONDITION, 'not sent');
      return refusal(target);
    }
    const start = call.start.bind(call);
    call.start = (metadata, listener = {}) => {
      // etcd ends a stream on a member that has lost sight of the raft leader, instead of keeping it silent for ever.
      const md = metadata.clone(); // etcd3 shares one object among all calls
      if (this.#patience === undefined) md.set('hasleader', 'true');
      const stop = this.#patience === undefined ? undefined : this.#startTimer(call, target, this.#patience);
      start(md, {
        onReceiveMetadata: (received) => listener.onReceiveMetadata?.(received),
        onReceiveMessage: (message) => listener.onReceiveMessage?.(message),
        onReceiveStatus: (status) => {
          stop?.();
          if (status.code === STATUS.UNAVAILABLE) this.#members.failed(target);
          else if (status.details !== TOO_LATE && this.#patience !== undefined) this.#members.answered(target);
          listener.onReceiveStatus?.(withTokenInMind(status));
        },
      });
    };
    return call;
  }

  #startTimer(call: Call, target: string, patience: number): () => void {
    return this.#clock.after(patience, () => {
      const again = this.#members.silent(target) % 3 === 0;
      call.cancelWithStatus(again ? STATUS.DEADLINE_EXCEEDED : STATUS.FAILED_PRECONDITION, TOO_LATE);
    });
  }
}

const TOO_LATE = 'no answer in time';

/** A call that has ended before it began. */
function refusal(target: string): Call {
  const nothing = (): void => {};
  return {
    start: (metadata, listener?: Partial<Listener>) => {
      const status = { code: STATUS.FAILED_PRECONDITION, details: 'not sent', metadata };
      queueMicrotask(() => listener?.onReceiveStatus?.(status));
    },
    getPeer: () => target,
    getAuthContext: () => null,
    cancelWithStatus: nothing,
    sendMessageWithContext: nothing,
    sendMessage: nothing,
    startRead: nothing,
    halfClose: nothing,
  };
}

/**
 * One unary request, tried up to three times, each time with fresh patience and past the silent members: 4 s at the
 * most, and some more when etcd3 does not even send it. After a request that nobody answered in time, the next is
 * tried less often, and longer. What it has waited before (`waited` ms) is taken off.
 *
 * @throws ElectionError `UNAVAILABLE`, `PERMISSION_DENIED`, `LEASE_LOST`
 */
export async function unary<T>(
  members: Members,
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
  members: Members,
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
