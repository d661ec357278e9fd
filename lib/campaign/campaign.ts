import { soon } from '../common/time.js';
import { ElectionError } from '../errors.js';
import type { Lease } from '../lease/lease.js';
import type { LeaseUser } from '../lease/lease-users.js';
import type { ResolvedElectionOptions } from '../options.js';
import type { Head, Place } from '../queue/queue.js';
import type { KeyValue } from '../store/store.js';
import { HealthCheck } from './health-check.js';
import { Joining, type JoiningHandlers, type JoiningParts, type Ticket } from './joining.js';
import { Leaving, type LeavingHandlers, type LeavingParts } from './leaving.js';
import { ProclaimedValue, type ProclaimedValueParts } from './proclaimed-value.js';
import { assertLegal, isQueued, type Leading, type State } from './state.js';
import { Stay, type StayHandlers, type StayParts } from './stay.js';
import type { Workload } from './task-run.js';
import type { Term } from './term.js';

/** What a candidate is made of: one object for all that it does. */
export type CampaignParts = ResolvedElectionOptions & ProclaimedValueParts & JoiningParts & StayParts & LeavingParts;

/** What a campaign tells the election. */
export interface CampaignHandlers {
  /** `kv`: our key as it is at that revision; undefined when its value is not known for sure. */
  elected(term: Term, kv: KeyValue | undefined, revision: bigint): void;
  unelected(term: Term, reason: ElectionError): void;
  /** In the queue; the head as far as the join has shown it. */
  joined(head: Head | undefined): void;
  /** Idle again. */
  left(reason: ElectionError): void;
  refreshed(info: { readonly roundTrip: number; readonly expiresIn: number }): void;
  suspended(error: ElectionError): void;
  resumed(): void;
  failed(error: ElectionError): void;
}

/**
 * One candidate's life, from `start()` to `stop()`: queues, leads, is deposed, queues again.
 *
 * All that happens comes in through the session (the lease), the stay (the queue) and the user's calls; every change of
 * state goes through `#enter`. After an await nothing is assumed: is this still the same state object?
 */
export class Campaign implements LeaseUser, JoiningHandlers, StayHandlers, LeavingHandlers {
  readonly name: string;
  readonly #parts: CampaignParts;
  readonly #on: CampaignHandlers;
  readonly #health: HealthCheck | undefined;
  readonly #proclaimedValue: ProclaimedValue;
  #state: State = { name: 'idle' };
  #work: Workload | undefined;
  #lives = 0;

  constructor(parts: CampaignParts, on: CampaignHandlers) {
    const { healthCheck, log } = parts;
    this.name = parts.name;
    this.#parts = parts;
    this.#on = on;
    this.#proclaimedValue = new ProclaimedValue(parts);
    this.#health = healthCheck && new HealthCheck(healthCheck, log);
  }

  get state(): State {
    return this.#state;
  }

  get term(): Term | undefined {
    return this.#state.name === 'leading' ? this.#state.term : undefined;
  }

  get isRunning(): boolean {
    const state = this.#state;
    return state.name === 'leaving' ? state.leaving.isReturning : state.name !== 'idle';
  }

  /** How often it has become a candidate; what is lost within one life is healed, what ends with it was wanted. */
  get lives(): number {
    return this.#lives;
  }

  get work(): Workload | undefined {
    return this.#work;
  }

  /** The task to begin in every term; if there is a term already, in this one. */
  assign(work: Workload | undefined): void {
    this.#work = work;
    if (this.#state.name === 'leading' && this.#state.term.isCurrent()) work?.begin(this.#state.term);
  }

  start(): void {
    if (!this.isRunning) this.#lives++;
    if (this.#state.name === 'leaving') this.#state.leaving.comeBack();
    if (this.#state.name !== 'idle') return;
    const joining = this.#join();
    soon(() => joining.open(this));
  }

  stop(reason = new ElectionError('STOPPED', 'the candidate was stopped')): Promise<void> {
    const state = this.#state;
    if (state.name === 'idle') return Promise.resolve();
    if (state.name !== 'leaving') return this.#leave(reason, false).done;
    state.leaving.stop(reason, this.#work);
    return state.leaving.done;
  }

  /** Resolves when the candidate is back in the queue, or an attempt to be so has failed. */
  async stepDown(reason: ElectionError): Promise<void> {
    if (this.#state.name !== 'leading') throw new ElectionError('NOT_LEADER', 'only a leader can step down');
    await this.#leave(reason, true).done;
    const { state } = this;
    if (state.name === 'joining') await state.joining.attempt;
  }

  async proclaim(value: Buffer): Promise<void> {
    const state = this.#state;
    if (!isQueued(state)) {
      const message = `a value can be proclaimed from the queue only; the state is ${state.name}`;
      throw new ElectionError('NOT_CANDIDATE', message);
    }
    await this.#proclaimedValue.proclaim(state.stay.own, value);
  }

  // ---- from the session ----

  leased(): void {
    this.#tryJoin();
  }

  lost(lease: Lease, reason: ElectionError): void {
    const state = this.#state;
    if (isQueued(state) && state.stay.lease === lease) this.#rejoin(reason);
  }

  failed(error: ElectionError): void {
    if (this.#state.name !== 'joining') return;
    this.#on.failed(error);
    if (error.code === 'STOPPED') void this.stop(error); // a closed session has no other lease to wait for
  }

  refreshing(): void {
    const asks = this.#state.name === 'leading' || (this.#state.name === 'joining' && this.#health?.isGood === false);
    if (asks) this.#health?.ask((isGood) => this.#onHealth(isGood));
  }

  refreshed(info: { readonly roundTrip: number; readonly expiresIn: number }): void {
    if (isQueued(this.#state)) this.#state.stay.refreshed();
    this.#on.refreshed(info);
  }

  suspended(error: ElectionError): void {
    this.#on.suspended(error);
  }

  resumed(): void {
    this.#on.resumed();
  }

  // ---- from the entrance ----

  takeTicket(): Ticket | undefined {
    const { session, queue } = this.#parts;
    const lease = session.leaseOf(this);
    if (lease === undefined || this.#health?.isGood === false) return undefined;
    // The task of an earlier term may still wind down, or a join that was given up be on its way.
    const earlier = this.#work?.running ?? session.clearance(this.name, queue);
    if (earlier === undefined) return { lease, value: this.#proclaimedValue.value };
    void earlier.then(() => this.#tryJoin());
    return undefined;
  }

  entered(ticket: Ticket, place: Place, head: Head | undefined): void {
    const stay = new Stay(this.#parts, this.#proclaimedValue, ticket, place, this);
    // With a lease whose deadline has just passed nobody leads; the session is about to say that it is lost.
    if (place.predecessor === undefined && stay.lease.remaining > 0) this.#lead(stay, place);
    else this.#enter({ name: 'waiting', stay });
    this.#proclaimedValue.restore();
    this.#on.joined(head);
  }

  // ---- from the stay ----

  first(stay: Stay, place: Place): void {
    const state = this.#state;
    const isOurs = state.name === 'waiting' && state.stay === stay;
    if (isOurs && stay.lease.remaining > 0) this.#lead(stay, place);
  }

  ousted(stay: Stay, reason: ElectionError): void {
    const state = this.#state;
    if (isQueued(state) && state.stay === stay) this.#rejoin(reason);
  }

  troubled(error: ElectionError): void {
    this.#on.failed(error);
  }

  // ---- from the departure ----

  departed(leaving: Leaving): void {
    if (leaving.isReturning) return this.#rejoin();
    this.#enter({ name: 'idle' });
    this.#on.left(leaving.reason);
    this.#parts.session.detach(this); // last: the next one in our place may tell its user, who may call start()
  }

  // ---- moves ----

  /** The only place `#state` is assigned. The new state is in force before anyone hears of it. */
  #enter(next: State, reason?: ElectionError): void {
    const previous = this.#state;
    assertLegal(previous.name, next.name);
    this.#state = next;
    this.#parts.log().info({ from: previous.name, to: next.name, ...(reason && { err: reason }) }, 'state changed');
    if (previous.name === 'joining') previous.joining.close();
    if (isQueued(previous) && !isQueued(next)) previous.stay.close();
    if (previous.name === 'leading' && reason !== undefined) {
      previous.term.end(reason);
      this.#on.unelected(previous.term, reason);
    }
  }

  #join(reason?: ElectionError): Joining {
    const joining = new Joining(this.#parts, this);
    this.#enter({ name: 'joining', joining }, reason);
    return joining;
  }

  #rejoin(reason?: ElectionError): void {
    this.#join(reason).open(this); // unless a listener has stopped us
  }

  #tryJoin(): void {
    if (this.#state.name === 'joining') this.#state.joining.retry();
  }

  #lead(stay: Stay, place: Place): void {
    const state: Leading = { name: 'leading', stay, term: stay.lead() };
    const work = this.#work; // one that a listener assigns begins by itself
    this.#enter(state);
    this.#on.elected(state.term, this.#proclaimedValue.asOf(place), place.revision);
    if (this.#state === state) work?.begin(state.term); // a listener may have stopped us
  }

  #onHealth(isGood: boolean): void {
    if (isGood) this.#tryJoin();
    else if (this.#state.name === 'leading') {
      const message = 'the health check failed: out of the queue until it succeeds';
      this.#leave(new ElectionError('UNHEALTHY', message), true);
    }
  }

  #leave(reason: ElectionError, isReturning: boolean): Leaving {
    const previous = this.#state;
    const belongings = {
      work: this.#work,
      joining: previous.name === 'joining' ? previous.joining : undefined,
      own: isQueued(previous) ? previous.stay.own : undefined,
    };
    const leaving = new Leaving(this.#parts, belongings, reason, this);
    if (!isReturning) leaving.stop(reason, this.#work);
    // Entered first: a listener of `unelected` may call stop() or start() again, and finds the promise when it returns.
    this.#enter({ name: 'leaving', leaving }, reason);
    leaving.begin();
    return leaving;
  }
}
