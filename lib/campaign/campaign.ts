import { ElectionError } from '../errors.js';
import type { Events } from '../events.js';
import type { Leadership } from '../leadership.js';
import type { Lease, RefreshInfo } from '../lease/lease.js';
import type { LeaseUser } from '../lease/lease-users.js';
import type { News } from '../queue/leader-observers.js';
import type { Head, Place } from '../queue/place.js';
import { Candidacy } from './candidacy.js';
import type { CampaignContext } from './context.js';
import { ElectedWaiters } from './elected-waiters.js';
import { ErrorEvents } from './error-events.js';
import { unhealthy } from './health-check.js';
import { Joining } from './joining.js';
import { LeaderEvents } from './leader-events.js';
import { Leaving } from './leaving.js';
import type { CampaignMoves, JoinedKey } from './moves.js';
import { ProclaimedValue } from './proclaimed-value.js';
import { assertLegal, isFinal, isQueued, type State } from './state.js';
import type { Workload } from './task-run.js';
import type { Term } from './term.js';
import { Priority } from './transfer/priority.js';

/**
 * One candidate's life, from `start()` to `stop()`: it queues, leads, is deposed, and queues again.
 *
 * Three things move it: the user's calls, the present state (`CampaignMoves`), and the lease (`LeaseUser`). Every move
 * goes through `#enter`. After an await nothing is assumed: is this still the same state object?
 */
export class Campaign implements CampaignMoves, LeaseUser {
  readonly name: string;
  readonly #context: CampaignContext;
  readonly #events: Events;
  readonly #leaderEvents: LeaderEvents;
  readonly #proclaimed: ProclaimedValue;
  #waiters: ElectedWaiters | undefined;
  /** Made at the first failure; undefined again after a join, after leaving, and when etcd answers again. */
  #errors: ErrorEvents | undefined;
  #state: State = { name: 'idle' };

  constructor(context: CampaignContext, events: Events) {
    const { priority, preempt } = context.options;
    this.name = context.name;
    this.#context = context;
    this.#events = events;
    this.#leaderEvents = new LeaderEvents(context, events, this);
    this.#proclaimed = new ProclaimedValue(context, this);
    if (priority !== undefined || preempt !== undefined) void this.setPriority(priority ?? 0); // writes nothing yet
  }

  get state(): State {
    return this.#state;
  }

  get term(): Term | undefined {
    return this.#state.name === 'leading' ? this.#state.term : undefined;
  }

  get releaseTimeout(): number {
    return this.#context.options.releaseTimeout;
  }

  /** What the leader announces, as far as this candidate has heard. */
  get leader(): string | undefined {
    return this.term?.value ?? this.#leaderEvents.leader;
  }

  // ---- the user's calls ----

  start(): void {
    const { intent } = this.#context;
    if (intent.isRunning) return;
    intent.isRunning = true;
    intent.lives++;
    if (this.#state.name === 'idle') this.#join(); // when leaving, `left` joins again
  }

  stop(reason = new ElectionError('STOPPED', 'the candidate was stopped')): Promise<void> {
    this.#context.intent.isRunning = false;
    this.#waiters?.stopped(reason);
    const state = this.#state;
    if (state.name === 'idle') return Promise.resolve();
    return state.name === 'leaving' ? state.stop(reason) : this.#leave(reason).done;
  }

  async proclaim(value: Buffer): Promise<void> {
    await this.#proclaimed.proclaim(value, this.#state.name);
  }

  async setPriority(priority: number): Promise<void> {
    const { intent, name, queue, session } = this.#context;
    intent.priority ??= new Priority({ name, queue, store: session.store }, this);
    await intent.priority.set(priority, isQueued(this.#state) ? this.#state.candidacy.own : undefined);
  }

  /** Resolves when this candidate is elected. */
  elected(signal: AbortSignal | undefined): Promise<Leadership> {
    if (this.term?.isCurrent() && !signal?.aborted) return Promise.resolve(this.term);
    this.#waiters ??= new ElectedWaiters();
    return this.#waiters.wait(signal);
  }

  /** The task to begin in every term; if there is a term already, in this one too. */
  assign(work: Workload | undefined): void {
    this.#context.intent.work = work;
    if (this.term?.isCurrent()) work?.begin(this.term);
    else if (this.#state.name === 'waiting') work?.notElected();
  }

  // ---- the moves, in the order of the diagram, and what the states tell besides ----

  /** idle, waiting, leading, leaving -> joining */
  #join(reason?: ElectionError): void {
    this.#enter(new Joining(this.#context, this, this.#proclaimed), reason);
  }

  /** joining -> waiting | leading */
  joined(key: JoinedKey, head: Head | undefined): void {
    const { lease, place } = key;
    const candidacy = new Candidacy(this.#context, this.#proclaimed, key, this);
    // With a lease whose deadline has just passed nobody leads; the lease manager is about to say that it is lost.
    if (place.predecessor === undefined && lease.remaining > 0) this.#lead(candidacy, place);
    else this.#enter({ name: 'waiting', candidacy });
    this.#errors = undefined;
    candidacy.restore();
    if (this.#state.name === 'waiting') candidacy.waits(place);
    this.#leaderEvents.joined(head);
  }

  /** waiting -> leading */
  first(place: Place): void {
    const state = this.#state;
    if (state.name === 'waiting' && state.candidacy.lease.remaining > 0) this.#lead(state.candidacy, place);
  }

  #lead(candidacy: Candidacy, place: Place): void {
    const term = candidacy.lead();
    const { work } = this.#context.intent; // work that a listener assigns begins by itself
    this.#enter({ name: 'leading', candidacy, term });
    this.#waiters?.elected(term);
    this.#leaderEvents.elected(this.#proclaimed.asOf(place), place);
    if (this.term === term) work?.begin(term); // a listener may have stopped us
    if (this.term === term) candidacy.followControlKeys(place.revision);
  }

  /** waiting, leading -> joining */
  keyLost(reason: ElectionError): void {
    if (isQueued(this.#state)) this.#join(reason);
  }

  /** leading -> leaving. Undefined: this candidate does not lead. */
  makeWay(reason: ElectionError, to?: bigint): Leaving | undefined {
    const state = this.#state;
    if (state.name === 'leaving' && to !== undefined) state.handOverTo(to);
    return state.name === 'leading' ? this.#leave(reason, to) : undefined;
  }

  /** joining, waiting, leading -> leaving */
  #leave(reason: ElectionError, to?: bigint): Leaving {
    const previous = this.#state;
    const joining = previous.name === 'joining' ? previous : undefined;
    const belongings = { joining, ...(isQueued(previous) && previous.candidacy.leave(to)) };
    const leaving = new Leaving(this.#context, belongings, reason, this);
    if (previous.name === 'leading' && this.#context.intent.isRunning) this.#leaderEvents.rejoining();
    // Enter first: a listener of `unelected` may call stop() or start(), and must find the state.
    this.#enter(leaving, reason);
    leaving.begin();
    return leaving;
  }

  /** leaving -> idle | joining */
  left(): void {
    if (this.#context.intent.isRunning) return this.#join();
    const { reason } = this.#state as Leaving;
    this.#enter({ name: 'idle' });
    this.#errors = undefined;
    this.#leaderEvents.stop();
    this.#waiters?.stopped(reason);
    this.#context.session.lease.detach(this); // last: the candidate that waits for our place may tell its user
  }

  headSeen(news: News): void {
    if (this.#state.name === 'waiting') this.#state.candidacy.headSeen(news);
  }

  /** `isHeard` false: nobody listens to `error`, and the lease manager logs the failure once for all its users. */
  failed(error: ElectionError, isHeard = true): void {
    this.#errors ??= new ErrorEvents(this.#events, this.#context.session.clock);
    if (isHeard) this.#errors.tell(error);
    if (!isQueued(this.#state)) this.#context.intent.work?.notElected(error);
    if (isFinal(error, this.#state.name)) void this.stop(error);
  }

  // ---- from the lease ----

  leased(): void {
    if (this.#state.name === 'joining') this.#state.retry();
  }

  notGranted(error: ElectionError): boolean {
    if (this.#state.name !== 'joining') return true; // it needs no lease now
    const isHeard = this.#events.has('error');
    this.failed(error, isHeard);
    return isHeard;
  }

  lost(lease: Lease, reason: ElectionError): void {
    if (isQueued(this.#state) && this.#state.candidacy.lease === lease) this.#join(reason);
  }

  refreshing(): void {
    const { health } = this.#context;
    const asks = this.#state.name === 'leading' || (this.#state.name === 'joining' && health?.isGood === false);
    if (!asks) return;
    health?.ask((isGood) => {
      if (!isGood) this.makeWay(unhealthy());
      else if (this.#state.name === 'joining') this.#state.retry();
    });
  }

  refreshed(info: RefreshInfo): void {
    if (isQueued(this.#state)) this.#state.candidacy.refreshed();
    this.#events.emit('refresh', info);
  }

  suspended(error: ElectionError): void {
    this.#events.emit('suspended', error);
  }

  resumed(): void {
    this.#errors = undefined;
    this.#events.emit('resumed');
  }

  // ---- the one door ----

  /** The only place where `#state` is assigned. The new state is in force before anybody hears of it. */
  #enter(next: State, reason?: ElectionError): void {
    const previous = this.#state;
    assertLegal(previous.name, next.name);
    this.#state = next;
    this.#context.log().info({ from: previous.name, to: next.name, ...(reason && { err: reason }) }, 'state changed');
    if (previous.name === 'joining') previous.close();
    if (isQueued(previous) && !isQueued(next)) previous.candidacy.close();
    if (previous.name === 'leading' && reason !== undefined) {
      previous.term.end(reason);
      this.#events.emit('unelected', previous.term, reason);
    }
    if (next.name === 'leading') this.#events.emit('elected', next.term);
  }
}
