import { ElectionError } from '../../lib/errors.js';
import type { Leadership } from '../../lib/leadership.js';
import { isCrash } from '../support/crash.js';
import type { Contender } from './contender.js';
import type { TaskPlan } from './plan.js';
import { Violation } from './violation.js';

class TaskFailed extends Error {}

/** The user's own will is no error, unless the session was closed before the call. */
const PLANNED: ReadonlySet<string> = new Set(['STOPPED', 'ABORTED']);

/**
 * The work of one candidate in `run()`, and what it may expect: never two at a time, and the key until it has ended.
 */
export class SimulatedWorker {
  readonly #contender: Contender;
  #running: Leadership | undefined;
  /** The term ended by our own will. Until this moment of our clock the key may not be released. */
  #deadline: number | undefined;

  constructor(contender: Contender) {
    this.#contender = contender;
  }

  get isWorking(): boolean {
    return this.#running !== undefined;
  }

  run(task: TaskPlan): void {
    const { election, process, name } = this.#contender;
    const abort = new AbortController();
    if (task.abortAfter !== undefined) {
      process.user.after(task.abortAfter, () => {
        if (!process.world.isCalm) abort.abort();
      });
    }
    const wasClosed = this.#contender.isClosed;
    const outcome = election.run((term) => this.#work(term, task), { signal: abort.signal, requeue: task.requeue });
    process.keep(`${name}: run()`, outcome);
    const { world } = process;
    outcome.then(
      (result) => world.tally.add('outcome', result === undefined ? 'runs ended by their user' : 'tasks completed'),
      (err: unknown) => {
        world.tally.add('outcome', err instanceof TaskFailed ? 'tasks failed' : 'runs ended otherwise');
        const isPlanned = err instanceof ElectionError && PLANNED.has(err.code) && !wasClosed;
        if (err instanceof TaskFailed || (err instanceof ElectionError && !isCrash(err) && !isPlanned)) return;
        world.guard(() => {
          throw new Violation('i: no surprises', `${name}: run() rejected with ${String(err)}`, err);
        });
      },
    );
  }

  /** The present term was ended by stop(), stepDown() or the health check. */
  mustBeWaitedFor(term: Leadership): void {
    const { process } = this.#contender;
    if (this.#running === term) this.#deadline = process.clock.now() + process.ttl * 1_000;
  }

  /** The key, or its lease, is about to be released. */
  released(isHeldBy: (term: Leadership) => boolean): void {
    const { process, name } = this.#contender;
    const term = this.#running;
    if (term === undefined || !isHeldBy(term)) return;
    const isLost = process.lostLeases.has(term.leaseId);
    if (this.#deadline === undefined || isLost || process.clock.now() >= this.#deadline - 1) return;
    throw new Violation('h: work first', `${name} gives its key back while its task still runs`);
  }

  async #work(term: Leadership, { takes, windDown, fails }: TaskPlan): Promise<string> {
    const { process, name } = this.#contender;
    process.world.guard(() => {
      if (this.#running !== undefined) throw new Violation('h: work first', `${name} runs two tasks at a time`);
      if (!term.isCurrent()) throw new Violation('h: work first', `${name} begins a task without leading`);
    });
    this.#running = term;
    this.#contender.tell(() => 'the task begins');
    try {
      await this.#until(term.signal, takes);
      if (term.signal.aborted) await this.#sleep(windDown);
      if (fails) throw new TaskFailed('the task fails');
      return name;
    } finally {
      this.#contender.tell(() => 'the task ends');
      this.#running = undefined;
      this.#deadline = undefined;
    }
  }

  /** When the faults have ended, a task goes on until it is told to end. */
  #until(signal: AbortSignal, takes: number | undefined): Promise<void> {
    const { process } = this.#contender;
    return new Promise((resolve) => {
      const cancel =
        takes === undefined
          ? () => {}
          : process.user.after(takes, () => {
              if (!process.world.isCalm) resolve();
            });
      const end = (): void => {
        cancel();
        resolve();
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#contender.process.user.after(ms, resolve);
    });
  }
}
