import { WALL_CLOCK_STEP } from './time.js';

/** Bytes: a flag and what aligns the next field, two numbers of 8 bytes, and the code as text. */
const LAYOUT = { ended: 0, monotonic: 8, wall: 16, code: 24 } as const;
const SIZE = 64;
/** Bytes; a 0 follows. */
const LONGEST_CODE = SIZE - LAYOUT.code - 1;

/** Nanoseconds: on a clock that stands still no deadline passes. */
const NEVER = 2n ** 63n - 1n;

/**
 * A deadline in memory that all threads of a process share. One thread moves and ends it, any thread reads it.
 *
 * It is kept on the clock of `process.hrtime`, which is the same in all threads; `performance.now()` begins with 0 in
 * each. It is kept on the wall clock too, because the monotonic clock stands still while the machine sleeps.
 */
export class SharedDeadline {
  readonly buffer: SharedArrayBuffer;
  readonly #ended: Int32Array<SharedArrayBuffer>;
  readonly #times: BigInt64Array<SharedArrayBuffer>;
  readonly #code: Uint8Array<SharedArrayBuffer>;

  /** Without a buffer: a new deadline, which has not been moved yet and so has passed. */
  constructor(buffer = new SharedArrayBuffer(SIZE)) {
    this.buffer = buffer;
    this.#ended = new Int32Array(buffer, LAYOUT.ended, 1);
    this.#times = new BigInt64Array(buffer, LAYOUT.monotonic, 2);
    this.#code = new Uint8Array(buffer, LAYOUT.code);
  }

  static isSize(bytes: number): boolean {
    return bytes === SIZE;
  }

  /** Moves the deadline, unless it has been ended. Infinity: it never passes. `left` answers in milliseconds. */
  move(left: () => number): void {
    if (this.isEnded) return;
    // The clocks are read first: what passes before `left` answers makes the deadline earlier, which is safe.
    const [monotonic, wall] = [process.hrtime.bigint(), Date.now()];
    const ms = left();
    const isNever = ms === Number.POSITIVE_INFINITY;
    // A thread that reads between the two stores sees one old time. The earlier time counts, which is safe.
    Atomics.store(this.#times, 1, isNever ? NEVER : BigInt(wall + Math.floor(ms)));
    Atomics.store(this.#times, 0, isNever ? NEVER : monotonic + BigInt(Math.floor(ms * 1e6)));
  }

  /** From now on the deadline has passed, for ever. `code`: why, if that is known; it may be told later. */
  end(code?: string): void {
    Atomics.store(this.#times, 0, 0n);
    if (code !== undefined) this.#code.set(new TextEncoder().encode(code).subarray(0, LONGEST_CODE));
    Atomics.store(this.#ended, 0, 1);
    Atomics.notify(this.#ended, 0);
  }

  get isEnded(): boolean {
    return Atomics.load(this.#ended, 0) !== 0;
  }

  /** Why it was ended; undefined when it was not, or when that is not known. */
  get code(): string | undefined {
    const bytes = Uint8Array.from(this.#code.subarray(0, this.#code.indexOf(0)));
    return this.isEnded && bytes.length > 0 ? new TextDecoder().decode(bytes) : undefined;
  }

  /** Milliseconds; 0 when the deadline has passed. */
  get remaining(): number {
    const end = Atomics.load(this.#times, 0);
    if (end === 0n) return 0;
    if (end === NEVER) return Number.POSITIVE_INFINITY;
    const left = Number(end - process.hrtime.bigint()) / 1e6;
    const byWall = Number(Atomics.load(this.#times, 1)) - Date.now();
    return Math.max(0, byWall < left - WALL_CLOCK_STEP ? byWall : left);
  }

  /** Resolves when it is ended, in any thread. Keeps no thread alive. */
  async ended(): Promise<void> {
    await Atomics.waitAsync(this.#ended, 0, 0).value;
  }
}
