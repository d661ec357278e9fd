import { Backoff } from '../common/backoff.js';
import type { Clock } from '../common/time.js';
import { type ElectionError, toElectionError } from '../errors.js';

/** Milliseconds before a failed read is repeated: `first`, doubling up to `longest`. */
export interface Pauses {
  readonly first: number;
  readonly longest: number;
}

const PAUSES: Pauses = { first: 50, longest: 2_000 };

/** For reads on whose answer a leader or an owner waits. */
export const URGENT: Pauses = { first: 50, longest: 1_000 };

/** Carries the reads out, and hears what they show. */
export interface Reader<T> {
  read(): Promise<T>;
  found(result: T): void;
  /** The read failed; it is repeated after a pause. */
  readFailed(error: ElectionError): void;
}

/**
 * Reads when there is a reason to, one read at a time. A result may be older than a reason that came while the read was
 * under way: then the result is told, and another read follows. A read that fails is repeated.
 */
export class FreshRead<T> {
  readonly #clock: Clock;
  readonly #pauses: Pauses;
  readonly #reader: Reader<T>;
  #backoff: Backoff | undefined;
  #cancelDue: (() => void) | undefined;
  #isReading = false;
  /** A reason came while the read was under way. */
  #isStale = false;
  #isClosed = false;

  constructor(clock: Clock, reader: Reader<T>, pauses = PAUSES) {
    this.#clock = clock;
    this.#pauses = pauses;
    this.#reader = reader;
  }

  /** Whether a read is planned. */
  get isDue(): boolean {
    return this.#cancelDue !== undefined;
  }

  /** Reads at once; after the read that is under way, if one is. */
  now(): void {
    this.cancel();
    if (this.#isClosed) return;
    if (this.#isReading) {
      this.#isStale = true;
      return;
    }
    this.#isReading = true;
    this.#isStale = false;
    this.#reader.read().then(
      (result) => this.#onResult(result),
      (err: unknown) => this.#onFailure(err),
    );
  }

  /** Reads after `ms`, instead of the read that was planned. */
  after(ms: number): void {
    this.cancel();
    if (!this.#isClosed) this.#cancelDue = this.#clock.after(ms, () => this.now());
  }

  /** Takes the planned read back. */
  cancel(): void {
    this.#cancelDue?.();
    this.#cancelDue = undefined;
  }

  /** Reads and tells nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.cancel();
  }

  #onResult(result: T): void {
    this.#isReading = false;
    if (this.#isClosed) return;
    this.#backoff = undefined;
    this.#reader.found(result);
    if (this.#isStale) this.now();
  }

  #onFailure(err: unknown): void {
    this.#isReading = false;
    if (this.#isClosed) return;
    this.#backoff ??= new Backoff(this.#pauses.first, this.#pauses.longest);
    this.after(this.#backoff.next());
    this.#reader.readFailed(toElectionError(err));
  }
}
