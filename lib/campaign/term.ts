import { setMaxListeners } from 'node:events';
import type { ComparatorBuilder, Etcd3 } from 'etcd3';
import { ElectionError } from '../errors.js';
import type { Leadership } from '../leadership.js';
import type { Lease } from '../lease/lease.js';
import type { OwnKey, Queue } from '../queue/queue.js';
import { bytesOf, hexOf, textOf } from '../store/bytes.js';

/** What a term needs of its candidate. */
interface TermContext {
  readonly name: string;
  readonly queue: Queue;
  readonly session: { readonly etcd: Etcd3 | undefined };
}

/** Our key, and the lease that it hangs on. */
interface LeasedKey {
  readonly own: OwnKey;
  readonly value: Buffer;
  readonly lease: Lease;
}

/** The one {@link Leadership}. The campaign ends it. */
export class Term implements Leadership {
  readonly #context: TermContext;
  readonly #key: LeasedKey;
  /** Made when somebody asks for it: ten thousand of them are megabytes. */
  #abort: AbortController | undefined;
  #end: ElectionError | undefined;
  #isInDoubt = false;

  constructor(context: TermContext, key: LeasedKey) {
    this.#context = context;
    this.#key = key;
  }

  get election(): string {
    return this.#context.name;
  }

  get key(): string {
    return textOf(this.#key.own.key);
  }

  get value(): string {
    return this.#key.value.toString('utf8');
  }

  get leaseId(): string {
    return hexOf(this.#key.own.lease);
  }

  get fencingToken(): bigint {
    return this.#key.own.createRevision;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      setMaxListeners(0, this.#abort.signal); // the work may give it to any number of calls
    }
    if (this.#end !== undefined && !this.#abort.signal.aborted) this.#abort.abort(this.#end);
    return this.#abort.signal;
  }

  expiresIn(): number {
    return this.#end !== undefined || this.#isInDoubt ? 0 : Math.max(0, this.#key.lease.remaining);
  }

  get grace(): number {
    return this.#key.lease.grace;
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
    const isOldest = await this.#context.queue.isOldest(this.#key.own);
    return isOldest && this.#end === undefined;
  }

  txn(): ComparatorBuilder {
    const { own } = this.#key;
    const { etcd } = this.#context.session;
    if (etcd === undefined) throw new ElectionError('NOT_LEADER', 'there is no etcd behind this election');
    return etcd.if(bytesOf(own.key), 'Create', '==', own.createRevision.toString());
  }

  /** Our key is gone, and we are asking why. From now on nobody may rely on the term. */
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
}
