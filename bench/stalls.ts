/** Milliseconds between two looks. */
const EVERY = 5;

/** The longest time without a look, and the most that this process itself worked in such a time. */
export interface Stall {
  readonly late: number;
  readonly worked: number;
}

/**
 * Tells a process that keeps its event loop busy from one that had to wait for a core. On a machine with more processes
 * than cores an event loop is late for both reasons, and only the first is the program's.
 */
export class Stalls {
  readonly #timer: NodeJS.Timeout;
  #at = performance.now();
  #cpu = process.cpuUsage();
  #late = 0;
  #worked = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY);
    this.#timer.unref();
  }

  end(): Stall {
    clearInterval(this.#timer);
    const rounded = (ms: number): number => Math.round(ms * 10) / 10;
    return { late: rounded(this.#late), worked: rounded(this.#worked) };
  }

  #look(): void {
    const passed = performance.now() - this.#at;
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#at += passed;
    this.#cpu = process.cpuUsage();
    this.#late = Math.max(this.#late, passed - EVERY);
    // All threads of the process count, so it is what the event loop worked at the most.
    this.#worked = Math.max(this.#worked, Math.min(passed, (user + system) / 1_000));
  }
}
