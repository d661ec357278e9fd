import type { ComparatorBuilder } from 'etcd3';
import type { ElectionError } from '../errors.js';
import type { Leadership, LeadershipHandle } from '../leadership.js';

/**
 * One partition, owned by this worker from `gained` to `lost`. It is the {@link Leadership} of the partition's own
 * election, and what is said there holds here: `isCurrent()` says that nobody else owns the partition *now*, by the
 * clock, and a write that must not come late needs the fence, `txn()` or `fencingToken`.
 *
 * @example
 * ```ts
 * await pool.run(async ({ partition, signal, fencingToken }) => {
 *   while (!signal.aborted) await handleNext(partition, { signal, fencingToken });
 * });
 * ```
 */
export interface Ownership extends Leadership {
  readonly partition: string;
}

/** What `console.log` asks for, in Node.js. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** The one {@link Ownership}: the term of the partition's election, with the partition's name. */
export class OwnedTerm implements Ownership {
  readonly partition: string;
  readonly #term: Leadership;

  constructor(partition: string, term: Leadership) {
    this.partition = partition;
    this.#term = term;
  }

  get election(): string {
    return this.#term.election;
  }

  get key(): string {
    return this.#term.key;
  }

  get value(): string {
    return this.#term.value;
  }

  get leaseId(): string {
    return this.#term.leaseId;
  }

  get fencingToken(): bigint {
    return this.#term.fencingToken;
  }

  get signal(): AbortSignal {
    return this.#term.signal;
  }

  get ended(): Promise<ElectionError> {
    return this.#term.ended;
  }

  get grace(): number {
    return this.#term.grace;
  }

  get expiresIn(): () => number {
    return this.#term.expiresIn;
  }

  get isCurrent(): () => boolean {
    return this.#term.isCurrent;
  }

  get throwIfLost(): () => void {
    return this.#term.throwIfLost;
  }

  get verify(): () => Promise<boolean> {
    return this.#term.verify;
  }

  get txn(): () => ComparatorBuilder {
    return this.#term.txn;
  }

  get share(): () => LeadershipHandle {
    return this.#term.share;
  }

  /** What the ownership says of itself, without numbers that JSON does not know. */
  toJSON(): Record<string, unknown> {
    return { ...this.#summary, fencingToken: this.fencingToken.toString() };
  }

  [INSPECT](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `Ownership ${inspect(this.#summary, options)}`;
  }

  get #summary(): Record<string, unknown> {
    const { partition, election, key, value, leaseId, fencingToken } = this;
    return { partition, election, key, value, leaseId, fencingToken, expiresIn: this.expiresIn() };
  }
}
