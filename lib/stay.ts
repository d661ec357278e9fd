import type { Announcement, AnnouncementHandlers } from './announcement.js';
import type { Candidacy, OwnKey, Place } from './candidacy.js';
import type { Ticket } from './entrance.js';
import { ElectionError } from './errors.js';
import { Term } from './leadership.js';
import type { Lease } from './lease.js';
import type { Session } from './session.js';
import { Standing, type StandingHandlers } from './standing.js';
import type { KeyValue } from './store.js';

export interface StayParts {
  /** Of the election. */
  readonly name: string;
  readonly session: Session;
  readonly candidacy: Candidacy;
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
export class Stay implements StandingHandlers, AnnouncementHandlers {
  readonly lease: Lease;
  readonly own: OwnKey;
  readonly #parts: StayParts;
  readonly #announcement: Announcement;
  readonly #standing: Standing;
  readonly #on: StayHandlers;
  #term: Term | undefined;
  #cancelDoubt: (() => void) | undefined;

  constructor(parts: StayParts, announcement: Announcement, ticket: Ticket, place: Place, on: StayHandlers) {
    const { session, candidacy } = parts;
    this.lease = ticket.lease;
    this.own = place.own;
    this.#parts = parts;
    this.#announcement = announcement;
    this.#on = on;
    announcement.placed(this, place.kv, ticket.value);
    this.#standing = new Standing(candidacy, session.watch, session.environment.clock, place, this);
  }

  /** The term that begins, our key being the oldest. */
  lead(): Term {
    const { name, session, candidacy } = this.#parts;
    const { lease, own } = this;
    const { value } = this.#announcement;
    this.#term = new Term({ election: name, own, value, lease, candidacy, etcd: session.environment.etcd });
    return this.#term;
  }

  /** The lease was refreshed. */
  refreshed(): void {
    if (this.#cancelDoubt !== undefined) this.#resolveDoubt();
    this.#announcement.restore(); // when the first attempt failed
  }

  close(): void {
    this.#cancelDoubt?.();
    this.#standing.close();
    this.#announcement.displaced();
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
    this.#announcement.notice(kv);
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
