import { Backoff } from '../common/backoff.js';
import { soon } from '../common/time.js';
import { ElectionError } from '../errors.js';
import type { Lease } from '../lease/lease.js';
import type { LeaseUser } from '../lease/lease-users.js';
import { FreshRead, type Reader } from '../queue/fresh-read.js';
import type { OwnKey } from '../queue/place.js';
import type { KeyValue, TxnResult, WatchEvent } from '../store/store.js';
import type { PoolContext } from './context.js';
import { MemberKeys } from './member-keys.js';
import { encodeMember, type MemberValue } from './wire.js';

export interface MembershipHandlers {
  /** The worker is a member, with this lease. */
  joined(lease: Lease): void;
  /** It is no member any more: nobody may rely on its lease. */
  lost(reason: ElectionError): void;
  /** The plan of this worker, as it lies in etcd. */
  planned(bytes: Buffer): void;
  /** Something went wrong; it is tried again. */
  failed(error: ElectionError): void;
  refreshing(): void;
  refreshed(info: { readonly roundTrip: number; readonly expiresIn: number }): void;
  suspended(error: ElectionError): void;
  resumed(): void;
  /** The session is being closed. */
  closing(reason: ElectionError): Promise<void>;
  /** Whether anybody listens to `error`. */
  isHeard(): boolean;
}

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;
const READ_PAUSES = { first: 50, longest: 1_000 };

/** What the worker is while its key is in etcd. */
interface Joined {
  readonly lease: Lease;
  readonly own: OwnKey;
  readonly unfollow: () => void;
  readonly freshRead: FreshRead<TxnResult>;
  /** What the key says, and the revision at which it was seen. */
  written: Buffer;
  revision: bigint;
}

/**
 * This worker's key among the members of the pool, and its plan: both hang on the lease of the session. One transaction
 * writes the worker's keys, and reads the plan. From then on the worker follows these two keys and no other. When the
 * lease is lost it joins with another lease; the plan went with the old one.
 */
export class Membership implements LeaseUser {
  readonly name: string;
  readonly releaseTimeout: number;
  readonly #context: PoolContext;
  readonly #on: MembershipHandlers;
  readonly #keys: MemberKeys;
  #value: MemberValue;
  #isRunning = false;
  #joined: Joined | undefined;
  #attempt: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  #writing: Promise<void> = Promise.resolve();
  /** The lease of a join without an answer, which etcd may have carried out. */
  #unanswered: bigint | undefined;

  constructor(context: PoolContext, on: MembershipHandlers) {
    const { name, options } = context;
    this.name = name;
    this.releaseTimeout = options.releaseTimeout;
    this.#context = context;
    this.#on = on;
    this.#keys = new MemberKeys(context);
    const { list, member, weight } = options;
    this.#value = { id: member, weight, announcement: list.announcement, isLeaving: false, isUnfit: false };
  }

  get isJoined(): boolean {
    return this.#joined !== undefined;
  }

  get lease(): string | undefined {
    return this.#joined?.lease.hex;
  }

  /** Becomes a member, and stays one until `leave()`. */
  start(): void {
    this.#isRunning = true;
    this.#value = { ...this.#value, isLeaving: false };
    this.#backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
    const refusal = this.#parts.lease.attach(this);
    if (refusal !== undefined) this.#on.failed(refusal);
    this.#retry();
  }

  /**
   * Changes what the worker says of itself. Resolves when etcd has it; while the worker is no member, at once.
   *
   * @throws ElectionError (rejects) `UNAVAILABLE`, `PERMISSION_DENIED`; what is to be said is written again later
   */
  update(change: Partial<MemberValue>): Promise<void> {
    this.#value = { ...this.#value, ...change };
    return this.#write();
  }

  /** Deletes the keys of the worker. Resolves when that is done, or when no further attempt is made. Never rejects. */
  async leave(): Promise<void> {
    this.#isRunning = false;
    this.#cancelRetry?.();
    const joined = this.#part();
    const unanswered = this.#unanswered;
    this.#unanswered = undefined;
    const { lease } = this.#parts;
    if (this.#context.ownsSession) return lease.revoke(); // a join that is under way is refused then
    await this.#attempt;
    if (joined !== undefined && !lease.isClosing) await this.#keys.withdraw(joined.lease.id, joined.own);
    else if (unanswered !== undefined && !lease.isClosing) await this.#keys.withdraw(unanswered, undefined);
  }

  /** The last step: another pool of this name may come. */
  detach(): void {
    this.#parts.lease.detach(this);
  }

  get #parts(): PoolContext['session']['parts'] {
    return this.#context.session.parts;
  }

  // ---- joining ----

  #retry(): void {
    if (!this.#isRunning || this.#joined !== undefined || this.#attempt !== undefined) return;
    const { lease: leases, clock } = this.#parts;
    const lease = leases.leaseOf(this);
    if (lease === undefined) return;
    const { obstacle } = this.#keys;
    if (obstacle !== undefined) {
      void obstacle.then(() => this.#retry());
      return;
    }
    this.#cancelRetry?.();
    this.#attempt = this.#join(lease).then((pause) => {
      this.#attempt = undefined;
      if (pause !== undefined && this.#isRunning) this.#cancelRetry = clock.after(pause, () => this.#retry());
    });
  }

  /** Resolves with the milliseconds to wait before the next attempt, if one is needed. Never rejects. */
  async #join(lease: Lease): Promise<number | undefined> {
    const value = this.#value;
    try {
      const result = await this.#keys.join(lease.id, encodeMember(value));
      this.#unanswered = undefined;
      const kv = result.ranges[0]?.kvs[0];
      const isCurrent = this.#isRunning && this.#parts.lease.leaseOf(this) === lease;
      if (isCurrent && kv !== undefined) {
        this.#enter(lease, kv, encodeMember(value), result);
        return undefined;
      }
      // The worker was stopped, or lost its lease, while the transaction was under way.
      await this.#keys.withdraw(lease.id, undefined);
      return 0;
    } catch (err) {
      return this.#onFailure(lease, err as ElectionError);
    }
  }

  async #onFailure(lease: Lease, error: ElectionError): Promise<number | undefined> {
    if (!(error instanceof ElectionError)) {
      this.#context.log().error({ err: error }, 'a mistake of this library: joining again');
    }
    if (error.code === 'LEASE_LOST') {
      if (this.#parts.lease.leaseOf(this) === lease) this.#parts.lease.reportLost(lease, error);
      return 0;
    }
    if (!this.#isRunning) {
      // etcd may have carried the join out.
      if (!this.#context.ownsSession) await this.#keys.withdraw(lease.id, undefined);
      return undefined;
    }
    this.#unanswered = lease.id;
    this.#on.failed(error);
    return this.#backoff.next();
  }

  #enter(lease: Lease, kv: KeyValue, written: Buffer, { ranges, revision }: TxnResult): void {
    const own = { key: kv.key, createRevision: kv.createRevision, lease: lease.id };
    const { watcher, clock } = this.#parts;
    const reader: Reader<TxnResult> = {
      read: () => this.#keys.read(lease.id),
      found: (result) => this.#found(joined, result),
      readFailed: (err) => this.#on.failed(err as ElectionError),
    };
    const freshRead = new FreshRead(clock, READ_PAUSES, reader);
    const follower = {
      changed: (event: WatchEvent) => this.#changed(joined, event),
      reset: () => freshRead.now(),
      refused: (error: ElectionError) => this.#on.failed(error),
    };
    const ends = [own.key, this.#context.keys.plan(lease.id)].map((key) =>
      watcher.follow({ key, isPatient: true }, revision + 1n, follower),
    );
    const unfollow = (): void => {
      for (const end of ends) end();
    };
    const joined: Joined = { lease, own, unfollow, freshRead, written, revision: kv.modRevision };
    this.#joined = joined;
    this.#backoff.reset();
    this.#on.joined(lease);
    const plan = ranges[1]?.kvs[0];
    if (plan !== undefined && this.#joined === joined) this.#on.planned(plan.value);
    this.#writeLater(); // what has changed since the join was sent
  }

  /** Not a member any more. Returns what it was. */
  #part(): Joined | undefined {
    const joined = this.#joined;
    this.#joined = undefined;
    joined?.unfollow();
    joined?.freshRead.close();
    return joined;
  }

  // ---- the two keys ----

  #changed(joined: Joined, { type, key, kv }: WatchEvent): void {
    if (this.#joined !== joined) return;
    if (key !== joined.own.key) {
      if (kv !== undefined) this.#on.planned(kv.value);
    } else if (type === 'delete' || kv?.createRevision !== joined.own.createRevision) this.#joinAnew();
    else if (kv !== undefined) this.#notice(joined, kv);
  }

  #found(joined: Joined, { ranges }: TxnResult): void {
    if (this.#joined !== joined) return;
    const [member, plan] = ranges.map(({ kvs }) => kvs[0]);
    if (member?.createRevision !== joined.own.createRevision) return this.#joinAnew();
    this.#notice(joined, member);
    if (plan !== undefined) this.#on.planned(plan.value);
  }

  /** Somebody deleted our key: we write it again, and go on as before. */
  #joinAnew(): void {
    this.#part();
    soon(() => this.#retry());
  }

  /** Somebody wrote our key, perhaps we ourselves. */
  #notice(joined: Joined, kv: KeyValue): void {
    if (kv.modRevision <= joined.revision) return;
    joined.revision = kv.modRevision;
    if (kv.lease === joined.lease.id) joined.written = kv.value;
    else joined.written = Buffer.alloc(0); // without the lease it would stay for ever
    this.#writeLater();
  }

  #writeLater(): void {
    this.#write().catch((err) => this.#on.failed(err as ElectionError));
  }

  /** One write at a time, of what is to be said then. */
  #write(): Promise<void> {
    const writing = this.#writing.then(() => this.#writeNow());
    this.#writing = writing.catch(() => {}); // told to whoever has called
    return writing;
  }

  async #writeNow(): Promise<void> {
    const joined = this.#joined;
    const value = encodeMember(this.#value);
    if (joined === undefined || joined.written.equals(value)) return;
    const revision = await this.#keys.update(joined.own, value);
    if (revision !== undefined) {
      if (revision > joined.revision) [joined.written, joined.revision] = [value, revision];
    } else if (this.#joined === joined) this.#joinAnew();
  }

  // ---- from the lease ----

  leased(): void {
    soon(() => this.#retry());
  }

  notGranted(error: ElectionError): boolean {
    if (this.#joined !== undefined) return true;
    if (this.#on.isHeard()) this.#on.failed(error);
    return this.#on.isHeard();
  }

  lost(lease: Lease, reason: ElectionError): void {
    if (this.#unanswered === lease.id) this.#unanswered = undefined;
    // Also when the watch has told before that our key is gone: whatever hangs on the lease is lost only now.
    this.#part();
    if (this.#isRunning) this.#on.lost(reason);
  }

  refreshing(): void {
    this.#on.refreshing();
  }

  refreshed(info: { readonly roundTrip: number; readonly expiresIn: number }): void {
    if (this.#joined !== undefined) this.#writeLater(); // in case a write failed
    this.#on.refreshed(info);
  }

  suspended(error: ElectionError): void {
    this.#on.suspended(error);
  }

  resumed(): void {
    this.#on.resumed();
  }

  stop(reason: ElectionError): Promise<void> {
    return this.#on.closing(reason);
  }
}
