import { Election } from '../../lib/election.js';
import { ElectionError } from '../../lib/errors.js';
import type { Leadership } from '../../lib/leadership.js';
import type { Session } from '../../lib/session.js';
import { isCrash } from '../support/crash.js';
import type { CandidatePlan, TaskPlan } from './plan.js';
import type { SimulatedProcess } from './process.js';
import { type Announced, type Claimant, candidacyId } from './record.js';
import { isRecorded, MOST_RECORDED_TERMS } from './term-history.js';
import { Violation } from './violation.js';
import { ObservingLoop } from './watcher.js';
import { SimulatedWorker } from './worker.js';

/** The ends of a term that leave the candidate in charge: it holds the key until its work has ended. */
const GRACEFUL: ReadonlySet<string> = new Set(['STOPPED', 'STEPPED_DOWN', 'UNHEALTHY', 'ABORTED']);

/** Milliseconds after which whoever asks gives up. */
const ASKS_FOR = 8_000;

export type HealthAnswer = 'good' | 'bad' | 'throws' | 'hangs';
export type Ambush = 'stop' | 'step down' | 'throw' | 'reject';

export interface ContenderParts {
  readonly name: string;
  readonly electionName: string;
  readonly plan: CandidatePlan;
  readonly process: SimulatedProcess;
  /** The shared session; undefined when the candidate has a session of its own. */
  readonly session: Session | undefined;
}

/** One real `Election`, its user, and what it has told. */
export class Contender implements Claimant {
  readonly name: string;
  readonly electionName: string;
  readonly plan: CandidatePlan;
  readonly process: SimulatedProcess;
  readonly session: Session | undefined;
  readonly election: Election;
  readonly worker: SimulatedWorker;
  readonly watchers = new Set<ObservingLoop>();
  readonly terms: Leadership[] = [];
  ambush: Ambush | undefined;
  #health: HealthAnswer = 'good';
  #hanging: (() => void)[] = [];
  #term: Leadership | undefined;
  /** The signal of the present term, if the user has asked for it at the beginning. */
  #signal: AbortSignal | undefined;
  #lastLeader: Announced | undefined;
  #announced = 0;

  constructor({ name, electionName, plan, process, session }: ContenderParts) {
    this.name = name;
    this.electionName = electionName;
    this.plan = plan;
    this.process = process;
    this.session = session;
    const { ttl, renewDeadline } = process;
    this.election = new Election(session ?? process.environment, electionName, {
      value: name,
      observe: plan.observe,
      healthCheck: () => this.#answer(),
      ...(plan.priority !== undefined && { priority: plan.priority }),
      ...(plan.preempt !== undefined && { preempt: plan.preempt }),
      ...(plan.steerable !== undefined && { steerable: plan.steerable }),
      ...(isRecorded(process.world.plan) && { history: MOST_RECORDED_TERMS }),
      logger: process.loggerFor(name),
      ...(session === undefined && { ttl, renewDeadline }),
    });
    this.worker = new SimulatedWorker(this);
    this.#listen();
    process.world.referee.register(this);
  }

  tell(what: () => string): void {
    this.process.world.story.tell(this.name, what);
  }

  /** The present term, as the events have told. */
  get term(): Leadership | undefined {
    return this.#term;
  }

  /** The candidacy that it leads with; empty when there is none. */
  get leads(): string {
    const { leadership } = this.election;
    return leadership === undefined
      ? ''
      : candidacyId({ key: leadership.key, createRevision: leadership.fencingToken });
  }

  isLeader(): boolean {
    return this.election.isLeader();
  }

  get isQueued(): boolean {
    return this.election.state === 'waiting' || this.election.state === 'leading';
  }

  /** The session was closed, and new elections have begun in the process: nobody uses this one any more. */
  get isRetired(): boolean {
    return !this.process.contenders.includes(this);
  }

  /** Its session has been closed, or is being closed. */
  get isClosed(): boolean {
    return this.session !== undefined && this.process.closed.has(this.session);
  }

  /** Another election of the same session holds the place: one session has one in each queue. */
  get isBlocked(): boolean {
    const isHolder = (other: Contender): boolean =>
      other !== this && other.electionName === this.electionName && other.isQueued;
    return this.session !== undefined && this.process.contenders.some(isHolder);
  }

  set health(health: HealthAnswer) {
    this.#health = health;
    if (health === 'hangs') return;
    for (const answer of this.#hanging.splice(0)) answer();
  }

  run(task: TaskPlan): void {
    this.worker.run(task);
  }

  stop(): Promise<void> {
    return this.#bounded('stop()', () => this.election.stop());
  }

  stepDown(): void {
    void this.#settling('stepDown()', this.election.stepDown(), ['NOT_LEADER']);
  }

  handOver(to: string): void {
    const codes = ['NOT_LEADER', 'NOT_CANDIDATE', 'UNAVAILABLE'];
    void this.#settling('stepDown({ to })', this.election.stepDown({ to }), codes);
  }

  ask(to: string | undefined): void {
    const abort = new AbortController();
    this.process.user.after(ASKS_FOR, () => abort.abort());
    const asked = this.election.ask({ signal: abort.signal, ...(to !== undefined && { to }) });
    asked.then(
      () => this.process.world.tally.add('outcome', 'asks answered'),
      () => this.process.world.tally.add('outcome', 'asks refused'),
    );
    const codes = ['TIMEOUT', 'ABORTED', 'NOT_LEADER', 'NOT_CANDIDATE', 'BLOCKED', 'UNAVAILABLE', 'LEASE_LOST'];
    void this.#settling('ask()', asked, codes);
  }

  prioritise(priority: number): void {
    void this.#settling('setPriority()', this.election.setPriority(priority), ['UNAVAILABLE', 'LEASE_LOST']);
  }

  proclaim(): void {
    const value = `${this.name}=${++this.#announced}`;
    void this.#settling('proclaim()', this.election.proclaim(value), ['NOT_CANDIDATE', 'UNAVAILABLE', 'LEASE_LOST']);
  }

  await(patience: number | undefined): void {
    const abort = new AbortController();
    if (patience !== undefined) this.process.user.after(patience, () => abort.abort());
    const elected = this.election.elected({ signal: abort.signal });
    void this.#settling('elected()', elected, ['STOPPED', 'ABORTED']);
  }

  observe(ms: number | undefined): void {
    const watcher = new ObservingLoop(this);
    this.watchers.add(watcher);
    if (ms !== undefined) this.process.user.after(ms, () => watcher.stop());
    this.process.keep('observe()', watcher.done);
  }

  read(): void {
    const { election } = this;
    const candidates = election.candidates().then((all) => {
      const tokens = all.map(({ fencingToken }) => fencingToken);
      if (tokens.some((token, at) => at > 0 && token < (tokens[at - 1] ?? 0n))) {
        throw new Violation('e: order', `${this.name} was told the queue in disorder: ${tokens}`);
      }
    });
    void this.#settling('candidates()', candidates, ['UNAVAILABLE']);
    void this.#settling('leader()', election.leader(), ['UNAVAILABLE']);
    if (election.leadership !== undefined) {
      void this.#settling('verify()', election.leadership.verify(), ['UNAVAILABLE']);
    }
  }

  /** Writes under `leadership.txn()`. Resolves with whether the write was committed; undefined when nobody knows. */
  async write(term: Leadership): Promise<boolean | undefined> {
    const key = this.process.world.referee.guardOf(this.electionName);
    const value = Buffer.from(`${term.fencingToken}`);
    try {
      const { succeeded } = await this.process.connection.txn({
        compare: [{ key: term.key, createRevision: term.fencingToken }],
        success: [{ type: 'put', key, value, lease: 0n }],
        failure: [{ type: 'range', range: { key, order: 'oldest', limit: 1 } }],
      });
      this.process.world.tally.add('outcome', succeeded ? 'guarded writes accepted' : 'guarded writes refused');
      return succeeded;
    } catch {
      return undefined;
    }
  }

  #listen(): void {
    const { world } = this.process;
    const on = (fn: () => void): void => world.guard(fn);
    this.election.on('elected', (leadership) => {
      on(() => this.#onElected(leadership));
      return this.#spring();
    });
    this.election.on('unelected', (leadership, reason) => on(() => this.#onUnelected(leadership, reason)));
    this.election.on('leader', (value, candidate) =>
      on(() => {
        this.tell(() => `hears that the leader is ${value ?? 'nobody'}`);
        world.tally.add('outcome', 'leader events');
        if (candidate === undefined) return;
        this.#lastLeader = world.referee.announced(this.electionName, this.name, candidate, this.#lastLeader);
      }),
    );
    this.election.on('suspended', (error) => this.tell(() => `suspended: ${error.message}`));
    this.election.on('resumed', () => this.tell(() => 'resumed'));
    this.election.on('error', (error) => {
      this.tell(() => `error ${error.code}: ${error.message}`);
      on(() => this.process.checkError(error));
    });
  }

  #onElected(leadership: Leadership): void {
    this.tell(() => `elected with token ${leadership.fencingToken}`);
    const { state } = this.election;
    if (this.#term !== undefined) throw new Violation('c: pairs', `${this.name} was elected twice in a row`);
    if (state !== 'leading') throw new Violation('c: pairs', `${this.name} was elected, and its state is ${state}`);
    this.#term = leadership;
    // The other candidates ask for the signal when the term is over. A signal that is made then is aborted from the
    // beginning.
    this.#signal = leadership.fencingToken % 2n === 0n ? leadership.signal : undefined;
    this.terms.push(leadership);
    this.process.world.referee.elected(this, leadership);
    void this.write(leadership);
  }

  #onUnelected(leadership: Leadership, { code, message }: ElectionError): void {
    this.tell(() => `unelected: ${code}`);
    if (/has asked/.test(message)) this.process.world.referee.obeyed(this, leadership);
    if (/makes way/.test(message)) this.process.world.tally.add('outcome', 'preemptions');
    this.process.world.tally.add('outcome', `unelected: ${code}`);
    if (this.#term !== leadership) throw new Violation('c: pairs', `${this.name} was unelected without a term`);
    if (code === 'KEY_DELETED') this.process.world.referee.bereft(this, leadership);
    this.#term = undefined;
    if (this.#signal?.aborted === false) {
      throw new Violation('c: pairs', `${this.name} was unelected, and the signal of its term is not aborted`);
    }
    if (leadership.isCurrent() || !leadership.signal.aborted || this.election.isLeader()) {
      throw new Violation('c: pairs', `${this.name} was unelected, and its term goes on`);
    }
    if (GRACEFUL.has(code)) this.worker.mustBeWaitedFor(leadership);
  }

  #spring(): unknown {
    const { ambush } = this;
    this.ambush = undefined;
    switch (ambush) {
      case undefined:
        return undefined;
      case 'stop':
        return this.stop();
      case 'step down':
        return this.stepDown();
      case 'throw':
        throw new Error('a listener that throws');
      case 'reject':
        return Promise.reject(new Error('a listener that rejects'));
    }
  }

  #answer(): boolean | Promise<boolean> {
    if (this.#health === 'throws') throw new Error('the health check throws');
    if (this.#health !== 'hangs') return this.#health === 'good';
    return new Promise((resolve) => {
      this.#hanging.push(() => resolve(true));
    });
  }

  /** Waits for the call to settle. The reasons that it may be rejected with are known. */
  async #settling(what: string, promise: Promise<unknown>, codes: readonly string[]): Promise<void> {
    this.process.keep(`${this.name}: ${what}`, promise);
    try {
      await promise;
    } catch (err) {
      this.process.world.guard(() => {
        if (err instanceof Violation) throw err;
        if (err instanceof ElectionError && codes.includes(err.code) && !isCrash(err)) return;
        throw new Violation('i: no surprises', `${this.name}: ${what} rejected with ${String(err)}`, err);
      });
    }
  }

  /** `stop()` may take as long as the work may, and a second more. */
  async #bounded(what: string, stop: () => Promise<void>): Promise<void> {
    const { process } = this;
    const startedAt = process.clock.now();
    const { pauses } = process;
    const stopped = stop();
    process.keep(`${this.name}: ${what}`, stopped);
    await stopped;
    const took = process.clock.now() - startedAt;
    const most = process.ttl * 1_000 + 1_000 + 250;
    if (took > most && pauses === process.pauses) {
      process.world.guard(() => {
        throw new Violation('g: bounded', `${this.name}: ${what} took ${Math.round(took)} ms`);
      });
    }
  }
}
