import type { Clock } from '../../lib/common/time.js';
import type { VirtualTime } from './virtual-time.js';

export interface ClockOptions {
  readonly name?: string;
  /**
   * Milliseconds that this clock counts in one of the timeline's; 1.005 runs fast by half a percent.
   *
   * @default 1
   */
  readonly rate?: number;
  /**
   * What it shows at the timeline's 0.
   *
   * @default 0
   */
  readonly offset?: number;
  /**
   * Milliseconds by which the next timer fires too late, as on a busy event loop. Called for each timer. @default on
   * time
   */
  readonly lateness?: () => number;
}

/** What a process finds first after a pause, because Node may look at its timers or at its sockets first. */
export type ResumeOrder = 'as they came' | 'timers first' | 'messages first';

interface Pending {
  readonly kind: 'timer' | 'message';
  /** The moment on this clock, not on the timeline. */
  readonly due: number;
  fn: (() => void) | undefined;
}

/** The clock of one process on a virtual timeline, and the process itself as far as time goes: it can pause and die. */
export class VirtualClock implements Clock {
  readonly name: string;
  readonly #time: VirtualTime;
  readonly #rate: number;
  readonly #offset: number;
  readonly #lateness: (() => number) | undefined;
  readonly #timers = new Set<Pending>();
  #state: 'running' | 'paused' | 'dead' = 'running';
  #held: Pending[] = [];
  #resuming = 0;
  #shown: number;

  constructor(time: VirtualTime, { name = 'process', rate = 1, offset = 0, lateness }: ClockOptions = {}) {
    this.name = name;
    this.#time = time;
    this.#rate = rate;
    this.#offset = offset;
    this.#lateness = lateness;
    this.#shown = offset;
  }

  get paused(): boolean {
    return this.#state === 'paused';
  }

  get dead(): boolean {
    return this.#state === 'dead';
  }

  /**
   * Timers that have not fired, with those that a pause holds up: when they are due on this clock, and what they call.
   */
  get timers(): readonly { readonly due: number; readonly calls: string }[] {
    return [...this.#timers].map(({ due, fn }) => ({ due, calls: String(fn).slice(0, 200) }));
  }

  now(): number {
    this.#shown = Math.max(this.#shown, this.#offset + this.#time.now * this.#rate);
    return this.#shown;
  }

  after(ms: number, fn: () => void): () => void {
    if (this.dead) return () => {};
    const wait = Math.max(0, ms);
    const timer: Pending = { kind: 'timer', due: this.now() + wait, fn };
    this.#timers.add(timer);
    const cancelEvent = this.#time.at(this.#time.now + wait / this.#rate + (this.#lateness?.() ?? 0), () => {
      this.#happen(timer);
    });
    return () => {
      timer.fn = undefined;
      this.#timers.delete(timer);
      cancelEvent();
    };
  }

  /** Hands over what has arrived for this process: at once, after the pause, or never. The order is kept. */
  receive(fn: () => void): void {
    const message: Pending = { kind: 'message', due: this.now(), fn };
    if (this.#resuming === 0) this.#happen(message);
    else this.#follow(message);
  }

  /** Pauses the process, as SIGSTOP or a blocked event loop does. Time goes on, and `now()` shows it. */
  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  /** Goes on. What came due during the pause happens now, each thing in an event of its own. */
  resume(order: ResumeOrder = 'as they came'): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    const held = this.#held;
    this.#held = [];
    if (order !== 'as they came') {
      const first = order === 'timers first' ? 'timer' : 'message';
      held.sort((a, b) => Number(b.kind === first) - Number(a.kind === first));
    }
    for (const pending of held) this.#follow(pending);
  }

  /** Kills the process, as SIGKILL does: nothing of it ever runs again. */
  kill(): void {
    this.#state = 'dead';
    this.#held = [];
    this.#timers.clear();
  }

  /** Runs it in an event of its own, behind whatever else waits for this process. */
  #follow(pending: Pending): void {
    this.#resuming += 1;
    this.#time.at(this.#time.now, () => {
      this.#resuming -= 1;
      this.#happen(pending);
    });
  }

  #happen(pending: Pending): void {
    if (this.dead) return;
    if (this.paused) {
      this.#held.push(pending);
      return;
    }
    // A fraction lost in the division by the rate must not let a timer fire before its time on its own clock. Code that
    // then waits for the rest would wait for ever, because the rest is less than the timeline can tell apart.
    if (pending.kind === 'timer') this.#shown = Math.max(this.#shown, pending.due);
    this.#timers.delete(pending);
    const { fn } = pending;
    pending.fn = undefined;
    fn?.();
  }
}
