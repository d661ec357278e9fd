import type { Clock } from '../common/time.js';
import { ElectionError } from '../errors.js';
import type { Events } from '../events.js';
import type { Leadership } from '../leadership.js';
import type { Lease } from '../lease/lease.js';
import type { LeaseUser } from '../lease/lease-users.js';
import type { News } from '../queue/leader-observers.js';
import type { Head, Place } from '../queue/place.js';
import { Candidacy } from './candidacy.js';
import type { CampaignContext } from './context.js';
import { abortedBy, ElectedWaiters } from './elected-waiters.js';
import { ErrorEvents } from './error-events.js';
import { HealthCheck } from './health-check.js';
import { Joining } from './joining.js';
import { LeaderEvents } from './leader-events.js';
import { Leaving } from './leaving.js';
import type { CampaignMoves, JoinedKey } from './moves.js';
import { Priority } from './priority.js';
import { ProclaimedValue } from './proclaimed-value.js';
import { assertLegal, isQueued, type State } from './state.js';
import { Steering, type SteeringMoves } from './steering.js';
import type { Workload } from './task-run.js';
import type { Term } from './term.js';

const UNHEALTHY = 'the health check failed: out of the queue until it succeeds';

/**
 * One candidate's life, from `start()` to `stop()`: it queues, leads, is deposed, and queues again.
 *
 * Three things move it: the user's calls, the present state (`CampaignMoves`), and the lease (`LeaseUser`). Every move
 * goes through `#enter`. After an await nothing is assumed: is this still the same state object?
 */
export class Campaign implements CampaignMoves, LeaseUser, SteeringMoves {
  readonly name: string;
  readonly #context: CampaignContext;
  readonly #events: Events;
  readonly #leaderEvents: LeaderEvents;
  readonly #proclaimed: ProclaimedValue;
  readonly #health: HealthCheck | undefined;
  /** There once somebody has spoken of priorities. */
  #priority: Priority | undefined;
  /** There while this candidate leads, if it looks at control keys. */
  #steering: Steering | undefined;
  #waiters: ElectedWaiters | undefined;
  /** There while something goes wrong. */
  #errors: ErrorEvents | undefined;
  #state: State = { name: 'idle' };

  constructor(context: CampaignContext, events: Events) {
    const { healthCheck } = context.options;
    this.name = context.name;
    this.#context = context;
    this.#events = events;
    this.#leaderEvents = new LeaderEvents(context, events, this);
    this.#proclaimed = new ProclaimedValue(context, this);
    this.#health = healthCheck && new HealthCheck(healthCheck, context.log);
    const { priority, preempt } = context.options;
    if (priority !== undefined || preempt !== undefined) void this.setPriority(priority ?? 0); // writes nothing yet
  }

  get state(): State {
    return this.#state;
  }

  get term(): Term | undefined {
    return this.#state.name === 'leading' ? this.#state.term : undefined;
  }

  get isRunning(): boolean {
    return this.#context.intent.isRunning;
  }

  get releaseTimeout(): number {
    return this.#context.options.releaseTimeout;
  }

  get lives(): number {
    return this.#context.intent.lives;
  }

  get work(): Workload | undefined {
    return this.#context.intent.work;
  }

  get clock(): Clock {
    return this.#context.session.clock;
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
    if (state.name !== 'leaving') return this.#leave(reason).done;
    state.stop(reason);
    return state.done;
  }

  /**
   * Resolves when the candidate is back in the queue, or an attempt to be so has failed. `to`: the lease of the
   * candidate that shall lead next.
   */
  async stepDown(reason: ElectionError, to?: bigint): Promise<void> {
    if (this.#state.name !== 'leading') throw new ElectionError('NOT_LEADER', 'only a leader can step down');
    await this.#leave(reason, to).done;
    const { state } = this;
    if (state.name === 'joining') await state.attempt;
  }

  async proclaim(value: Buffer): Promise<void> {
    const state = this.#state;
    if (!isQueued(state)) {
      const message = `a value can be proclaimed from the queue only; the state is ${state.name}`;
      throw new ElectionError('NOT_CANDIDATE', message);
    }
    await this.#proclaimed.proclaim(state.candidacy.own, value);
  }

  async setPriority(priority: number): Promise<void> {
    this.#priority ??= new Priority(this.#context, this);
    await this.#priority.set(priority, isQueued(this.#state) ? this.#state.candidacy.own : undefined);
  }

  /** Resolves when this candidate is elected. */
  elected(signal: AbortSignal | undefined): Promise<Leadership> {
    const { term } = this;
    if (signal?.aborted) return Promise.reject(abortedBy(signal));
    if (term?.isCurrent()) return Promise.resolve(term);
    this.#waiters ??= new ElectedWaiters();
    return this.#waiters.wait(signal);
  }

  /** The task to begin in every term; if there is a term already, in this one too. */
  assign(work: Workload | undefined): void {
    this.#context.intent.work = work;
    if (this.term?.isCurrent()) work?.begin(this.term);
    else if (this.#state.name === 'waiting') work?.notElected();
  }

  // ---- the moves, in the order of the diagram ----

  /** idle, waiting, leading, leaving -> joining */
  #join(reason?: ElectionError): void {
    this.#enter(new Joining(this.#context, this, this.#proclaimed, this.#health), reason);
  }

  /** joining -> waiting | leading */
  joined(key: JoinedKey, head: Head | undefined): void {
    const candidacy = new Candidacy(this.#context, this.#proclaimed, key, this);
    // With a lease whose deadline has just passed nobody leads; the lease manager is about to say that it is lost.
    if (key.place.predecessor === undefined && key.lease.remaining > 0) this.#lead(candidacy, key.place);
    else this.#enter({ name: 'waiting', candidacy });
    this.#errors = undefined;
    this.#proclaimed.restore();
    this.#priority?.restore(candidacy.own);
    if (this.#state.name === 'waiting') this.work?.notElected();
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
    if (this.term !== term || !Steering.isWanted(this.#context)) return;
    this.#steering = new Steering(this.#context, candidacy.own, place.revision, this);
  }

  /** waiting, leading -> joining */
  keyLost(reason: ElectionError): void {
    if (isQueued(this.#state)) this.#join(reason);
  }

  /** joining, waiting, leading -> leaving */
  #leave(reason: ElectionError, to?: bigint): Leaving {
    const previous = this.#state;
    const isRanked = this.#priority !== undefined || this.#steering?.hasSeenRanks === true;
    const succession = previous.name === 'leading' && (to !== undefined || isRanked) ? { to } : undefined;
    const joining = previous.name === 'joining' ? previous : undefined;
    const own = isQueued(previous) ? previous.candidacy.own : undefined;
    const leaving = new Leaving(this.#context, { joining, own, succession }, reason, this);
    if (previous.name === 'leading' && this.isRunning) this.#leaderEvents.rejoining();
    // Enter first: a listener of `unelected` may call stop() or start(), and must find the state.
    this.#enter(leaving, reason);
    leaving.begin();
    return leaving;
  }

  /** leaving -> idle | joining */
  left(): void {
    if (this.isRunning) return this.#join();
    const { reason } = this.#state as Leaving;
    this.#enter({ name: 'idle' });
    this.#errors = undefined;
    this.#leaderEvents.stop();
    this.#waiters?.stopped(reason);
    this.#context.session.lease.detach(this); // last: the candidate that waits for our place may tell its user
  }

  headSeen(news: News): void {
    const state = this.#state;
    if (state.name !== 'waiting') return;
    state.candidacy.headSeen(news);
    if (this.#state === state) this.#priority?.headSeen(news, state.candidacy.own);
  }

  failed(error: ElectionError): void {
    this.#errors ??= new ErrorEvents(this.#events, this.#context.session.clock);
    this.#errors.tell(error);
    this.work?.notElected(isQueued(this.#state) ? undefined : error);
    if (error.code === 'STOPPED') void this.stop(error); // a closed session has no other lease to wait for
  }

  // ---- from the control keys ----

  /** leading -> leaving */
  makeWay(reason: ElectionError, to: bigint | undefined): void {
    if (this.#state.name === 'leading') this.#leave(reason, to);
  }

  // ---- from the lease ----

  leased(): void {
    this.#retry();
  }

  notGranted(error: ElectionError): boolean {
    if (this.#state.name !== 'joining') return true; // it needs no lease now
    const isHeard = this.#events.has('error');
    if (isHeard) this.failed(error);
    else this.work?.notElected(error);
    return isHeard;
  }

  lost(lease: Lease, reason: ElectionError): void {
    if (isQueued(this.#state) && this.#state.candidacy.lease === lease) this.#join(reason);
  }

  refreshing(): void {
    const asks = this.#state.name === 'leading' || (this.#state.name === 'joining' && this.#health?.isGood === false);
    if (asks) this.#health?.ask((isGood) => this.#onHealth(isGood));
  }

  refreshed(info: { readonly roundTrip: number; readonly expiresIn: number }): void {
    const state = this.#state;
    if (isQueued(state)) state.candidacy.refreshed();
    // In case the first attempt failed. The candidacy may just have told that our key is gone.
    if (isQueued(state) && this.#state === state) this.#priority?.restore(state.candidacy.own);
    this.#events.emit('refresh', info);
  }

  suspended(error: ElectionError): void {
    this.#events.emit('suspended', error);
  }

  resumed(): void {
    this.#errors = undefined;
    this.#events.emit('resumed');
  }

  #onHealth(isGood: boolean): void {
    if (isGood) this.#retry();
    else if (this.#state.name === 'leading') this.#leave(new ElectionError('UNHEALTHY', UNHEALTHY));
  }

  #retry(): void {
    if (this.#state.name === 'joining') this.#state.retry();
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
    this.#steering?.close();
    this.#steering = undefined;
    if (previous.name === 'leading' && reason !== undefined) {
      previous.term.end(reason);
      this.#events.emit('unelected', previous.term, reason);
    }
    if (next.name === 'leading') this.#events.emit('elected', next.term);
  }
}
