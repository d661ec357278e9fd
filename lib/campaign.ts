import { Announcement } from './announcement.js';
import type { Candidacy, Head, OwnKey, Place } from './candidacy.js';
import { Departure } from './departure.js';
import { Entrance, type EntranceHandlers, type Ticket } from './entrance.js';
import { ElectionError, type ElectionErrorCode } from './errors.js';
import { Health } from './health.js';
import { Term } from './leadership.js';
import type { Lease } from './lease.js';
import type { Logger } from './log.js';
import type { ResolvedElectionOptions } from './options.js';
import type { Session, SessionMember } from './session.js';
import { Standing, type StandingHandlers } from './standing.js';
import { assertLegal, type Joining, type Leading, type Leaving, type State, type Waiting } from './state.js';
import type { KeyValue } from './store.js';
import { soon } from './time.js';
import type { Workload } from './work.js';

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

/** ms that the question why our key is gone may take: the answer is only a name for what is a fact already. */
const DOUBT = 50;

/**
 * One candidate's life, from `start()` to `stop()`: queues, leads, is deposed, queues again.
 *
 * All that happens comes in through the session (the lease), the standing (the queue) and the user's calls; every change of
 * state goes through `#enter`. After an await nothing is assumed: is this still the same state object?
 */
export class Campaign implements SessionMember, EntranceHandlers, StandingHandlers {
  readonly name: string;
  readonly #session: Session;
  readonly #candidacy: Candidacy;
  readonly #options: ResolvedElectionOptions;
  readonly #log: () => Logger;
  readonly #on: CampaignHandlers;
  readonly #health: Health | undefined;
  readonly #announcement: Announcement;
  readonly #ownsSession: boolean;
  #state: State = { name: 'idle' };
  #work: Workload | undefined;
  #doubt: { readonly cancel: () => void; readonly resolve: () => void } | undefined;

  constructor(
    parts: { name: string; session: Session; ownsSession: boolean; candidacy: Candidacy; log: () => Logger },
    options: ResolvedElectionOptions,
    on: CampaignHandlers,
  ) {
    this.name = parts.name;
    this.#session = parts.session;
    this.#candidacy = parts.candidacy;
    this.#log = parts.log;
    this.#options = options;
    this.#on = on;
    this.#announcement = new Announcement(parts.candidacy, options.value);
    this.#ownsSession = parts.ownsSession;
    this.#health = options.healthCheck && new Health(options.healthCheck, parts.log);
  }

  get state(): State {
    return this.#state;
  }

  get term(): Term | undefined {
    return this.#state.name === 'leading' ? this.#state.term : undefined;
  }

  get value(): Buffer {
    return this.#announcement.value;
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
    if (this.#state.name === 'leaving') this.#state.isReturning = true;
    if (this.#state.name !== 'idle') return;
    const joining = this.#newJoining();
    this.#enter(joining);
    soon(() => this.#attach(joining));
  }

  stop(reason = new ElectionError('STOPPED', 'the candidate was stopped')): Promise<void> {
    const state = this.#state;
    if (state.name === 'idle') return Promise.resolve();
    if (state.name !== 'leaving') return this.#leave(reason, false).done;
    state.isReturning = false;
    state.reason = reason;
    state.stopped ??= this.#work;
    return state.done;
  }

  /** Resolves when the candidate is back in the queue, or an attempt to be so has failed. */
  async stepDown(reason: ElectionError): Promise<void> {
    if (this.#state.name !== 'leading') throw new ElectionError('NOT_LEADER', 'only a leader can step down');
    await this.#leave(reason, true).done;
    const { state } = this;
    if (state.name === 'joining') await state.entrance.attempt;
  }

  async proclaim(value: Buffer): Promise<void> {
    const state = this.#state;
    if (state.name !== 'waiting' && state.name !== 'leading') {
      throw new ElectionError(
        'NOT_CANDIDATE',
        `a value can be proclaimed from the queue only; the state is ${state.name}`,
      );
    }
    if (!(await this.#announcement.proclaim(state.standing.own, value))) {
      throw new ElectionError('NOT_CANDIDATE', 'our key is gone from the queue: nothing was proclaimed');
    }
    this.#noteValue(state.standing);
    const now = this.#state; // it may have got another place meanwhile
    if (isQueued(now)) this.#restore(now.standing);
  }

  // ---- from the session ----

  leased(): void {
    this.#tryJoin();
  }

  lost(lease: Lease, reason: ElectionError): void {
    const state = this.#state;
    if ((state.name === 'waiting' || state.name === 'leading') && state.lease === lease) this.#rejoin(reason);
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
    this.#doubt?.resolve();
    if (isQueued(this.#state)) this.#restore(this.#state.standing); // when the first attempt failed
    this.#on.refreshed(info);
  }

  suspended(error: ElectionError): void {
    this.#on.suspended(error);
  }

  resumed(): void {
    this.#on.resumed();
  }

  // ---- from the entrance ----

  ticket(): Ticket | undefined {
    const lease = this.#session.leaseOf(this);
    if (lease === undefined || this.#health?.isGood === false) return undefined;
    // The task of an earlier term may still wind down, or a join that was given up be on its way.
    const earlier = this.#work?.running ?? this.#session.clearance(this.name, this.#candidacy);
    if (earlier === undefined) return { lease, value: this.value };
    void earlier.then(() => this.#tryJoin());
    return undefined;
  }

  entered({ lease, value }: Ticket, place: Place, head: Head | undefined): void {
    const { watch, environment } = this.#session;
    this.#announcement.placed(place.own, place.kv, value);
    const standing = new Standing(this.#candidacy, watch, environment.clock, place, this);
    // With a lease whose deadline has just passed nobody leads; the session is about to say that it is lost.
    if (place.before === undefined && lease.remaining > 0) this.#lead(lease, standing, place);
    else this.#enter({ name: 'waiting', lease, standing });
    this.#restore(standing);
    this.#on.joined(head);
  }

  abandoned(lease: Lease, own: OwnKey | undefined): Promise<void> {
    const state = this.#state;
    const isLast = state.name === 'leaving' ? !state.isReturning : state.name === 'idle';
    if (isLast && own === undefined && this.#ownsSession) return Promise.resolve(); // it is about to be revoked
    return this.#session.giveBack(this.#candidacy, { election: this.name, lease: lease.id, own, isLast });
  }

  leaseUnknown(lease: Lease, err: ElectionError): void {
    this.#session.reportLost(lease, err);
  }

  // ---- from the standing ----

  first(standing: Standing, place: Place): void {
    const state = this.#state;
    const isOurs = state.name === 'waiting' && state.standing === standing;
    if (isOurs && state.lease.remaining > 0) this.#lead(state.lease, standing, place);
  }

  /** Our key was deleted, or our lease revoked: nobody may rely on the term any more, and etcd is asked which it was. */
  gone(standing: Standing): void {
    const state = this.#state;
    if (!isQueued(state) || state.standing !== standing) return;
    if (state.name === 'leading') state.term.doubt();
    const resolve = (): void => this.#rejoin(error('KEY_DELETED', 'somebody deleted our key: queueing again'));
    this.#doubt = { cancel: this.#session.environment.clock.after(DOUBT, resolve), resolve };
    this.#session.refresh(); // a lease that is gone is told as lost, before the doubt is resolved
  }

  rewritten(standing: Standing, kv: KeyValue): void {
    this.#announcement.notice(kv, standing.own);
    this.#restore(standing);
  }

  troubled(error: ElectionError): void {
    this.#on.failed(error);
  }

  // ---- moves ----

  /** The only place `#state` is assigned. The new state is in force before anyone hears of it. */
  #enter(next: State, reason?: ElectionError): void {
    const previous = this.#state;
    assertLegal(previous.name, next.name);
    this.#state = next;
    this.#log().info({ from: previous.name, to: next.name, ...(reason && { err: reason }) }, 'state changed');
    this.#doubt?.cancel();
    this.#doubt = undefined;
    if (previous.name === 'joining') this.#close(previous.entrance);
    if ('standing' in previous && !('standing' in next && next.standing === previous.standing))
      previous.standing.close();
    if (previous.name === 'leading' && reason !== undefined) {
      previous.term.end(reason);
      this.#on.unelected(previous.term, reason);
    }
  }

  #rejoin(reason?: ElectionError): void {
    const joining = this.#newJoining();
    this.#enter(joining, reason);
    this.#attach(joining); // unless a listener has stopped us
  }

  #attach(joining: Joining): void {
    if (this.#state === joining) this.#session.attach(this);
  }

  #close(entrance: Entrance): void {
    entrance.close();
    if (entrance.attempt !== undefined) this.#session.bar(this.name, entrance.attempt);
  }

  #newJoining(): Joining {
    const { clock } = this.#session.environment;
    const parts = { candidacy: this.#candidacy, clock, withHead: this.#options.observe, log: this.#log };
    return { name: 'joining', entrance: new Entrance(parts, this) };
  }

  #tryJoin(): void {
    if (this.#state.name === 'joining') this.#state.entrance.retry();
  }

  #lead(lease: Lease, standing: Standing, place: Place): void {
    const { etcd } = this.#session.environment;
    const parts = { election: this.name, own: place.own, value: this.value, lease, candidacy: this.#candidacy, etcd };
    const state: Leading = { name: 'leading', lease, standing, term: new Term(parts) };
    const work = this.#work; // one that a listener assigns begins by itself
    this.#enter(state);
    // Written since we joined: by a proclaim() whose answer is on its way or was lost, or by somebody else.
    const isAsJoined = place.kv.modRevision === place.own.createRevision;
    this.#on.elected(state.term, isAsJoined ? { ...place.kv, value: this.value } : undefined, place.revision);
    if (this.#state === state) work?.begin(state.term); // a listener may have stopped us
  }

  #onHealth(isGood: boolean): void {
    if (isGood) this.#tryJoin();
    else if (this.#state.name === 'leading') {
      void this.#leave(error('UNHEALTHY', 'the health check failed: out of the queue until it succeeds'), true).done;
    }
  }

  /** It may have been elected since the value was sent. */
  #noteValue(standing: Standing): void {
    const state = this.#state;
    if (state.name === 'leading' && state.standing === standing) state.term.proclaimed(this.value);
  }

  /** Without our lease our key would outlive us; with another value it would announce what we do not. */
  #restore(standing: Standing): void {
    const state = this.#state;
    if (!isQueued(state) || state.standing !== standing || !this.#announcement.isOverwritten) return;
    this.#log().warn({ key: standing.own.key }, 'somebody wrote our key: writing it again');
    this.#announcement.proclaim(standing.own, this.value).then(
      () => this.#noteValue(standing),
      (err: ElectionError) => this.#on.failed(err),
    );
  }

  // ---- leaving ----

  #leave(reason: ElectionError, isReturning: boolean): Leaving {
    const previous = this.#state;
    const leaving: Leaving = { name: 'leaving', reason, isReturning, stopped: undefined, done: Promise.resolve() };
    if (!isReturning) leaving.stopped = this.#work;
    // Entered first: a listener of `unelected` may call stop() or start() again, and finds the promise when it returns.
    let begin = (): void => {};
    leaving.done = new Promise<void>((resolve) => {
      begin = resolve;
    }).then(() => this.#depart(previous, leaving));
    this.#enter(leaving, reason);
    begin();
    return leaving;
  }

  async #depart(previous: State, leaving: Leaving): Promise<void> {
    const departure = new Departure({
      name: this.name,
      session: this.#session,
      ownsSession: this.#ownsSession,
      candidacy: this.#candidacy,
      releaseTimeout: this.#options.releaseTimeout,
      log: this.#log,
      failed: (err) => this.#on.failed(err),
    });
    await departure.take({
      work: this.#work?.running,
      attempt: previous.name === 'joining' ? previous.entrance.attempt : undefined,
      own: isQueued(previous) ? previous.standing.own : undefined,
      isReturning: () => leaving.isReturning,
    });
    leaving.stopped?.cancel(leaving.reason);
    if (leaving.isReturning) {
      this.#rejoin();
      return;
    }
    this.#session.detach(this);
    this.#enter({ name: 'idle' });
    this.#on.left(leaving.reason);
  }
}

function isQueued(state: State): state is Waiting | Leading {
  return state.name === 'waiting' || state.name === 'leading';
}

function error(code: ElectionErrorCode, message: string): ElectionError {
  return new ElectionError(code, message);
}
