import { setMaxListeners } from 'node:events';
import type { ComparatorBuilder, Etcd3 } from 'etcd3';
import { type Deferred, withResolvers } from '../common/deferred.js';
import { SharedDeadline } from '../common/shared-deadline.js';
import type { Clock } from '../common/time.js';
import { ElectionError, type ElectionErrorCode } from '../errors.js';
import type { Leadership, LeadershipHandle } from '../leadership.js';
import type { Lease } from '../lease/lease.js';
import type { OwnKey } from '../queue/place.js';
import type { Queue } from '../queue/queue.js';
import { bytesOf, hexOf, textOf } from '../store/bytes.js';

/** What a term needs of its candidate. */
interface TermContext {
  readonly name: string;
  readonly queue: Queue;
  readonly session: { readonly etcd: Etcd3 | undefined; readonly clock: Clock };
}

/** Our key, and the lease that it hangs on. */
interface LeasedKey {
  readonly own: OwnKey;
  readonly value: Buffer;
  readonly lease: Lease;
}

/** What `console.log` asks for, in Node.js. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * The one {@link Leadership}. The campaign ends it.
 *
 * What is a method for the user is a getter here, which binds the method when it is asked for: so methods work when
 * they are taken out of the object, and ten thousand terms do not keep five functions each.
 */
export class Term implements Leadership {
  readonly #context: TermContext;
  readonly #key: LeasedKey;
  /** Made when somebody asks for it: ten thousand of them are megabytes. */
  #abort: AbortController | undefined;
  #ended: Deferred<ElectionError> | undefined;
  #shared: SharedDeadline | undefined;
  #lostBy: ElectionError | undefined;
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
    if (this.#lostBy !== undefined && !this.#abort.signal.aborted) this.#abort.abort(this.#lostBy);
    return this.#abort.signal;
  }

  get ended(): Promise<ElectionError> {
    this.#ended ??= withResolvers();
    if (this.#lostBy !== undefined) this.#ended.resolve(this.#lostBy);
    return this.#ended.promise;
  }

  get expiresIn(): () => number {
    return () => this.#expiresIn;
  }

  get grace(): number {
    return this.#key.lease.grace;
  }

  get isCurrent(): () => boolean {
    return () => this.#expiresIn > 0;
  }

  get throwIfLost(): () => void {
    return () => {
      if (this.#lostBy !== undefined) throw this.#lostBy;
      if (this.#expiresIn > 0) return;
      throw new ElectionError('NOT_LEADER', 'the leadership has run out: the work must stop');
    };
  }

  get verify(): () => Promise<boolean> {
    return async () => {
      if (this.#lostBy !== undefined) return false;
      const isOldest = await this.#context.queue.isOldest(this.#key.own);
      return isOldest && this.#lostBy === undefined;
    };
  }

  get txn(): () => ComparatorBuilder {
    return () => {
      const { own } = this.#key;
      const { etcd } = this.#context.session;
      if (etcd === undefined) throw new ElectionError('NOT_LEADER', 'there is no etcd behind this election');
      return etcd.if(bytesOf(own.key), 'Create', '==', own.createRevision.toString());
    };
  }

  get share(): () => LeadershipHandle {
    return () => {
      const { election, key, leaseId, fencingToken } = this;
      this.#shared ??= this.#newShared();
      return { election, key, leaseId, fencingToken, shared: this.#shared.buffer };
    };
  }

  /** What the term says of itself, without numbers that JSON does not know. */
  toJSON(): Record<string, unknown> {
    return { ...this.#summary, fencingToken: this.fencingToken.toString() };
  }

  [INSPECT](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `Leadership ${inspect(this.#summary, options)}`;
  }

  /** Our key is gone, or the lease is about to be given up. From now on nobody may rely on the term. */
  doubt(reason?: ElectionErrorCode): void {
    this.#isInDoubt = true;
    this.#shared?.end(reason);
  }

  /** The lease was refreshed. */
  refreshed(): void {
    const { isStill } = this.#context.session.clock;
    this.#shared?.move(() => (isStill ? Number.POSITIVE_INFINITY : this.#expiresIn));
  }

  /** Why the term has ended, if it has. */
  get lostBy(): ElectionError | undefined {
    return this.#lostBy;
  }

  end(reason: ElectionError): void {
    this.#lostBy = reason;
    this.#shared?.end(reason.code); // first: what listeners to `signal` do may take time
    this.#abort?.abort(reason);
    this.#ended?.resolve(reason);
  }

  #newShared(): SharedDeadline {
    this.#shared = new SharedDeadline();
    this.refreshed();
    if (this.#lostBy !== undefined || this.#isInDoubt) this.#shared.end(this.#lostBy?.code);
    return this.#shared;
  }

  get #expiresIn(): number {
    return this.#lostBy !== undefined || this.#isInDoubt ? 0 : Math.max(0, this.#key.lease.remaining);
  }

  get #summary(): Record<string, unknown> {
    const { election, key, value, leaseId, fencingToken } = this;
    return { election, key, value, leaseId, fencingToken, expiresIn: this.#expiresIn };
  }
}
