import type { Clock } from '../common/time.js';

/** The most candidacies that count at the same time, however many partitions are free. */
const MOST_STANDS = 1_000;

interface Limits {
  /** How many handovers this worker waits for at the same time. */
  readonly concurrency: number;
  /** Milliseconds for which a wait counts: an owner that never lets go must not keep the worker from the others. */
  readonly handoffTimeout: number;
}

/**
 * How many partitions a worker may be a candidate for at the same time. Only a partition's queue shows whether the
 * partition is free. So the limit begins at `concurrency`, grows with every partition that is led at once, and falls
 * back with the first that is not.
 */
export class StandLimit {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #onRoom: () => void;
  /** The partitions that count. A partition that is waited for has a timer, which the function cancels. */
  readonly #standing = new Map<string, (() => void) | undefined>();
  #most: number;

  /** `onRoom` is called when a wait has counted for long enough. */
  constructor(clock: Clock, limits: Limits, onRoom: () => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#onRoom = onRoom;
    this.#most = limits.concurrency;
  }

  /** Whether there is room for one more partition, which counts from then on. */
  admit(partition: string): boolean {
    if (this.#standing.size >= this.#most) return false;
    this.#standing.set(partition, undefined);
    return true;
  }

  waits(partition: string): void {
    this.#most = this.#limits.concurrency;
    if (!this.#standing.has(partition) || this.#standing.get(partition) !== undefined) return;
    const cancel = this.#clock.after(this.#limits.handoffTimeout, () => {
      this.ended(partition);
      this.#onRoom();
    });
    this.#standing.set(partition, cancel);
  }

  gained(partition: string): void {
    const wasFree = this.#standing.has(partition) && this.#standing.get(partition) === undefined;
    if (wasFree) this.#most = Math.min(MOST_STANDS, this.#most + 1);
    this.ended(partition);
  }

  ended(partition: string): void {
    this.#standing.get(partition)?.();
    this.#standing.delete(partition);
  }
}
