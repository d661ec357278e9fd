import type { Txn } from '../../../lib/store/store.js';

export type RequestKind = Request['kind'];

/** The properties of a request that a fault can depend on. */
export type Request =
  | { readonly kind: 'grant'; readonly id: bigint; readonly ttl: number }
  | { readonly kind: 'revoke'; readonly id: bigint }
  | { readonly kind: 'txn'; readonly txn: Txn }
  | { readonly kind: 'keepAlive'; readonly id: bigint; readonly what: 'open' | 'refresh' }
  | { readonly kind: 'watch'; readonly what: 'open' | 'create' | 'cancel' | 'ping' | 'event'; readonly key?: string };

export type MessageFault =
  | 'ok'
  /**
   * The request is never carried out. A call rejects with UNAVAILABLE after `requestTimeout`; a refresh has no reply.
   */
  | 'lose request'
  /** The request is carried out, and the reply is lost as with `lose request`. */
  | 'lose reply'
  /**
   * The request is never carried out. A call rejects after `hangTimeout`; a stream stays open and is silent from now
   * on.
   */
  | 'hang'
  /** The request is not carried out, and is refused with UNAVAILABLE as soon as it arrives. A stream breaks. */
  | 'fail'
  /**
   * The request is carried out twice and answered with what the *second* found, as when a client repeats it after a
   * lost reply.
   */
  | 'duplicate'
  /** The request is answered, and then carried out once more. */
  | { readonly repeatAfter: number }
  /** The reply, or whatever the stream brings, takes so many milliseconds longer. */
  | { readonly lateBy: number }
  /** The request takes so many milliseconds longer. It may be carried out after the caller has given up. */
  | { readonly arriveLateBy: number }
  /**
   * A transaction that writes nothing is answered from the state of so many revisions ago; a refresh by a member that
   * lags as far behind.
   */
  | { readonly staleBy: number }
  /** Not carried out, and refused with this. */
  | { readonly error: Error };

interface Scripted {
  readonly kind: RequestKind;
  readonly fault: MessageFault;
  readonly matches: (request: Request) => boolean;
}

/**
 * What goes wrong, for one process or for all processes. An assigned fault stays until `'ok'` is assigned; `next` sets
 * a fault for one request. `watch` and `keepAlive` also hold for streams that are open already, from the next message
 * on.
 */
export class MessageFaults {
  grant: MessageFault = 'ok';
  revoke: MessageFault = 'ok';
  txn: MessageFault = 'ok';
  keepAlive: MessageFault = 'ok';
  watch: MessageFault = 'ok';
  /** Called for every request but the events of watches, when no other fault is set: the place for a generator. */
  draw: ((request: Request) => MessageFault) | undefined;
  #scripted: Scripted[] = [];

  set all(fault: MessageFault) {
    this.grant = fault;
    this.revoke = fault;
    this.txn = fault;
    this.keepAlive = fault;
    this.watch = fault;
  }

  /** Sets the fault of the next request of this kind (that matches). Several faults wait in line. */
  next(kind: RequestKind, fault: MessageFault, matches: (request: Request) => boolean = () => true): void {
    this.#scripted.push({ kind, fault, matches });
  }

  /** The number of faults that were set with `next` and have not happened. */
  get unused(): number {
    return this.#scripted.length;
  }

  /** Removes every fault. */
  clear(): void {
    this.all = 'ok';
    this.draw = undefined;
    this.#scripted = [];
  }

  /** @internal */
  take(request: Request): MessageFault {
    // An event is not sent by the client, so it must not use up a fault that is meant for the next request.
    const isEvent = request.kind === 'watch' && request.what === 'event';
    const index = isEvent ? -1 : this.#scripted.findIndex((scripted) => isMeantFor(scripted, request));
    const [scripted] = index < 0 ? [] : this.#scripted.splice(index, 1);
    if (scripted !== undefined) return scripted.fault;
    const lasting = this[request.kind];
    return lasting !== 'ok' || isEvent ? lasting : (this.draw?.(request) ?? 'ok');
  }
}

function isMeantFor({ kind, fault, matches }: Scripted, request: Request): boolean {
  if (kind !== request.kind || !matches(request)) return false;
  // A stream that opens late, or twice, means nothing. Such a fault waits for the first request on the stream.
  const isOpening = 'what' in request && request.what === 'open';
  return !isOpening || fault === 'fail' || fault === 'hang' || (typeof fault === 'object' && 'error' in fault);
}

export function extraDelay(fault: MessageFault, direction: 'lateBy' | 'arriveLateBy'): number {
  if (typeof fault !== 'object') return 0;
  if (direction === 'lateBy') return 'lateBy' in fault ? fault.lateBy : 0;
  return 'arriveLateBy' in fault ? fault.arriveLateBy : 0;
}
