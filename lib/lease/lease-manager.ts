import { sleep, soon, within } from '../common/time.js';
import { ElectionError } from '../errors.js';
import type { Logger } from '../log.js';
import type { ResolvedSessionOptions } from '../options.js';
import type { Store } from '../store/store.js';
import type { EpochCheckParts } from './epoch-check.js';
import { grantLease } from './grant.js';
import { type Granted, Lease, type RefreshInfo } from './lease.js';
import { type LeaseUser, LeaseUsers } from './lease-users.js';
import { type LeftLease, leftLease, Orphans } from './orphans.js';
import type { RefreshHandlers } from './refresher.js';
import { Suspension } from './suspension.js';

/** Milliseconds that `close()` waits for the end of the lease at least, and on top of the longest `releaseTimeout`. */
const REVOKE_PATIENCE = 1_000;

/** Milliseconds before the streams of an ended lease are closed, because the next leader is elected at this moment. */
const HEAD_START = 10;

const CLOSED = 'the session is closed: make another one';
const TWO_IN_ONE =
  '`session` already has a candidate in this election. This one waits until the other has left; ' +
  'for two candidates use two sessions';

export interface LeaseManagerParts extends EpochCheckParts {
  readonly store: Store;
  readonly options: ResolvedSessionOptions;
  /** Is told when a lease is given up: its keys end with it. */
  readonly dropped: () => void;
}

/**
 * The lease of a session, for any number of users. When a lease is lost, all users are told, then another is asked for.
 *
 * - **empty**: nobody uses the lease. Ends when a user comes.
 * - **granting**: etcd is asked for a lease. Ends when etcd has granted one, or when the lease is revoked.
 * - **held**: there is a lease, refreshed and watched for its deadline. Ends when the lease is lost (then granting, if
 *   there are users) or revoked (then empty).
 * - **closed**: all users have been stopped and the lease is revoked. Nothing follows.
 */
export class LeaseManager implements RefreshHandlers<RefreshInfo> {
  readonly #parts: LeaseManagerParts;
  readonly #users = new LeaseUsers();
  readonly #orphans: Orphans;
  readonly #suspension: Suspension;
  #held: Lease | undefined;
  /** A lease that was revoked, and whose streams are still open. */
  #retired: Lease | undefined;
  #granting: { readonly scope: AbortController; readonly done: Promise<void> } | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: LeaseManagerParts) {
    this.#parts = parts;
    this.#orphans = new Orphans(parts);
    this.#suspension = new Suspension(parts.clock, parts.options.logger, this.#users);
  }

  // ---- from the users ----

  /** Takes a user in, and asks for a lease if there is none. Returns why the user gets no lease, if so. */
  attach(user: LeaseUser): ElectionError | undefined {
    const { refusal } = this;
    if (refusal !== undefined) return refusal;
    const isNew = !this.#users.has(user);
    if (!this.#users.admit(user)) return new ElectionError('INVALID_OPTION', TWO_IN_ONE);
    // A candidate can leave and come back while it is being told of the suspension: do not tell it twice.
    const isUnderWay = this.#held !== undefined || this.#granting !== undefined;
    const { error } = this.#suspension;
    if (isNew && isUnderWay && error !== undefined) user.suspended(error);
    this.#grantIfNeeded();
    return undefined;
  }

  detach(user: LeaseUser): void {
    const next = this.#users.remove(user);
    if (next === undefined) return;
    const [held, wasSuspended] = [this.#held, this.#suspension.error !== undefined];
    this.#grantIfNeeded();
    soon(() => {
      // In the next turn, because a call down tells nobody anything. What begins in between is told to all users.
      if (!this.#users.has(next)) return;
      if (wasSuspended && this.#suspension.error !== undefined) next.suspended(this.#suspension.error);
      if (held !== undefined && this.#held === held) next.leased(held);
    });
  }

  /** The lease that this user can join with now. */
  leaseOf(user: LeaseUser): Lease | undefined {
    return this.#users.has(user) ? this.#held : undefined;
  }

  /** Whether somebody uses the lease in this election. */
  hasUser(election: string): boolean {
    return this.#users.isTaken(election);
  }

  /** Whether this is the lease that we hold. */
  holds(lease: bigint): boolean {
    return this.#held?.id === lease;
  }

  /** Refreshes at once: the answer soon shows whether the lease still exists. */
  refresh(): void {
    this.#held?.refresh();
  }

  /** etcd said that it does not know this lease. */
  reportLost(lease: Lease, reason: ElectionError): void {
    if (this.#held === lease) this.lost(reason, false);
  }

  /** Nobody can tell whether etcd still has this lease, or what hangs on it. */
  giveUp(lease: Lease, reason: ElectionError): void {
    if (this.#held === lease) this.lost(reason, true);
  }

  /** Why nobody is taken in any more: the session is closed, or being closed. */
  get refusal(): ElectionError | undefined {
    return this.#closing && new ElectionError('STOPPED', CLOSED);
  }

  /** Whether the lease is about to be revoked, and all keys with it. */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Ends the lease, and with it its keys. Resolves when etcd has confirmed the end, or when no further attempt is made.
   * Goes on when nobody waits for it any more.
   */
  async revoke(): Promise<void> {
    const granting = this.#granting;
    this.#granting = undefined;
    granting?.scope.abort();
    this.#retired?.close();
    this.#retired = this.#drop();
    if (this.#retired !== undefined) this.#orphans.add(this.#retired, 0);
    await Promise.all([this.#orphans.revoke(), granting?.done.then(() => this.#orphans.revoke())]);
  }

  /** The lease on which our keys may still hang; undefined when etcd has confirmed that there is none. */
  get left(): LeftLease | undefined {
    const held = this.#held;
    return held === undefined ? this.#orphans.left : leftLease(held.id, held.grace);
  }

  /** Closes the streams of a lease that was revoked, in a moment. */
  async rest(): Promise<void> {
    if (this.#retired !== undefined) await sleep(this.#parts.clock, HEAD_START);
    this.#retired?.close();
    this.#retired = undefined;
  }

  /** Stops all users, and revokes the lease. */
  close(): Promise<void> {
    this.#closing ??= Promise.resolve().then(async () => {
      const { clock } = this.#parts;
      const until = clock.now() + this.#users.releaseTimeout + REVOKE_PATIENCE;
      // one error for all users, because each error takes its stack with it
      const reason = new ElectionError('STOPPED', 'the candidate was stopped');
      await this.#users.stop(reason);
      await within(clock, Math.max(REVOKE_PATIENCE, until - clock.now()), this.revoke());
      const { left } = this.#orphans;
      if (left !== undefined) this.#log.warn(left, 'lease not revoked in time: it ends by itself at the latest');
      await this.rest();
    });
    return this.#closing;
  }

  // ---- from the lease ----

  refreshing(): void {
    for (const user of this.#users) user.refreshing();
  }

  refreshed(info: RefreshInfo): void {
    this.#suspension.answered();
    for (const user of this.#users) user.refreshed(info);
  }

  failed(error: ElectionError): void {
    const lasts = this.#suspension.failed(error, 'refresh');
    const remaining = Math.round(this.#held?.remaining ?? 0);
    if (lasts === undefined) return;
    this.#log.warn({ err: error, lease: this.#held?.hex, remaining, ...lasts }, 'lease not refreshed');
  }

  /** Only the lease that is held tells. A missed deadline leaves work that may last until the grace is over. */
  lost(reason: ElectionError, mayLive: boolean): void {
    const lease = this.#held && this.#drop();
    if (lease === undefined) return;
    lease.close();
    const isWorkLeft = !this.#users.isEmpty || reason.code === 'LEASE_EXPIRED';
    if (mayLive) this.#orphans.add(lease, isWorkLeft ? lease.grace : 0);
    this.#log.warn({ err: reason, lease: lease.hex }, 'lease lost');
    for (const user of this.#users) user.lost(lease, reason);
    this.#grantIfNeeded();
    // while a grant is under way, `#hold` does it, since etcd answers then
    if (this.#granting === undefined) this.#orphans.revokeInTime();
  }

  // ---- a lease ----

  #grantIfNeeded(): void {
    if (this.#held !== undefined || this.#granting !== undefined || this.#users.isEmpty) return;
    const scope = new AbortController();
    this.#granting = { scope, done: this.#grant(scope.signal) };
  }

  async #grant(signal: AbortSignal): Promise<void> {
    const parts = { ...this.#parts, orphans: this.#orphans };
    const granted = await grantLease(parts, this.#parts.options, signal, (error) => this.#notGranted(error));
    if (granted === undefined) {
      if (!signal.aborted) this.#granting = undefined; // the client is closed: whoever comes now is told so too
    } else if (signal.aborted) this.#orphans.addUnused(granted.id);
    else this.#hold(granted);
  }

  #hold(granted: Granted): void {
    const lease = new Lease(this.#parts, granted, this.#parts.options, this);
    this.#granting = undefined;
    this.#held = lease;
    this.#suspension.answered();
    for (const user of this.#users) user.leased(lease);
    this.#orphans.revokeInTime();
  }

  #notGranted(error: ElectionError): void {
    const lasts = this.#suspension.failed(error, 'grant');
    let isUnheard = false;
    for (const user of this.#users) if (!user.notGranted(error)) isUnheard = true;
    // Once for all the users that nobody listens to.
    if (isUnheard && lasts !== undefined) this.#log.error({ err: error, ...lasts }, 'no lease granted');
  }

  /** From now on nobody relies on the lease; its streams are still open. */
  #drop(): Lease | undefined {
    const held = this.#held;
    this.#held = undefined;
    held?.stop();
    this.#parts.dropped();
    return held;
  }

  get #log(): Logger {
    return this.#parts.options.logger;
  }
}
