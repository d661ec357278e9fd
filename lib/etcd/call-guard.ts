import type { Etcd3 } from 'etcd3';
import type { Clock } from '../common/time.js';
import { STATUS, withTokenInMind } from './errors.js';
import type { MemberHealth } from './member-health.js';

export type CallOptions = NonNullable<Parameters<Etcd3['kv']['txn']>[1]>;
type Interceptor = NonNullable<CallOptions['interceptors']>[number];
type Call = ReturnType<Parameters<Interceptor>[1]>;
type Listener = NonNullable<Parameters<Call['start']>[1]>;

/**
 * Refusals in a row after which the member is asked anyway: etcd3 picks at random, so it seems to have no other member.
 */
export const MAX_REFUSALS = 16;

/**
 * Guards one attempt from inside gRPC: avoids members that did not answer lately, ends the attempt when its time is up,
 * and remembers whether the member answered.
 *
 * gRPC asks an interceptor anew for each of etcd3's own retries, so each retry has its full time. A `deadline` in the
 * call options would be shared by all retries. The guard ends a late call with a status that etcd3 does not count as a
 * fault of the host, because three faults close a host for 5 s, longer than a short lease lives. Only every third
 * silence of a member in a row is told as a fault, so that etcd3 drops a connection that may be half-open.
 */
export class CallGuard {
  readonly #members: MemberHealth;
  readonly #clock: Clock;
  readonly #patience: number | undefined;
  readonly #force: boolean;
  readonly options: CallOptions;
  /** No member was asked, because the member that etcd3 picked is avoided. */
  refused = false;
  /** The member that was picked last. */
  target = '';
  #abandoned = false;

  constructor(members: MemberHealth, clock: Clock, how: { readonly patience?: number; readonly force: boolean }) {
    this.#members = members;
    this.#clock = clock;
    this.#patience = how.patience;
    this.#force = how.force;
    this.options = {
      deadline: Number.POSITIVE_INFINITY,
      interceptors: [(options, nextCall) => this.#intercept(nextCall(options)) as unknown as ReturnType<Interceptor>],
    };
  }

  /** Nobody waits for the answer any more: a request that has not been sent yet must not be sent. */
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
      // With `hasleader`, a member that has lost the raft leader ends a stream instead of staying silent for ever.
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

/** A call that ended before it began. */
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
