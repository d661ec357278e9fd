import { Backoff } from '../common/backoff.js';
import { soon } from '../common/time.js';
import { type ElectionError, toElectionError } from '../errors.js';
import type { Lease, RefreshInfo } from '../lease/lease.js';
import type { LeaseUser } from '../lease/lease-users.js';
import type { KeyValue } from '../store/store.js';
import type { PoolContext } from './context.js';
import { MemberKeys } from './member-keys.js';
import { Registration, type WrittenKey } from './registration.js';
import { encodeMember, type MemberValue } from './wire.js';

export interface MembershipHandlers {
  /** The worker is a member, with this lease. */
  joined(lease: Lease): void;
  /** The worker is no member any more: nobody may rely on its lease. */
  lost(reason: ElectionError): void;
  /** The plan of this worker, as it lies in etcd. */
  planned(plan: KeyValue): void;
  /** Something went wrong; it is tried again. */
  failed(error: ElectionError): void;
  refreshing(): void;
  refreshed(info: RefreshInfo): void;
  suspended(error: ElectionError): void;
  resumed(): void;
  /** The session is being closed. */
  closing(reason: ElectionError): Promise<void>;
  /** etcd has granted no lease. False: nobody listens for errors, so the log must say it. */
  notGranted(error: ElectionError): boolean;
}

/** Milliseconds before a join that failed is tried again; the pause doubles up to the longest. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/**
 * This worker as a member of the pool. One transaction writes the worker's keys on the lease of the session, and reads
 * its plan; from then on there is a {@link Registration}. When the worker's key is deleted, the worker joins again.
 * When the lease is lost, the worker joins with another lease; the plan went with the old lease.
 */
export class Membership implements LeaseUser {
  readonly name: string;
  readonly releaseTimeout: number;
  readonly #context: PoolContext;
  readonly #on: MembershipHandlers;
  readonly #keys: MemberKeys;
  #value: MemberValue;
  #isRunning = false;
  /** There while the worker's key is in etcd. */
  #registration: Registration | undefined;
  #attempt: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
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
    return this.#registration !== undefined;
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
    return this.#registration?.say(encodeMember(this.#value)) ?? Promise.resolve();
  }

  /** Deletes the keys of the worker. Resolves when that is done, or when no further attempt is made. Never rejects. */
  async leave(): Promise<void> {
    this.#isRunning = false;
    this.#cancelRetry?.();
    const registration = this.#part();
    const unanswered = this.#unanswered;
    this.#unanswered = undefined;
    const { lease } = this.#parts;
    if (this.#context.releases === 'lease') return lease.revoke(); // a join that is under way is refused then
    await this.#attempt;
    if (lease.isClosing) return;
    if (registration !== undefined) await this.#keys.withdraw(registration.lease.id, registration.own);
    else if (unanswered !== undefined) await this.#keys.withdraw(unanswered, undefined);
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
    if (!this.#isRunning || this.isJoined || this.#attempt !== undefined) return;
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
    const value = encodeMember(this.#value);
    try {
      const { ranges, revision } = await this.#keys.join(lease.id, value);
      this.#unanswered = undefined;
      const [kv, plan] = ranges.map(({ kvs }) => kvs[0]);
      const isCurrent = this.#isRunning && this.#parts.lease.leaseOf(this) === lease;
      if (isCurrent && kv !== undefined) {
        this.#enter(lease, { kv, value, revision }, plan);
        return undefined;
      }
      // The worker was stopped, or lost its lease, while the transaction was under way.
      await this.#keys.withdraw(lease.id, undefined);
      return 0;
    } catch (err) {
      return this.#onFailure(lease, err);
    }
  }

  async #onFailure(lease: Lease, err: unknown): Promise<number | undefined> {
    const error = toElectionError(err);
    if (error !== err) this.#context.log().error({ err }, 'a mistake of this library: joining again');
    if (error.code === 'LEASE_LOST') {
      this.#parts.lease.reportLost(lease, error);
      return 0;
    }
    if (!this.#isRunning) {
      // etcd may have carried the join out.
      if (this.#context.releases === 'keys') await this.#keys.withdraw(lease.id, undefined);
      return undefined;
    }
    this.#unanswered = lease.id;
    this.#on.failed(error);
    return this.#backoff.next();
  }

  #enter(lease: Lease, key: WrittenKey, plan: KeyValue | undefined): void {
    const { watcher, clock } = this.#parts;
    const parts = { keys: this.#keys, watcher, clock, plan: this.#context.keys.plan(lease.id) };
    const registration = new Registration(parts, lease, key, {
      planned: (changed) => this.#on.planned(changed),
      keyGone: () => this.#joinAnew(),
      failed: (error) => this.#on.failed(error),
    });
    this.#registration = registration;
    this.#backoff.reset();
    this.#on.joined(lease);
    if (plan !== undefined && this.#registration === registration) this.#on.planned(plan);
    // What has changed since the join was sent.
    registration.say(encodeMember(this.#value)).catch((err) => this.#on.failed(toElectionError(err)));
  }

  /** The worker is no member from now on. Returns the registration that it had. */
  #part(): Registration | undefined {
    const registration = this.#registration;
    this.#registration = undefined;
    registration?.close();
    return registration;
  }

  /** Somebody deleted our key: we write it again, and go on as before. */
  #joinAnew(): void {
    this.#part();
    soon(() => this.#retry());
  }

  // ---- from the lease ----

  leased(): void {
    soon(() => this.#retry());
  }

  notGranted(error: ElectionError): boolean {
    return this.isJoined || this.#on.notGranted(error);
  }

  lost(lease: Lease, reason: ElectionError): void {
    if (this.#unanswered === lease.id) this.#unanswered = undefined;
    // Told also when a watch has told before that our key is gone: whatever else hangs on the lease is lost only now.
    this.#part();
    if (this.#isRunning) this.#on.lost(reason);
  }

  refreshing(): void {
    this.#on.refreshing();
  }

  refreshed(info: RefreshInfo): void {
    this.#registration?.restore(); // in case a write failed
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
