import type { LogRecord } from '../log/records.js';
import { groupBy } from './group.js';
import type { Removal } from './overlaps.js';

/** One call of a pool's task. Times are microseconds. */
interface Task {
  readonly process: string;
  readonly election: string;
  readonly token: string;
  /** In hex. */
  readonly lease: string | undefined;
  readonly from: number;
  /** Undefined: its process was killed, or wrote nothing down. */
  to?: number;
  /** The partition was let go in order, and the lease was there until the end: nobody else can have begun. */
  isHeld?: boolean;
}

/** The tasks of the pool: when each began and ended. What is kept grows with their number. */
export class Tasks {
  readonly #tasks: Task[] = [];
  readonly #violations: string[] = [];
  #process = '';
  /** Tasks of this process that go on, by election. */
  #open = new Map<string, Task>();
  /** The leases of its terms, by election and token: a partition is gained before its task begins. */
  #leases = new Map<string, string>();

  get count(): number {
    return this.#tasks.length;
  }

  /** Tasks whose end says something about the next one's beginning. */
  get held(): number {
    return this.#tasks.filter(({ isHeld }) => isHeld).length;
  }

  open(process: string): void {
    this.#process = process;
    this.#open = new Map();
    this.#leases = new Map();
  }

  add(record: LogRecord): void {
    if (record[0] === 'E' && record[3] === 'elected') this.#leases.set(`${record[2]} ${record[4]}`, record[5]);
    if (record[0] !== 'T') return;
    const [, at, [election, token], what, isHeld = false] = record;
    const going = this.#open.get(election);
    if (what === 'ends') {
      this.#open.delete(election);
      if (going !== undefined) Object.assign(going, { to: at, isHeld });
      return;
    }
    if (going !== undefined) this.#violations.push(`${this.#process}: two tasks of ${election} at a time`);
    const lease = this.#leases.get(`${election} ${token}`);
    const task: Task = { process: this.#process, election, token, lease, from: at };
    this.#open.set(election, task);
    this.#tasks.push(task);
  }

  /**
   * Tasks that began before the last one of their partition had ended. That the last one's lease was removed excuses.
   */
  violations(removals: readonly Removal[]): string[] {
    const isRemoved = ({ lease, from, to = from }: Task): boolean =>
      removals.some(({ what, id, before, after }) => what === 'lease' && id === lease && before < to && after > from);
    const found = [...this.#violations];
    for (const [election, tasks] of groupBy(this.#tasks, (task) => task.election)) {
      for (const task of tasks) {
        const { to, isHeld, from, token, process } = task;
        if (to === undefined || !isHeld || isRemoved(task)) continue;
        const next = tasks.find((other) => other !== task && other.from >= from && other.from < to);
        if (next === undefined || next.process === process) continue;
        const early = ((to - next.from) / 1_000).toFixed(3);
        const who = `${next.process} with token ${next.token}`;
        found.push(
          `the task of ${who} began ${early} ms before that of ${process} with token ${token} ended: ${election}`,
        );
      }
    }
    return found;
  }
}
