import type { Etcd3 } from 'etcd3';
import { Campaign } from './campaign/campaign.js';
import { type CampaignContext, campaignContextOf } from './campaign/context.js';
import { ObservableElection } from './campaign/observable-election.js';
import { type ElectionOptions, splitOptions } from './campaign/options.js';
import { type RunOptions, run } from './campaign/run.js';
import { isQueued, type StateName } from './campaign/state.js';
import type { Task, Workload } from './campaign/task-run.js';
import { TermRecord } from './campaign/term-record.js';
import { type AskOptions, ask } from './campaign/transfer/asking.js';
import { type StepDownOptions, stepDown } from './campaign/transfer/step-down.js';
import type { Candidate } from './candidate.js';
import { checkCallOptions, checkClient, checkName, checkPriority, resolveValue } from './checks.js';
import { type Environment, isEnvironment } from './environment.js';
import type { ElectionError } from './errors.js';
import type { Leadership } from './leadership.js';
import { Session } from './session.js';
import { textOf } from './store/bytes.js';

/**
 * One candidate in one election.
 *
 * While its `isLeader()` is true, no other candidate's is, by the clock; see docs/guarantees.md for what that does not
 * mean. It keeps trying by itself until `stop()`, whatever happens to etcd, the network, its lease or its key.
 *
 * @example
 * ```ts
 * const election = new Election(new Etcd3({ hosts: ['http://127.0.0.1:2379'] }), 'jobs/mail', { value: 'worker-1' });
 * election.on('elected', (leadership) => startWork(leadership.signal, leadership.fencingToken));
 * election.on('error', (err) => console.error(err.code, err.message));
 * election.start();
 * process.once('SIGTERM', () => election.stop());
 * ```
 */
export class Election extends ObservableElection {
  readonly #context: CampaignContext;
  readonly #campaign: Campaign;

  /**
   * Asks etcd for nothing yet.
   *
   * @param etcd the client, which stays the caller's to close; or a {@link Session} to share its lease with other
   *   elections
   * @param name the election's name: candidates that use the same name, of this library or another, are one queue
   * @throws ElectionError `INVALID_OPTION`
   */
  constructor(etcd: Etcd3 | Session, name: string, options?: ElectionOptions);
  /** @internal */
  constructor(source: Etcd3 | Session | Environment, name: string, options?: ElectionOptions);
  constructor(source: Etcd3 | Session | Environment, name: string, options: ElectionOptions = {}) {
    const isShared = source instanceof Session;
    if (!isShared && !isEnvironment(source)) checkClient(source, 'an Etcd3 client or a Session');
    checkName(name);
    const sessionOptions = splitOptions(options, isShared);
    const session = isShared ? source : new Session(source, sessionOptions, name);
    const context = campaignContextOf(name, options, session.parts, isShared);
    super(context);
    this.#context = context;
    this.#campaign = new Campaign(context, this.events);
    const { history } = context.options;
    if (history !== undefined) new TermRecord(context, history, this.events);
  }

  /**
   * `idle`: not started, or stopped. `joining`: on the way into the queue. `waiting`: in the queue, behind another.
   * `leading`: elected. `leaving`: stopping or stepping down, the key held until the work has ended.
   */
  get state(): StateName {
    return this.#campaign.state.name;
  }

  /** @internal Our key in the queue, the same in every read of it; undefined while we are not there. */
  get key(): string | undefined {
    const { state } = this.#campaign;
    return isQueued(state) ? textOf(state.candidacy.own.key) : undefined;
  }

  /** @internal How often the candidate was started. */
  get lives(): number {
    return this.#context.intent.lives;
  }

  /** @internal The work to do in every term, in the place of the task of `run()`. */
  assign(work: Workload): void {
    this.#campaign.assign(work);
  }

  /** @internal As `stop()`, with the reason that `unelected` is told with. */
  async end(reason: ElectionError): Promise<void> {
    await this.#campaign.stop(reason);
  }

  /** @internal */
  protected observationFailed(error: ElectionError): void {
    this.#campaign.failed(error);
  }

  /** The term while this candidate leads; ask its `isCurrent()`, or `isLeader()`, before you rely on it. */
  get leadership(): Leadership | undefined {
    return this.#campaign.term;
  }

  /**
   * Becomes a candidate, from the next tick on, and stays one until `stop()`. Idempotent; never throws: what goes wrong
   * is told by `error`, and tried again. Called while `stop()` is under way it takes effect after it.
   */
  start(): this {
    this.#campaign.start();
    return this;
  }

  /**
   * Stops being a candidate. A leader's `signal` is aborted and `unelected` told at once; the key is released when the
   * work of `run()` has ended, or after `releaseTimeout`. When this resolves, the key is gone from etcd, or etcd did
   * not answer in time and the key will expire with its lease. Idempotent, bounded in time, never rejects.
   */
  async stop(): Promise<void> {
    await this.#campaign.stop();
  }

  /**
   * Gives leadership up, goes to the end of the queue and stays a candidate. Resolves when it is back in the queue, or
   * when the first attempt to be so has failed (`error` tells, and it is tried again). Alone there it is elected again,
   * with a greater token.
   *
   * With `to`, hands over to that candidate, and resolves with the candidate that leads then: candidates of this
   * library between the two queue again behind it; those of other clients lead before it, in their turn; and when it
   * has left meanwhile, the next in the queue leads. The work of `run()` ends first, as ever.
   *
   * @throws ElectionError (rejects) `NOT_LEADER`; with `to` `NOT_CANDIDATE` when nobody else in the queue announces
   *   that, `UNAVAILABLE`, `PERMISSION_DENIED`, `INVALID_OPTION`
   * @example
   * ```ts
   * const leader = await election.stepDown({ to: 'worker-2' });
   * console.log(`${leader?.value} leads`);
   * ```
   */
  stepDown(): Promise<void>;
  stepDown(options: StepDownOptions): Promise<Candidate | undefined>;
  async stepDown(options: StepDownOptions = {}): Promise<unknown> {
    return stepDown(this.#campaign, this.#context, options);
  }

  /**
   * Asks the leader, which may be another process, to step down as by its own `stepDown()`: work first, then the key.
   * Needs no `start()`. Resolves with the candidate that leads then, which takes as long as the leader's work needs to
   * end; undefined: nobody leads. Does nothing when `to` leads already.
   *
   * Only a leader of this library with `steerable` answers. It does not know whether it may refuse: who can write the
   * election's keys can ask.
   *
   * @throws ElectionError (rejects) `TIMEOUT` when the leader has not answered within 2 s, or is of another client:
   *   then nothing is changed; also when the ask has vanished and the leader leads on after 30 s. `NOT_LEADER` when
   *   nobody leads, `BLOCKED`, `NOT_CANDIDATE` when nobody announces `to`, `ABORTED`, `UNAVAILABLE`,
   *   `PERMISSION_DENIED`, `INVALID_OPTION`
   * @example
   * ```ts
   * const leader = await election.ask({ to: 'worker-2', signal: AbortSignal.timeout(60_000) });
   * ```
   */
  async ask(options: AskOptions = {}): Promise<Candidate | undefined> {
    return ask(this.#context, options, (signal) => this.observe({ signal }));
  }

  /**
   * Changes this candidate's `priority`, now and in later terms; neither its place in the queue nor its token. Resolves
   * when etcd has it; outside the queue at once, and the next join writes it.
   *
   * @throws ElectionError (rejects) `INVALID_OPTION`; `UNAVAILABLE`, `PERMISSION_DENIED`: then it is written again
   *   later
   */
  async setPriority(priority: number): Promise<void> {
    checkPriority(priority);
    await this.#campaign.setPriority(priority);
  }

  /**
   * Changes what this candidate announces, now and in later terms; neither its place in the queue nor its token. When a
   * leader does so, followers hear the new value in `leader`.
   *
   * @throws ElectionError (rejects) `NOT_CANDIDATE` when not in the queue, `INVALID_OPTION`, `UNAVAILABLE`,
   *   `PERMISSION_DENIED`
   */
  async proclaim(value: string | Buffer): Promise<void> {
    await this.#campaign.proclaim(resolveValue(value));
  }

  /** Between `start()` and `stop()`, whether in the queue or not. */
  isRunning(): boolean {
    return this.#context.intent.isRunning;
  }

  /** Whether this candidate leads, by the clock at the moment of the call. Asks nobody. */
  isLeader(): boolean {
    return this.#campaign.term?.isCurrent() ?? false;
  }

  /**
   * What the present leader announces, as far as this candidate has heard; undefined when nobody leads, when not
   * running, and with `observe: false` unless it leads itself. Asks nobody: may be out of date.
   */
  currentLeader(): string | undefined {
    return this.isRunning() ? this.#campaign.leader : undefined;
  }

  /**
   * Resolves with the leadership when this candidate leads: at once if it does already. May be called before `start()`.
   *
   * @throws ElectionError (rejects) `STOPPED` when `stop()` is called while this waits, `ABORTED` by `signal`,
   *   `UNAVAILABLE` when the client is closed, `INVALID_OPTION`
   */
  async elected(options: { readonly signal?: AbortSignal } = {}): Promise<Leadership> {
    checkCallOptions(options, ['signal']);
    return this.#campaign.elected(options.signal);
  }

  /**
   * Joins if need be, runs `task` when elected, releases the key when the task has settled, stops, and resolves with
   * its result. When leadership is lost meanwhile, the task's `leadership.signal` is aborted and the task awaited; then
   * the candidate queues again and the task runs again at the next election, or with `requeue: false` this rejects with
   * the reason. A task that fails of itself is not run again.
   *
   * `stop()`, `session.close()` and an abort by `signal` end it as planned: the task winds down while the lease is
   * still refreshed, and this resolves with undefined. So a planned stop needs no `catch`.
   *
   * The task runs in the async context of this call.
   *
   * This does not mean "once in the cluster": every candidate that calls `run()` runs its task, one after the other.
   * See docs/once-per-period.md for that.
   *
   * @throws ElectionError (rejects) `INVALID_OPTION` (also when a `run()` is under way), `STOPPED` when the session was
   *   closed before, `UNAVAILABLE` when the client is closed, with `requeue: false` the reason of the loss, with `wait`
   *   `TIMEOUT`; or whatever the task throws
   * @example
   * ```ts
   * await election.run(async ({ signal }) => runRouter({ signal }));
   * ```
   */
  async run<T>(task: Task<T>, options: RunOptions = {}): Promise<T | undefined> {
    return run(this.#campaign, task, options, this.#context);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
