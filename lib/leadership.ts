import type { ComparatorBuilder, Etcd3 } from 'etcd3';
import type { Candidacy, OwnKey } from './candidacy.js';
import { ElectionError } from './errors.js';
import { bytesOf, hexOf, textOf } from './keys.js';
import type { Lease } from './lease.js';

/**
 * One term, handed to the work that must be done by one candidate only.
 *
 * `isCurrent()` says that nobody else leads *now*, by the clock. It does not say that a side effect started now will
 * reach its target while that is still so: a process can be paused in between. Where that matters, fence the side
 * effect: with `txn()` in etcd, with `fencingToken` in any other store that can compare numbers.
 *
 * @example
 * ```ts
 * election.on('elected', async (leadership) => {
 *   const job = await fetchJob({ signal: leadership.signal });
 *   const done = await leadership.txn().then(client.put('jobs/done').value(job.id)).commit();
 *   if (!done.succeeded) console.warn('deposed; somebody else does it');
 * });
 * ```
 */
export interface Leadership {
  /** Name of the election. */
  readonly election: string;
  /** Our key in etcd. */
  readonly key: string;
  /** What is announced, as UTF-8; follows `proclaim()`. */
  readonly value: string;
  /** Lower-case hex. */
  readonly leaseId: string;
  /** Create revision of our key: greater than that of every leader before us, in this election. */
  readonly fencingToken: bigint;
  /** Aborted when the term ends; its `reason` is the {@link ElectionError} that `unelected` is told with. */
  readonly signal: AbortSignal;

  /** Milliseconds until the term ends if no refresh succeeds any more; 0 when it has ended. */
  expiresIn(): number;

  /**
   * Whether the term goes on, by the clock at this moment: false after a pause of the process even before any timer or
   * event has run. Asks nobody.
   */
  isCurrent(): boolean;

  /** @throws ElectionError the reason why the term has ended, when it has. */
  throwIfLost(): void;

  /**
   * Asks etcd whether our key is still the oldest, by a linearizable read. What it answers was true at some moment of
   * the call; false once the term has ended.
   *
   * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`
   */
  verify(): Promise<boolean>;

  /**
   * A transaction of etcd3's that commits only while our key of this term exists, and so nobody else leads. Commits with
   * `succeeded: false` when it does not. The builder is a thenable: never return it from an async function.
   */
  txn(): ComparatorBuilder;
}

export interface TermParts {
  readonly election: string;
  readonly own: OwnKey;
  readonly value: Buffer;
  readonly lease: Lease;
  readonly candidacy: Candidacy;
  readonly etcd: Etcd3 | undefined;
}

/** The one {@link Leadership}; the election ends it. */
export class Term implements Leadership {
  readonly #parts: TermParts;
  #value: Buffer;
  #abort: AbortController | undefined; // made when somebody asks for it: ten thousand of them are megabytes
  #end: ElectionError | undefined;
  #isInDoubt = false;

  constructor(parts: TermParts) {
    this.#parts = parts;
    this.#value = parts.value;
  }

  get election(): string {
    return this.#parts.election;
  }

  get key(): string {
    return textOf(this.#parts.own.key);
  }

  get value(): string {
    return this.#value.toString('utf8');
  }

  get leaseId(): string {
    return hexOf(this.#parts.own.lease);
  }

  get fencingToken(): bigint {
    return this.#parts.own.createRevision;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#end !== undefined && !this.#abort.signal.aborted) this.#abort.abort(this.#end);
    return this.#abort.signal;
  }

  expiresIn(): number {
    return this.#end !== undefined || this.#isInDoubt ? 0 : Math.max(0, this.#parts.lease.remaining);
  }

  isCurrent(): boolean {
    return this.expiresIn() > 0;
  }

  throwIfLost(): void {
    if (this.#end !== undefined) throw this.#end;
    if (!this.isCurrent()) throw new ElectionError('NOT_LEADER', 'the leadership has run out: the work must stop');
  }

  async verify(): Promise<boolean> {
    if (this.#end !== undefined) return false;
    const isOldest = await this.#parts.candidacy.isOldest(this.#parts.own);
    return isOldest && this.#end === undefined;
  }

  txn(): ComparatorBuilder {
    const { etcd, own } = this.#parts;
    if (etcd === undefined) throw new ElectionError('NOT_LEADER', 'there is no etcd behind this election');
    return etcd.if(bytesOf(own.key), 'Create', '==', own.createRevision.toString());
  }

  /** Our key is gone, and why is being asked: from now on nobody may rely on the term. */
  doubt(): void {
    this.#isInDoubt = true;
  }

  /** Why the term has ended, if it has. */
  get ended(): ElectionError | undefined {
    return this.#end;
  }

  end(reason: ElectionError): void {
    this.#end = reason;
    this.#abort?.abort(reason);
  }

  proclaimed(value: Buffer): void {
    this.#value = value;
  }
}
