import { ElectionError } from '../errors.js';
import type { Lease } from '../lease/lease.js';
import { PlaceWatcher, type PlaceWatcherHandlers } from '../queue/place-watcher.js';
import type { OwnKey, Place, Queue } from '../queue/queue.js';
import type { Session } from '../session.js';
import type { KeyValue } from '../store/store.js';
import type { Ticket } from './joining.js';
import type { ProclaimedValue, ProclaimedValueHandlers } from './proclaimed-value.js';
import { Term } from './term.js';

export interface StayParts {
  /** Of the election. */
  readonly name: string;
  readonly session: Session;
  readonly queue: Queue;
}

export interface StayHandlers {
  /** By one linearizable read our key is there and the oldest. Told again when a later read finds the same. */
  first(stay: Stay, place: Place): void;
  /** Our key is gone, though its lease is not, as far as we know. Told once; nothing after it. */
  ousted(stay: Stay, reason: ElectionError): void;
  /** A request failed; it is tried again. */
  troubled(error: ElectionError): void;
}

/** ms that the question why our key is gone may take: the answer is only a name for what is a fact already. */
const DOUBT = 50;

/**
 * One stay in the queue, with one key on one lease: how the key stands, what it says, and the term that is led by it, which
 * nobody may rely on any more from the moment that the key is gone.
 *
 * Whether somebody has deleted the key or its lease has ended, the watch does not say. So there is a doubt, and a refresh
 * is sent at once. A lease that is gone the session tells as lost, and the stay is closed before it says anything; when the
 * lease was refreshed, or there is no answer in time, it says that the key was deleted.
 */
export class Stay implements PlaceWatcherHandlers, ProclaimedValueHandlers {
  readonly lease: Lease;
  readonly own: OwnKey;
  readonly #parts: StayParts;
  readonly #proclaimedValue: ProclaimedValue;
  readonly #placeWatcher: PlaceWatcher;
  readonly #on: StayHandlers;
  #term: Term | undefined;
  #cancelDoubt: (() => void) | undefined;

  constructor(parts: StayParts, proclaimedValue: ProclaimedValue, ticket: Ticket, place: Place, on: StayHandlers) {
    const { session, queue } = parts;
    this.lease = ticket.lease;
    this.own = place.own;
    this.#parts = parts;
    this.#proclaimedValue = proclaimedValue;
    this.#on = on;
    proclaimedValue.placed(this, place.kv, ticket.value);
    this.#placeWatcher = new PlaceWatcher(queue, session.watch, session.environment.clock, place, this);
  }

  /** The term that begins, our key being the oldest. */
  lead(): Term {
    const { name, session, queue } = this.#parts;
    const { lease, own } = this;
    const { value } = this.#proclaimedValue;
    this.#term = new Term({ election: name, own, value, lease, queue, etcd: session.environment.etcd });
    return this.#term;
  }

  /** The lease was refreshed. */
  refreshed(): void {
    if (this.#cancelDoubt !== undefined) this.#resolveDoubt();
    this.#proclaimedValue.restore(); // when the first attempt failed
  }

  close(): void {
    this.#cancelDoubt?.();
    this.#placeWatcher.close();
    this.#proclaimedValue.displaced();
  }

  // ---- from the standing ----

  first(place: Place): void {
    this.#on.first(this, place);
  }

  gone(): void {
    this.#term?.doubt();
    const { session } = this.#parts;
    this.#cancelDoubt = session.environment.clock.after(DOUBT, () => this.#resolveDoubt());
    session.refresh();
  }

  rewritten(kv: KeyValue): void {
    this.#proclaimedValue.notice(kv);
  }

  troubled(error: ElectionError): void {
    this.#on.troubled(error);
  }

  // ---- from the announcement ----

  /** We may have been elected since the value was sent. */
  announced(value: Buffer): void {
    this.#term?.proclaimed(value);
  }

  #resolveDoubt(): void {
    this.#on.ousted(this, new ElectionError('KEY_DELETED', 'somebody deleted our key: queueing again'));
  }
}
