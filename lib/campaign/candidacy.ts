import { soon } from '../common/time.js';
import { ElectionError } from '../errors.js';
import type { Lease } from '../lease/lease.js';
import { blockedError } from '../queue/blockers.js';
import { leaderOf } from '../queue/candidates.js';
import type { News } from '../queue/leader-observers.js';
import type { OwnKey, Place } from '../queue/place.js';
import { PlaceWatcher, type PlaceWatcherHandlers } from '../queue/place-watcher.js';
import { textOf } from '../store/bytes.js';
import { type KeyValue, StaleAnswer } from '../store/store.js';
import type { CampaignContext } from './context.js';
import type { Belongings } from './leaving.js';
import type { CampaignMoves, JoinedKey } from './moves.js';
import type { ProclaimedValue, ValuedKey } from './proclaimed-value.js';
import { Term } from './term.js';
import { Steering } from './transfer/steering.js';

const OLDER = 'etcd answers with an older state than it has told of before: queueing again with a new lease';
const OVERTAKEN = 'an older key than ours has come back, so etcd was restored: queueing again with a new lease';

/** Milliseconds to ask why our key is gone. That it is gone is a fact already; the answer only names the reason. */
const DOUBT = 50;

/**
 * Our key in the queue, from the join to its end; the states waiting and leading carry it. It watches our place, writes
 * what the key says, makes the term that we lead by it, and has the control keys looked at in that term.
 *
 * When the key is gone, the watch does not say whether somebody deleted it or its lease ended. From that moment nobody
 * may rely on the term, and a refresh is sent at once. If the lease is gone too, the lease manager tells that the lease
 * is lost, and the candidacy is closed before it says anything. If the lease was refreshed, or there is no answer in
 * time, the candidacy says that the key was deleted.
 */
export class Candidacy implements PlaceWatcherHandlers, ValuedKey {
  readonly lease: Lease;
  readonly own: OwnKey;
  value: Buffer;
  readonly #context: CampaignContext;
  readonly #proclaimed: ProclaimedValue;
  readonly #placeWatcher: PlaceWatcher;
  readonly #moves: CampaignMoves;
  #term: Term | undefined;
  /** There while we lead, if this leader looks at control keys. */
  #steering: Steering | undefined;
  #cancelDoubt: (() => void) | undefined;

  constructor(
    context: CampaignContext,
    proclaimed: ProclaimedValue,
    { lease, place, value }: JoinedKey,
    moves: CampaignMoves,
  ) {
    const { watcher, clock } = context.session;
    this.lease = lease;
    this.own = place.own;
    this.value = value;
    this.#context = context;
    this.#proclaimed = proclaimed;
    this.#moves = moves;
    proclaimed.placed(this, place.kv);
    this.#placeWatcher = new PlaceWatcher(context.queue, watcher, clock, place, this);
  }

  /** The term that begins now, our key being the oldest. */
  lead(): Term {
    this.#term = new Term(this.#context, this);
    return this.#term;
  }

  /** The leader looks at the control keys, if it does that at all. `revision`: that of the read by which we lead. */
  followControlKeys(revision: bigint): void {
    if (Steering.isWanted(this.#context)) {
      this.#steering = new Steering(this.#context, this.own, revision, this.#moves);
    }
  }

  /**
   * What the state leaving needs of us: our key; whom a leader hands over to, which is the candidate on the lease `to`,
   * or the best of those that wait when there are priorities; and what takes asks until our key is released.
   */
  leave(to: bigint | undefined): Omit<Belongings, 'joining'> {
    const steering = this.#steering;
    const isRanked = this.#context.intent.priority !== undefined || steering?.hasSeenRanks === true;
    const isMeant = this.#term !== undefined && (to !== undefined || isRanked);
    this.#steering = undefined;
    steering?.leaving();
    return { own: this.own, successor: isMeant ? { to, isRanked } : undefined, steering };
  }

  /** There is no term for now: another candidate is before us, or a key that is no candidate's. */
  waits({ blocker }: Place): void {
    this.#context.intent.work?.notElected(blocker && blockedError(blocker));
  }

  /** An observer of the same election has learned, while we wait, who was first at this revision. */
  headSeen(news: News): void {
    const { work, priority } = this.#context.intent;
    if (leaderOf(news.kv) !== undefined) work?.notElected(); // whatever blocked the queue is gone
    this.#placeWatcher.headSeen(news);
    priority?.headSeen(news, this.own);
  }

  /** The lease was refreshed. */
  refreshed(): void {
    this.#term?.refreshed();
    if (this.#cancelDoubt !== undefined) this.#tellDeletedIn(0);
    else this.restore(); // in case the first attempt failed
  }

  /** Writes what etcd may not have: our value, our priority. */
  restore(): void {
    this.#proclaimed.restore();
    this.#context.intent.priority?.restore(this.own);
  }

  close(): void {
    this.#cancelDoubt?.();
    this.#steering?.close();
    this.#placeWatcher.close();
    this.#proclaimed.displaced();
  }

  // ---- from the place watcher ----

  first(place: Place): void {
    this.#moves.first(place);
  }

  keyGone(): void {
    this.#term?.doubt();
    this.#tellDeletedIn(DOUBT);
    this.#context.session.lease.refresh();
  }

  overtaken(): void {
    this.#giveUp(OVERTAKEN);
  }

  rewritten(kv: KeyValue): void {
    this.#proclaimed.notice(kv);
  }

  failed(error: ElectionError): void {
    this.#moves.failed(error);
    // etcd may have been emptied or restored, and our key may not be there. A leader that went on would be the second
    // one.
    if (error instanceof StaleAnswer) this.#giveUp(OLDER);
  }

  /** Nobody may rely on the term from now on. The lease ends in the next turn, because all its users are told. */
  #giveUp(message: string): void {
    this.#term?.doubt('LEASE_LOST');
    this.#placeWatcher.close(); // what it still finds counts no more
    soon(() => this.#context.session.lease.giveUp(this.lease, new ElectionError('LEASE_LOST', message)));
  }

  #tellDeletedIn(ms: number): void {
    this.#cancelDoubt?.();
    this.#cancelDoubt = this.#context.session.clock.after(ms, () => this.#tellDeleted());
  }

  #tellDeleted(): void {
    // A leader has handed over to somebody behind us; or, less often, an operator has deleted the key.
    if (this.#term === undefined) {
      this.#context.log().info({ key: textOf(this.own.key) }, 'our key was deleted while we waited: queueing again');
    }
    this.#moves.keyLost(new ElectionError('KEY_DELETED', 'somebody deleted our key: queueing again'));
  }
}
