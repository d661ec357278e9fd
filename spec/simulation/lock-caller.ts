import { ElectionError } from '../../lib/errors.js';
import type { Leadership } from '../../lib/leadership.js';
import type { HeldLock, Lock } from '../../lib/lock.js';
import { isCrash } from '../support/crash.js';
import type { LockPlan } from './plan.js';
import type { SimulatedProcess } from './process.js';
import { type Claimant, candidacyId } from './record.js';
import { Violation } from './violation.js';

/** How a call may be rejected, besides by the loss of the lock. */
const GIVES_UP: ReadonlySet<string> = new Set(['TIMEOUT', 'ABORTED', 'STOPPED', 'UNAVAILABLE']);
const LOST: ReadonlySet<string> = new Set(['LEASE_EXPIRED', 'LEASE_LOST', 'KEY_DELETED']);
/** The ends of a hold that leave the holder in charge: it keeps the key until its work has ended. */
const GRACEFUL: ReadonlySet<string> = new Set(['STOPPED', 'ABORTED']);

/** A caller while it holds the lock: no other holds it, and no candidate of the same queue leads, by the clock. */
export class Holder implements Claimant {
  readonly name: string;
  readonly electionName: string;
  readonly process: SimulatedProcess;
  readonly lock: Lock;
  readonly term: Leadership;
  readonly leads: string;
  /** The hold was ended as planned. Until this moment of its clock the key may not be released. */
  #deadline: number | undefined;

  constructor({ name, process }: LockCaller, lock: Lock, term: Leadership) {
    this.name = name;
    this.electionName = lock.name;
    this.process = process;
    this.lock = lock;
    this.term = term;
    this.leads = candidacyId({ key: term.key, createRevision: term.fencingToken });
  }

  isLeader(): boolean {
    return this.term.isCurrent();
  }

  /** Its signal was aborted. */
  ended({ code }: ElectionError): void {
    const { process } = this;
    process.world.tally.add('outcome', `lock ended: ${code}`);
    if (code === 'KEY_DELETED') process.world.referee.bereft(this, this.term);
    if (GRACEFUL.has(code)) this.#deadline = process.clock.now() + process.ttl * 1_000;
  }

  /** The key, or its lease, is about to be released, and the caller has not said that it is done. */
  released(isHeldBy: (term: Leadership) => boolean): void {
    const { process, name, term } = this;
    if (!isHeldBy(term)) return;
    if (term.isCurrent()) throw new Violation('h: work first', `${name} loses the lock that it holds`);
    const isLost = process.lostLeases.has(term.leaseId);
    if (this.#deadline === undefined || isLost || process.clock.now() >= this.#deadline - 1) return;
    throw new Violation('h: work first', `${name} gives the lock back while its work still runs`);
  }
}

/** One call of a `Lock`: it waits, holds the lock for a while, and releases it. */
export class LockCaller {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly #lock: Lock;
  readonly #plan: LockPlan;
  readonly #abort = new AbortController();
  #holds = 0;
  #done: (() => void) | undefined;

  constructor(name: string, process: SimulatedProcess, lock: Lock, plan: LockPlan) {
    this.name = name;
    this.process = process;
    this.#lock = lock;
    this.#plan = plan;
  }

  call(): void {
    const { process, name } = this;
    const { how, patience } = this.#plan;
    this.#tell(() => `calls ${how} of ${this.#lock.name}`);
    process.callers.add(this);
    if (patience !== undefined) process.user.after(patience, () => this.#abort.abort());
    const called = this.#take().finally(() => process.callers.delete(this));
    process.keep(`${name}: ${how} of ${this.#lock.name}`, called);
  }

  /** The user wants it no more: it does not wait any more, and releases what it holds. */
  giveUp(): void {
    this.#abort.abort();
    this.#done?.();
  }

  async #take(): Promise<void> {
    const { world } = this.process;
    try {
      const got = await this.#hold();
      world.tally.add('outcome', got ? 'locks held' : 'locks not held');
      this.#tell(() => (got ? 'has released the lock' : 'has not got the lock'));
    } catch (err) {
      this.#tell(() => `is rejected with ${String(err)}`);
      world.guard(() => this.#check(err));
    }
  }

  /** Resolves with whether the caller held the lock. */
  async #hold(): Promise<boolean> {
    const lock = this.#lock;
    const { how, wait } = this.#plan;
    const { signal } = this.#abort;
    const options = { signal, ...(wait !== undefined && { wait }) };
    if (how === 'run') return (await lock.run((term) => this.#work(term), options)) === true;
    const held: HeldLock | undefined = await (how === 'acquire' ? lock.acquire(options) : lock.tryAcquire());
    if (held === undefined) return false;
    await this.#work(held);
    await held.release();
    return true;
  }

  async #work(term: Leadership): Promise<boolean> {
    const { process } = this;
    const { world } = process;
    const holder = new Holder(this, this.#lock, term);
    this.#tell(() => `holds ${this.#lock.name} with token ${term.fencingToken}`);
    world.guard(() => {
      if (++this.#holds > 1) throw new Violation('h: work first', `${this.name} holds the lock twice in one call`);
      const other = [...process.holders].find(({ lock }) => lock === this.#lock);
      if (other !== undefined) throw new Violation('h: work first', `${other.name} and ${this.name} hold one lock`);
      world.referee.register(holder);
      world.referee.elected(holder, term);
    });
    process.holders.add(holder);
    try {
      await this.#until(term.signal);
      if (term.signal.aborted) {
        world.guard(() => holder.ended(term.signal.reason));
        await this.#sleep(this.#plan.windDown);
      }
      return true;
    } finally {
      process.holders.delete(holder);
      world.referee.retire(holder);
    }
  }

  #check(err: unknown): void {
    if (err instanceof Violation) throw err;
    if (err instanceof ElectionError && !isCrash(err)) {
      // A session has one candidate in each queue, and `try` does not wait for the place.
      const isTaken = err.code === 'INVALID_OPTION' && this.process.session !== undefined;
      // An operator has written the key before ours without its lease.
      const isBlocked = err.code === 'BLOCKED' && this.#plan.how === 'try';
      if (isTaken || isBlocked || (this.#holds > 0 ? LOST : GIVES_UP).has(err.code)) {
        this.process.world.tally.add('outcome', `lock rejected: ${err.code}`);
        return;
      }
    }
    throw new Violation('i: no surprises', `${this.name}: a lock rejected with ${String(err)}`, err);
  }

  /** Until the time is over, the caller gives up, or the lock is lost. */
  #until(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.process.user.after(this.#plan.holds, resolve);
      this.#done = () => {
        cancel();
        resolve();
      };
      if (this.process.world.isCalm || signal.aborted) this.#done();
      else signal.addEventListener('abort', this.#done, { once: true });
    });
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.process.user.after(ms, resolve);
    });
  }

  #tell(what: () => string): void {
    this.process.world.story.tell(this.name, what);
  }
}
