import { Campaign } from '../../lib/campaign/campaign.js';
import { Candidacy } from '../../lib/campaign/candidacy.js';
import { LeaderEvents } from '../../lib/campaign/leader-events.js';
import { Preemption } from '../../lib/campaign/transfer/preemption.js';
import { Steering } from '../../lib/campaign/transfer/steering.js';
import { Events } from '../../lib/events.js';
import { Lease } from '../../lib/lease/lease.js';
import { LeaseManager } from '../../lib/lease/lease-manager.js';
import { Membership } from '../../lib/pool/membership.js';
import { Overview } from '../../lib/pool/overview.js';
import { Registration } from '../../lib/pool/registration.js';
import { SuccessorWait } from '../../lib/pool/successor-wait.js';
import { Worker } from '../../lib/pool/worker.js';
import { LeaderIterator } from '../../lib/queue/leader-iterator.js';
import { LeaderWatcher } from '../../lib/queue/leader-watcher.js';
import { PlaceWatcher } from '../../lib/queue/place-watcher.js';
import { Succession } from '../../lib/queue/succession.js';

// biome-ignore lint/suspicious/noExplicitAny: methods of many classes
type Method = (this: object, ...args: any[]) => unknown;
type Methods = Record<string, Method>;

/** A class that is told news, and the methods that tell it. */
interface Receiver {
  readonly of: { readonly name: string; readonly prototype: object };
  readonly methods: readonly string[];
}

const READER = ['found', 'readFailed'];
const LEASE_USER = ['leased', 'notGranted', 'lost', 'refreshing', 'refreshed', 'suspended', 'resumed'];
const REFRESH = ['refreshing', 'refreshed', 'failed', 'lost'];
const FOLLOWER = ['changed', 'reset', 'refused'];

/** Methods in which an object passes what it was told on to another method of its own. */
const OWN_CALLS: ReadonlySet<string> = new Set([
  'LeaderEvents.changed > LeaderEvents.failed',
  'Campaign.notGranted > Campaign.failed',
]);

/** The levels, the lowest first. Each is told news by a level that stands before it. */
const LEVELS: ReadonlyArray<readonly Receiver[]> = [
  [
    { of: Succession, methods: [...FOLLOWER, 'told'] },
    { of: Lease, methods: REFRESH },
  ],
  [
    { of: PlaceWatcher, methods: [...FOLLOWER, ...READER, 'told'] },
    { of: LeaderWatcher, methods: [...FOLLOWER, ...READER] },
    { of: LeaseManager, methods: REFRESH },
  ],
  [
    { of: Preemption, methods: READER },
    { of: Candidacy, methods: ['first', 'keyGone', 'overtaken', 'rewritten', 'failed'] },
    { of: Steering, methods: [...FOLLOWER, ...READER] },
    { of: LeaderEvents, methods: ['changed', 'failed'] },
    { of: LeaderIterator, methods: ['changed', 'failed', 'over'] },
  ],
  [
    {
      of: Campaign,
      methods: ['joined', 'first', 'keyLost', 'makeWay', 'left', 'headSeen', 'failed', ...LEASE_USER],
    },
  ],
  // The pool stands on elections as users do: what an election tells a pool begins anew.
  [
    { of: Registration, methods: [...FOLLOWER, ...READER] },
    { of: SuccessorWait, methods: [...FOLLOWER, ...READER] },
    { of: Overview, methods: READER },
  ],
  [{ of: Membership, methods: LEASE_USER }],
  [{ of: Worker, methods: ['gained', 'lost', 'waits', 'succeeded', 'ended', 'failed'] }],
];

interface Telling {
  readonly receiver: object;
  readonly level: number;
  readonly what: string;
}

/**
 * Sees that news only goes up: while somebody is told something, nobody of the same level or of one below is told
 * anything. Whoever breaks this rule calls down and is answered before the call returns: he who was told first goes on
 * with what was true before. What a listener of the user does is no news, and begins anew. There can be one at a time.
 */
export class NewsOrder {
  /** What was told at all: `Candidacy.failed`, for example. */
  readonly told = new Set<string>();
  /** `Candidacy.failed > LeaseManager.lost`, for example. */
  readonly turns = new Set<string>();
  static #isOpen = false;
  readonly #restore: Array<() => void> = [];
  #stack: Telling[] = [];

  constructor() {
    if (NewsOrder.#isOpen) throw new Error('another NewsOrder is open');
    NewsOrder.#isOpen = true;
    for (const [level, receivers] of LEVELS.entries()) {
      for (const { of, methods } of receivers) {
        for (const name of methods) {
          this.#replace(of.prototype, name, this.#telling(level, `${of.name}.${name}`));
        }
      }
    }
    const order = this;
    this.#replace(
      Events.prototype,
      'emit',
      (emit) =>
        function (...args) {
          return order.#from([], () => emit.apply(this, args));
        },
    );
  }

  close(): void {
    for (const restore of this.#restore) restore();
    NewsOrder.#isOpen = false;
  }

  #telling(level: number, what: string): (method: Method) => Method {
    const order = this;
    return (method) =>
      function (...args) {
        const telling = { receiver: this, level, what };
        order.#note(telling);
        return order.#from([...order.#stack, telling], () => method.apply(this, args));
      };
  }

  #note({ receiver, level, what }: Telling): void {
    this.told.add(what);
    const top = this.#stack.at(-1);
    if (top === undefined || top.level < level) return;
    if (top.receiver === receiver && OWN_CALLS.has(`${top.what} > ${what}`)) return;
    this.turns.add([...this.#stack.map((telling) => telling.what), what].join(' > '));
  }

  #from<T>(stack: Telling[], call: () => T): T {
    const before = this.#stack;
    this.#stack = stack;
    try {
      return call();
    } finally {
      this.#stack = before;
    }
  }

  #replace(prototype: object, name: string, by: (method: Method) => Method): void {
    const methods = prototype as Methods;
    const method = methods[name];
    if (method === undefined) throw new Error(`there is no method ${name}`);
    methods[name] = by(method);
    this.#restore.push(() => {
      methods[name] = method;
    });
  }
}
