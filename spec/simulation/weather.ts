import type { MessageFault, Request } from '../support/fake-etcd/faults.js';
import { isReadOnly } from '../support/fake-etcd/state-machine.js';
import type { Random } from '../support/random.js';
import type { FaultyRequest, RequestFault } from './plan.js';
import type { Tally } from './tally.js';

const STORMY = ['lost', 'reply lost', 'refused', 'duplicated', 'repeated', 'late', 'reply late'] as const;

/** Milliseconds that a message is delayed in a storm, at the most. */
const LONGEST_STORMY_DELAY = 1_500;

export interface WeatherParts {
  readonly random: Random;
  readonly now: () => number;
  readonly tally: Tally;
  /** Something is wrong up to the instant `until`. */
  readonly disturb: (until: number) => void;
  /** Milliseconds after which a client gives up a request that hangs. */
  readonly hangTimeout: number;
}

/** The faults that hit the requests of one process: the next request of a kind, or any request for a while. */
export class Weather {
  readonly #parts: WeatherParts;
  #scripted: { readonly kind: FaultyRequest; readonly fault: RequestFault; left: number }[] = [];
  #stormUntil = 0;
  #chance = 0;

  constructor(parts: WeatherParts) {
    this.#parts = parts;
  }

  script(kind: FaultyRequest, fault: RequestFault, times: number): void {
    this.#scripted.push({ kind, fault, left: times });
  }

  storm(until: number, chance: number): void {
    this.#stormUntil = until;
    this.#chance = chance;
  }

  clear(): void {
    this.#scripted = [];
    this.#stormUntil = 0;
  }

  /** For `MessageFaults.draw`. */
  readonly draw = (request: Request): MessageFault => {
    const scripted = this.#scripted.find(({ kind, fault }) => kind === request.kind && canBefall(fault, request));
    if (scripted === undefined) return this.#drawFromStorm(request);
    scripted.left -= 1;
    if (scripted.left <= 0) this.#scripted = this.#scripted.filter((other) => other !== scripted);
    return this.#apply(scripted.fault, request);
  };

  #drawFromStorm(request: Request): MessageFault {
    const { random, now } = this.#parts;
    if (now() >= this.#stormUntil || !random.chance(this.#chance)) return 'ok';
    const is = random.pick(STORMY);
    const by = random.between(1, LONGEST_STORMY_DELAY);
    const fault: RequestFault = is === 'repeated' || is === 'late' || is === 'reply late' ? { is, by } : { is };
    return canBefall(fault, request) ? this.#apply(fault, request) : 'ok';
  }

  #apply(fault: RequestFault, request: Request): MessageFault {
    const { tally, disturb, now, hangTimeout } = this.#parts;
    tally.add('fault', `${request.kind} ${fault.is}`);
    disturb(now() + ('by' in fault ? fault.by : 0) + hangTimeout);
    return toFault(fault);
  }
}

/** A stream that opens late, or twice, means nothing. Nor does a refresh that comes twice on one stream. */
function canBefall({ is }: RequestFault, request: Request): boolean {
  if (is === 'stale' && request.kind === 'keepAlive') return request.what === 'refresh'; // by a member that lags
  if (is === 'stale') return request.kind === 'txn' && isReadOnly(request.txn);
  if (request.kind !== 'keepAlive' && request.kind !== 'watch') return true;
  if (is === 'duplicated' || is === 'repeated') return false;
  return request.what !== 'open' || is === 'refused' || is === 'hung';
}

function toFault(fault: RequestFault): MessageFault {
  switch (fault.is) {
    case 'lost':
      return 'lose request';
    case 'reply lost':
      return 'lose reply';
    case 'hung':
      return 'hang';
    case 'refused':
      return 'fail';
    case 'duplicated':
      return 'duplicate';
    case 'repeated':
      return { repeatAfter: fault.by };
    case 'late':
      return { arriveLateBy: fault.by };
    case 'reply late':
      return { lateBy: fault.by };
    case 'stale':
      return { staleBy: fault.by };
  }
}
