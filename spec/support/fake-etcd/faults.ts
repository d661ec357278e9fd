import type { Txn } from '../../../lib/store/store.js';

export type RequestKind = Request['kind'];

/** What a fault can be made to depend on. */
export type Request =
  | { readonly kind: 'grant'; readonly id: bigint; readonly ttl: number }
  | { readonly kind: 'revoke'; readonly id: bigint }
  | { readonly kind: 'txn'; readonly txn: Txn }
  | { readonly kind: 'keepAlive'; readonly id: bigint; readonly what: 'open' | 'refresh' }
  | { readonly kind: 'watch'; readonly what: 'open' | 'create' | 'cancel' | 'ping' | 'event'; readonly key?: string };

export type Fault =
  | 'ok'
  /** Never carried out. A call rejects with UNAVAILABLE after `requestTimeout`; a refresh has no reply. */
  | 'lose request'
  /** Carried out, and then the same. */
  | 'lose reply'
  /** Never carried out. A call rejects after `hangTimeout`; a stream stays open and is silent from now on. */
  | 'hang'
  /** Not carried out, and refused with UNAVAILABLE as soon as it arrives; a stream breaks. */
  | 'fail'
  /** Carried out twice, and answered with what the *second* found: the reply to the first was lost, the client repeated it. */
  | 'duplicate'
  /** Answered, and then carried out once more. */
  | { readonly repeatAfter: number }
  /** The reply, or whatever the stream brings, takes so much longer. */
  | { readonly lateBy: number }
  /** The request takes so much longer: it may be carried out after the caller has given up. */
  | { readonly arriveLateBy: number }
  /** A transaction that writes nothing is answered from the state of so many revisions ago. */
  | { readonly staleBy: number }
  /** Not carried out, and refused with this. */
  | { readonly error: Error };

interface Scripted {
  readonly kind: RequestKind;
  readonly fault: Fault;
  readonly matches: (request: Request) => boolean;
}

/**
 * What goes wrong, for one process or for all of them. Assign a fault and it stays until `'ok'` is assigned; `next` is for
 * one request. `watch` and `keepAlive` hold for streams that are open already, from the next message on.
 */
export class Faults {
  grant: Fault = 'ok';
  revoke: Fault = 'ok';
  txn: Fault = 'ok';
  keepAlive: Fault = 'ok';
  watch: Fault = 'ok';
  /** Asked for every request but the events of watches, when nothing else was said: the place for a generator. */
  draw: ((request: Request) => Fault) | undefined;
  #scripted: Scripted[] = [];

  set all(fault: Fault) {
    this.grant = fault;
    this.revoke = fault;
    this.txn = fault;
    this.keepAlive = fault;
    this.watch = fault;
  }

  /** For the next request of this kind (that matches); several wait in line. */
  next(kind: RequestKind, fault: Fault, matches: (request: Request) => boolean = () => true): void {
    this.#scripted.push({ kind, fault, matches });
  }

  /** What was scripted with `next` and has not come to pass. */
  get unused(): number {
    return this.#scripted.length;
  }

  /** Everything is well again. */
  clear(): void {
    this.all = 'ok';
    this.draw = undefined;
    this.#scripted = [];
  }

  /** @internal */
  take(request: Request): Fault {
    // An event is not sent by the client: what is meant for the next request must not be used up by it.
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
  // A stream that opens late, or twice, means nothing: such a fault waits for the first request on it.
  const isOpening = 'what' in request && request.what === 'open';
  return !isOpening || fault === 'fail' || fault === 'hang' || (typeof fault === 'object' && 'error' in fault);
}

export function extraDelay(fault: Fault, direction: 'lateBy' | 'arriveLateBy'): number {
  if (typeof fault !== 'object') return 0;
  if (direction === 'lateBy') return 'lateBy' in fault ? fault.lateBy : 0;
  return 'arriveLateBy' in fault ? fault.arriveLateBy : 0;
}
