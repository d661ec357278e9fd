import { Backoff } from '../common/backoff.js';
import { soon } from '../common/time.js';
import { type ElectionError, toElectionError } from '../errors.js';
import type { Leadership } from '../leadership.js';
import type { PoolContext } from './context.js';
import { Lists } from './lists.js';
import { OldLists } from './old-lists.js';
import { Overview } from './overview.js';
import { OutOfDate, PlanWriter } from './plan-writer.js';
import { makePlans } from './planning.js';
import { Settling } from './settling.js';
import { SlowMembers } from './slow-members.js';
import { type StuckPartition, StuckPartitions } from './stuck.js';
import { NOBODY, Survey } from './survey.js';
import { TimeSlice } from './time-slice.js';

export interface CoordinationHandlers {
  balanced(info: { readonly owned: number; readonly members: number }): void;
  stuck(partition: StuckPartition): void;
  /** Something went wrong; it is tried again. */
  failed(error: ElectionError): void;
  /** Plans could not be written several times in a row: another shall try. */
  gaveUp(): void;
}

/** The share of the partitions that is moved for balance at a time. */
const SHARE = 0.1;
/** Milliseconds in which changes are gathered before a pass: one for each thousand partitions, in these bounds. */
const LEAST_GATHERED = 10;
const MOST_GATHERED = 100;
/** Plans that could not be written in a row before another worker is to coordinate. */
const MOST_FAILURES = 3;
/** Milliseconds before a pass that failed is repeated; the pause doubles up to the longest. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;

/**
 * One term of a coordinator. Each change in the pool is followed by a pass: survey, plan, write what has changed. A
 * pass gives out at once what nobody owns and what leaving workers have. For balance it moves partitions only when
 * membership has settled, and a tenth of them at a time.
 *
 * Nothing is remembered that is not in etcd, but for how long something has lasted. So the next coordinator goes on
 * where this one stops.
 */
export class Coordination {
  readonly #context: PoolContext;
  readonly #leadership: Leadership;
  readonly #on: CoordinationHandlers;
  readonly #overview: Overview;
  readonly #lists: Lists;
  readonly #writer: PlanWriter;
  readonly #oldLists: OldLists;
  readonly #settling: Settling;
  readonly #slowMembers: SlowMembers;
  readonly #stuck: StuckPartitions;
  readonly #backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  #size = 0;
  #unowned: number | undefined;
  #slow = '';
  #failures = 0;
  #isBalanced = false;
  #isPassing = false;
  /** Something has changed during the pass. */
  #isStale = false;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;
  #isClosed = false;

  constructor(context: PoolContext, leadership: Leadership, on: CoordinationHandlers) {
    const { options, session, keys } = context;
    const { store } = session.parts;
    this.#context = context;
    this.#leadership = leadership;
    this.#on = on;
    this.#writer = new PlanWriter(store, keys, leadership);
    this.#oldLists = new OldLists(store, keys, leadership);
    this.#settling = new Settling(options.settle);
    this.#slowMembers = new SlowMembers(options.handoffTimeout);
    this.#stuck = new StuckPartitions(options.handoffTimeout);
    this.#lists = new Lists(
      { store, keys, own: options.list },
      { found: () => this.#disturbed(), failed: (error) => on.failed(error) },
    );
    this.#overview = new Overview(context, {
      read: () => this.#disturbed(),
      membersChanged: () => this.#disturbed(),
      changed: () => this.#passSoon(),
      failed: (error) => on.failed(error),
    });
  }

  /** How many workers there are; undefined while that is not known. */
  get members(): number | undefined {
    return this.#overview.isComplete ? this.#overview.members.size : undefined;
  }

  /** How many partitions nobody owns, as of the last pass; undefined before the first. */
  get unowned(): number | undefined {
    return this.#unowned;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#overview.close();
  }

  get #now(): number {
    return this.#context.session.parts.clock.now();
  }

  // ---- when there is a pass ----

  #disturbed(): void {
    this.#settling.disturbed(this.#now);
    this.#isBalanced = false;
    this.#passSoon();
  }

  #passSoon(): void {
    if (this.#isPassing) this.#isStale = true;
    else this.#passAt(this.#now + Math.min(MOST_GATHERED, Math.max(LEAST_GATHERED, this.#size / 1_000)));
  }

  #passAt(at: number): void {
    if (this.#isClosed || (this.#timer !== undefined && this.#timer.at <= at)) return;
    this.#timer?.cancel();
    const cancel = this.#context.session.parts.clock.after(at - this.#now, () => {
      this.#timer = undefined;
      void this.#pass();
    });
    this.#timer = { at, cancel };
  }

  /** Never rejects. */
  async #pass(): Promise<void> {
    if (this.#isClosed || this.#isPassing || !this.#overview.isComplete) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isPassing = true;
    this.#isStale = false;
    let pause: number | undefined;
    try {
      await this.#planAndWrite();
      this.#failures = 0;
      this.#backoff.reset();
    } catch (err) {
      pause = this.#onFailure(err);
    }
    this.#isPassing = false;
    if (this.#isClosed) return;
    if (pause !== undefined) this.#passAt(this.#now + pause);
    else if (this.#isStale) this.#passSoon();
    this.#passWhenDue();
  }

  #passWhenDue(): void {
    const now = this.#now;
    const parts = [this.#settling.dueAt, this.#slowMembers.nextAt(now), this.#stuck.nextAt, this.#oldLists.nextAt];
    const times = parts.filter((at) => at !== undefined);
    if (times.length > 0) this.#passAt(Math.max(now + 1, Math.min(...times)));
  }

  /** Resolves to the milliseconds to wait before the next pass. */
  #onFailure(err: unknown): number | undefined {
    if (this.#isClosed) return undefined;
    if (err instanceof OutOfDate) this.#overview.refresh();
    else this.#on.failed(toElectionError(err));
    this.#failures += 1;
    if (this.#failures >= MOST_FAILURES) soon(() => this.#isClosed || this.#on.gaveUp());
    return this.#backoff.next();
  }

  // ---- a pass ----

  async #planAndWrite(): Promise<void> {
    const now = this.#now;
    const isDue = this.#settling.isDue(now);
    const slice = new TimeSlice(this.#context.session.parts.clock);
    const survey = await Survey.of(this.#overview, this.#lists, slice);
    this.#size = survey.size;
    this.#unowned = survey.holders.reduce((sum, holder) => sum + Number(holder === NOBODY), 0);
    await this.#slowMembers.look(survey, now, slice);
    const stuck = await this.#stuck.look(survey, now, slice);
    if (this.#isClosed) return;
    for (const partition of stuck) this.#on.stuck(partition);
    this.#noticeSlow(survey, now);
    if (survey.isCold && !isDue) return;
    const { isPaused } = this.#overview.control;
    const budget = isPaused ? 0 : Math.max(1, Math.ceil(survey.size * SHARE));
    const by = `${this.#leadership.fencingToken}`;
    const made = await makePlans({ survey, slowMembers: this.#slowMembers, now, by, isDue, budget }, slice);
    const { plans } = made;
    const left = isPaused ? 0 : made.left;
    if (plans.length > 0) {
      this.#isBalanced = false;
      if (this.#isClosed || !this.#leadership.isCurrent()) return;
      await this.#writer.write(plans, (member, plan) => this.#overview.wrote(member.hex, plan));
    }
    if (isDue && left > 0) this.#settling.goesOn(this.#now);
    else if (isDue && this.#settling.isDue(now)) this.#settling.settled();
    // Membership has not changed, but somebody else has written plans.
    else if (left > 0 && this.#settling.dueAt === undefined) this.#settling.disturbed(this.#now);
    if (plans.length === 0) this.#tellIfBalanced(survey);
    if (!this.#isClosed && this.#leadership.isCurrent()) await this.#oldLists.clean(this.#overview, now);
  }

  /** When a slow member may be given partitions again, membership counts as changed. */
  #noticeSlow(survey: Survey, now: number): void {
    const slow = survey.members.flatMap(({ member }) =>
      this.#slowMembers.isSlow(member.hex, now) ? [member.hex] : [],
    );
    const before = this.#slow;
    this.#slow = slow.join(' ');
    if (before !== this.#slow && slow.length < before.split(' ').filter(Boolean).length) this.#settling.disturbed(now);
  }

  #tellIfBalanced(survey: Survey): void {
    if (this.#isBalanced || this.#settling.dueAt !== undefined) return;
    if (survey.planned.some((at, partition) => survey.holders[partition] !== at)) return;
    this.#isBalanced = true;
    const owned = survey.planned.filter((at) => at !== NOBODY).length;
    this.#on.balanced({ owned, members: survey.members.length });
  }
}
