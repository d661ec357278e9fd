import { OneAtATime } from '../common/one-at-a-time.js';
import type { Clock } from '../common/time.js';
import { type ElectionError, toElectionError } from '../errors.js';
import type { Lease } from '../lease/lease.js';
import { FreshRead, type Reader, URGENT } from '../queue/fresh-read.js';
import type { OwnKey } from '../queue/place.js';
import type { KeyValue, TxnResult, WatchEvent } from '../store/store.js';
import type { Follower } from '../watch/shared-watch.js';
import type { Watcher } from '../watch/watcher.js';
import type { MemberKeys } from './member-keys.js';

export interface RegistrationHandlers {
  /** The plan of this worker, as it lies in etcd. */
  planned(plan: KeyValue): void;
  /** Somebody deleted the worker's key. Told once; nothing is told after it. */
  keyGone(): void;
  /** A read, a write or a watch failed; it is tried again. */
  failed(error: ElectionError): void;
}

export interface RegistrationParts {
  readonly keys: MemberKeys;
  readonly watcher: Watcher;
  readonly clock: Clock;
  /** The name of the key of this worker's plan. */
  readonly plan: string;
}

/** Our key, as a join has written it. */
export interface WrittenKey {
  readonly kv: KeyValue;
  readonly value: Buffer;
  /** The revision of the join's answer. */
  readonly revision: bigint;
}

/**
 * The worker's key among the members, from the join to its end. Follows this key and that of the plan, and no other.
 * Writes what the worker says of itself: when that changes, and when somebody else has written the key.
 */
export class Registration extends OneAtATime implements Follower, Reader<TxnResult> {
  readonly lease: Lease;
  readonly own: OwnKey;
  readonly #parts: RegistrationParts;
  readonly #on: RegistrationHandlers;
  readonly #unfollow: readonly (() => void)[];
  readonly #freshRead: FreshRead<TxnResult>;
  /** What the key is to say. */
  #value: Buffer;
  /** What the key says, and the revision at which that was seen. */
  #written: Buffer;
  #revision: bigint;
  #isClosed = false;

  constructor(parts: RegistrationParts, lease: Lease, { kv, value, revision }: WrittenKey, on: RegistrationHandlers) {
    super();
    this.#parts = parts;
    this.lease = lease;
    this.own = { key: kv.key, createRevision: kv.createRevision, lease: lease.id };
    this.#value = value;
    this.#written = value;
    this.#revision = kv.modRevision;
    this.#on = on;
    this.#freshRead = new FreshRead(parts.clock, this, URGENT);
    this.#unfollow = [kv.key, parts.plan].map((key) =>
      parts.watcher.follow({ key, isPatient: true }, revision + 1n, this),
    );
  }

  /**
   * The key is to say `value` from now on. Resolves when etcd has it; at once when the key is gone.
   *
   * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`; it is written again by `restore()`
   */
  say(value: Buffer): Promise<void> {
    this.#value = value;
    return this.#write();
  }

  /** Writes again what the key is to say, if it does not. */
  restore(): void {
    this.#write().catch((err) => this.#on.failed(toElectionError(err)));
  }

  /** Tells nothing any more, and writes nothing. */
  close(): void {
    this.#isClosed = true;
    for (const end of this.#unfollow) end();
    this.#freshRead.close();
  }

  // ---- from the watches ----

  changed({ type, key, kv }: WatchEvent): void {
    if (this.#isClosed) return;
    if (key !== this.own.key) {
      if (kv !== undefined) this.#on.planned(kv);
    } else if (type === 'delete' || kv?.createRevision !== this.own.createRevision) this.#onGone();
    else if (kv !== undefined) this.#notice(kv);
  }

  reset(): void {
    this.#freshRead.now();
  }

  refused(error: ElectionError): void {
    this.#on.failed(error);
  }

  // ---- the read ----

  read(): Promise<TxnResult> {
    return this.#parts.keys.read(this.lease.id);
  }

  found({ ranges }: TxnResult): void {
    const [member, plan] = ranges.map(({ kvs }) => kvs[0]);
    if (member?.createRevision !== this.own.createRevision) return this.#onGone();
    this.#notice(member);
    if (plan !== undefined) this.#on.planned(plan);
  }

  readFailed(error: ElectionError): void {
    this.#on.failed(error);
  }

  #onGone(): void {
    if (this.#isClosed) return;
    this.close();
    this.#on.keyGone();
  }

  // ---- what the key says ----

  /** Somebody wrote our key, perhaps we ourselves. */
  #notice(kv: KeyValue): void {
    if (kv.modRevision <= this.#revision) return;
    this.#revision = kv.modRevision;
    // Without the lease the key would stay for ever.
    this.#written = kv.lease === this.own.lease ? kv.value : Buffer.alloc(0);
    this.restore();
  }

  /** One write at a time, of what is to be said then. */
  #write(): Promise<void> {
    return this.inTurn(async () => {
      const value = this.#value;
      if (this.#isClosed || this.#written.equals(value)) return;
      const revision = await this.#parts.keys.update(this.own, value);
      if (revision === undefined) this.#onGone();
      else if (revision > this.#revision) [this.#written, this.#revision] = [value, revision];
    });
  }
}
