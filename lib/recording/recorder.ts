import type { Candidate } from '../candidate.js';
import { type Clock, SystemClock } from '../common/time.js';
import type { Election } from '../election.js';
import type { ElectionError, ElectionErrorCode } from '../errors.js';
import type { ElectionEventName, ElectionListener } from '../events.js';
import type { Leadership } from '../leadership.js';
import type { Instruments } from './instruments.js';
import type { Source } from './sources.js';

/** Reasons of losses that nobody planned. Their series start at 0, so that the first loss is an increase too. */
const UNPLANNED: readonly ElectionErrorCode[] = ['LEASE_EXPIRED', 'LEASE_LOST', 'KEY_DELETED', 'UNHEALTHY'];
const FAILURES: readonly ElectionErrorCode[] = ['UNAVAILABLE', 'PERMISSION_DENIED', 'BLOCKED', 'RELEASE_TIMEOUT'];

/** Seconds. A greater number is taken for milliseconds. */
const LONGEST_INTERVAL = 3_600;

/** @throws Error when `queueInterval` is no number of seconds from 0 to 3,600, nor `Infinity` */
export function checkQueueInterval(queueInterval: unknown): asserts queueInterval is number {
  if (typeof queueInterval !== 'number' || !(queueInterval >= 0)) {
    throw new Error(`\`queueInterval\` must be a number of seconds, 0 or more; got ${String(queueInterval)}`);
  }
  if (queueInterval > LONGEST_INTERVAL && queueInterval !== Number.POSITIVE_INFINITY) {
    throw new Error(
      `\`queueInterval\` must be ${LONGEST_INTERVAL} seconds or less, or Infinity for no reads; ` +
        `got ${queueInterval}. ` +
        'It is seconds, not milliseconds',
    );
  }
}

/** Follows one election, and updates its figures at each scrape. */
export class Recorder implements Source {
  readonly name: string;
  readonly #election: Election;
  readonly #to: Instruments;
  readonly #labels: { readonly election: string };
  readonly #clock: Clock = new SystemClock();
  readonly #queueInterval: number;
  readonly #codes = new Set<string>();
  readonly #unsubscribe: (() => void)[] = [];
  /** The term whose time is being counted, and until when it has been counted. */
  #term: { readonly leadership: Leadership; countedTo: number; deadline: number } | undefined;
  #lost: { readonly at: number; readonly life: number } | undefined;
  /**
   * The fencing token of the leader that was seen last. A leader that comes back has the same key, and another token.
   */
  #leaderToken: bigint | undefined;
  #queue: { readAt: number; readonly position: number | undefined } | undefined;
  #isReading = false;
  #isOver = false;

  /** `queueInterval` in ms. */
  constructor(election: Election, to: Instruments, queueInterval: number) {
    this.name = election.name;
    this.#election = election;
    this.#to = to;
    this.#labels = { election: election.name };
    this.#queueInterval = queueInterval;
  }

  start(): void {
    const { elected, leaderChanges, leadingSeconds, refreshFailures } = this.#to;
    // Prometheus sees no increase in a series that begins with its first event, so each series begins with 0.
    for (const counter of [elected, leaderChanges, leadingSeconds, refreshFailures]) counter.inc(this.#labels, 0);
    for (const code of UNPLANNED) this.#to.unelected.inc(this.#with(code), 0);
    for (const code of FAILURES) this.#to.errors.inc(this.#with(code), 0);
    this.#to.refreshDuration.zero(this.#labels);
    this.#to.reelection.zero(this.#labels);
    this.#to.suspended.set(this.#labels, 0);
    const { leadership } = this.#election;
    if (leadership !== undefined) this.#begin(leadership);

    this.#listen('elected', (term) => this.#onElected(term));
    this.#listen('unelected', (_, reason) => this.#onUnelected(reason));
    this.#listen('leader', (_, candidate) => this.#onLeader(candidate));
    this.#listen('refresh', ({ roundTrip, expiresIn }) => this.#onRefresh(roundTrip, expiresIn));
    this.#listen('suspended', () => {
      this.#to.suspended.set(this.#labels, 1);
      this.#to.refreshFailures.inc(this.#labels);
    });
    this.#listen('resumed', () => this.#to.suspended.set(this.#labels, 0));
    this.#listen('error', ({ code }) => this.#to.errors.inc(this.#with(code)));
  }

  stop(): void {
    this.#isOver = true;
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    const { isLeader, expiresIn, queuePosition, suspended, elected, leaderChanges, leadingSeconds } = this.#to;
    const { refreshFailures, refreshDuration, reelection, unelected, errors } = this.#to;
    const plain = [isLeader, expiresIn, queuePosition, suspended, elected, leaderChanges, leadingSeconds];
    for (const metric of [...plain, refreshFailures, refreshDuration, reelection]) metric.remove(this.#labels);
    for (const code of this.#codes) for (const metric of [unelected, errors]) metric.remove(this.#with(code));
  }

  scrape(): void {
    const isLeader = this.#election.isLeader();
    this.#to.isLeader.set(this.#labels, Number(isLeader));
    this.#to.expiresIn.set(this.#labels, (this.#election.leadership?.expiresIn() ?? 0) / 1000);
    this.#count();
    const position = this.#position(isLeader);
    if (position === undefined) this.#to.queuePosition.remove(this.#labels);
    else this.#to.queuePosition.set(this.#labels, position);
  }

  #listen<E extends ElectionEventName>(event: E, listener: ElectionListener<E>): void {
    this.#election.events.lookOn(event, listener);
    this.#unsubscribe.push(() => this.#election.off(event, listener));
  }

  #onElected(leadership: Leadership): void {
    this.#to.elected.inc(this.#labels);
    // A candidate that was stopped since then did not wait for the next election.
    if (this.#lost?.life === this.#election.lives) {
      this.#to.reelection.observe(this.#labels, (this.#clock.now() - this.#lost.at) / 1000);
    }
    this.#lost = undefined;
    this.#begin(leadership);
  }

  #onUnelected({ code }: ElectionError): void {
    this.#count();
    this.#term = undefined;
    this.#to.unelected.inc(this.#with(code));
    this.#lost = { at: this.#clock.now(), life: this.#election.lives };
  }

  #onLeader(candidate: Candidate | undefined): void {
    if (this.#queue !== undefined) this.#queue.readAt = Number.NEGATIVE_INFINITY; // somebody has left the queue
    if (candidate === undefined || candidate.fencingToken === this.#leaderToken) return;
    if (this.#leaderToken !== undefined) this.#to.leaderChanges.inc(this.#labels);
    this.#leaderToken = candidate.fencingToken;
  }

  #onRefresh(roundTrip: number, expiresIn: number): void {
    this.#to.refreshDuration.observe(this.#labels, roundTrip / 1000);
    this.#count();
    if (this.#term !== undefined) this.#term.deadline = this.#clock.now() + expiresIn;
  }

  #begin(leadership: Leadership): void {
    const now = this.#clock.now();
    this.#term = { leadership, countedTo: now, deadline: now + leadership.expiresIn() };
  }

  /** Counts the time since the last count, up to the deadline: a process paused for longer did not lead after it. */
  #count(): void {
    if (this.#term === undefined) return;
    const to = Math.min(this.#clock.now(), this.#term.deadline);
    if (to <= this.#term.countedTo) return;
    this.#to.leadingSeconds.inc(this.#labels, (to - this.#term.countedTo) / 1000);
    this.#term.countedTo = to;
  }

  /** Undefined: not known. A scrape does not wait for the read of the queue; the next scrape has the position. */
  #position(isLeader: boolean): number | undefined {
    if (isLeader) return 1;
    if (this.#election.key === undefined) return 0;
    const isOld = this.#queue === undefined || this.#clock.now() - this.#queue.readAt >= this.#queueInterval;
    if (isOld && this.#queueInterval !== Number.POSITIVE_INFINITY) void this.#readQueue();
    return this.#queue?.position;
  }

  async #readQueue(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const readAt = this.#clock.now();
    try {
      const at = (await this.#election.candidates()).findIndex(({ key }) => key === this.#election.key);
      this.#queue = { readAt, position: at < 0 ? undefined : at + 1 };
    } catch {
      this.#queue = { readAt, position: undefined }; // `suspended` and `errors_total` tell the failure
    } finally {
      this.#isReading = false;
    }
  }

  #with(code: string): { readonly election: string; readonly code: string } {
    if (!this.#isOver) this.#codes.add(code);
    return { ...this.#labels, code };
  }
}
