import type { Candidate } from '../candidate.js';
import { type Deferred, withResolvers } from '../common/deferred.js';
import { type Clock, SystemClock } from '../common/time.js';
import type { Election } from '../election.js';

/** Milliseconds to wait for the outcome while nobody is known to lead. node-cron takes a later run for a missed one. */
const PATIENCE = 1_000;

/** A job under way. Two may have one key: schedules without names do. */
interface Job {
  readonly key: unknown;
  readonly done: Deferred<void>;
  /** Nobody waits for its limit any more. */
  readonly cancel: () => void;
}

/**
 * Which fires of a schedule are this candidate's, answered from what the election has told; and the jobs that they have
 * begun.
 *
 * A fire belongs to whoever leads at its time. Every replica is asked, each at its own moment: a replica whose timer is
 * late may lead by then, while the leader before has run the fire. So a leader runs only what is due later than the end
 * of the leadership before, as far as this candidate knows it. Fires are due on the wall clock. The end is kept on the
 * monotonic clock, so that a wall clock that is set back does not hold fires up.
 */
export class Fires {
  readonly #election: Election;
  readonly #clock: Clock;
  readonly #system = new SystemClock();
  readonly #jobs = new Set<Job>();
  readonly #waiting = new Set<() => void>();
  #isOtherLeading: boolean;
  /** When the other's leadership has ended, in ms: what was due until then may have been run by the other. */
  #otherUntil = this.#system.now();

  constructor(election: Election) {
    this.#election = election;
    this.#clock = election.session.clock;
    this.#isOtherLeading = election.currentLeader() !== undefined && !election.isLeader();
    election.on('elected', () => this.#otherHasEnded());
    election.on('unelected', () => this.#otherLeads()); // for all we know
    election.on('leader', (_, candidate) => this.#onLeader(candidate));
  }

  /** Whether a fire that is due at `at` (ms on the wall clock) is to be run here. Asks nobody. */
  isOurs(at: number): boolean | Promise<boolean> {
    if (this.#election.isLeader()) return this.#isLater(at);
    if (this.#isOtherLeading || !this.#election.isRunning()) return false;
    return this.#outcome().then(() => this.#election.isLeader() && this.#isLater(at));
  }

  /** A job has begun. It counts as ended after `limit` ms, if nobody says so before. */
  begin(key: unknown, limit = Number.POSITIVE_INFINITY): void {
    const cancel = Number.isFinite(limit)
      ? this.#clock.after(limit, () => this.#ended(job), { unref: true })
      : () => {};
    const job: Job = { key, done: withResolvers(), cancel };
    this.#jobs.add(job);
  }

  /** The oldest job of this key has ended. */
  end(key: unknown): void {
    for (const job of this.#jobs) if (job.key === key) return this.#ended(job);
  }

  /** Resolves when no job runs. */
  async idle(): Promise<void> {
    while (this.#jobs.size > 0) await Promise.all([...this.#jobs].map(({ done }) => done.promise));
  }

  /** Runs a job of this fire, if it is ours; resolves with undefined if not. */
  async run<T>(at: number, job: () => T | PromiseLike<T>): Promise<T | undefined> {
    if (!(await this.isOurs(at))) return undefined;
    const mark = {};
    this.begin(mark);
    try {
      return await job();
    } finally {
      this.end(mark);
    }
  }

  /** Nobody waits for an outcome any more. */
  close(): void {
    this.#decided();
  }

  /** Whether a fire at `at` (ms on the wall clock) is due later than the end of the other's leadership. */
  #isLater(at: number): boolean {
    return at > Date.now() - (this.#system.now() - this.#otherUntil);
  }

  #ended(job: Job): void {
    this.#jobs.delete(job);
    job.cancel();
    job.done.resolve();
  }

  #onLeader(candidate: Candidate | undefined): void {
    if (candidate === undefined) this.#otherHasEnded(false);
    else if (candidate.key !== this.#election.key) this.#otherLeads();
  }

  #otherLeads(): void {
    this.#isOtherLeading = true;
    this.#decided();
  }

  #otherHasEnded(isDecided = true): void {
    if (this.#isOtherLeading) this.#otherUntil = this.#system.now();
    this.#isOtherLeading = false;
    if (isDecided) this.#decided();
  }

  #outcome(): Promise<void> {
    return new Promise((resolve) => {
      const decided = (): void => {
        cancel();
        this.#waiting.delete(decided);
        resolve();
      };
      const cancel = this.#clock.after(PATIENCE, decided);
      this.#waiting.add(decided);
    });
  }

  #decided(): void {
    for (const decided of [...this.#waiting]) decided();
  }
}

/** When the present fire was due, for a schedule that does not tell: cron counts whole seconds. In ms. */
export function dueNow(): number {
  return Math.floor(Date.now() / 1_000) * 1_000;
}
