import type { ComparatorBuilder, Etcd3 } from 'etcd3';
import { ElectionError } from '../errors.js';
import type { Leadership } from '../leadership.js';
import type { Lease } from '../lease/lease.js';
import type { OwnKey, Queue } from '../queue/queue.js';
import { bytesOf, hexOf, textOf } from '../store/bytes.js';

export interface TermParts {
  readonly election: string;
  readonly own: OwnKey;
  readonly value: Buffer;
  readonly lease: Lease;
  readonly queue: Queue;
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
    const isOldest = await this.#parts.queue.isOldest(this.#parts.own);
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
