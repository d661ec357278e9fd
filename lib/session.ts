import type { Etcd3 } from 'etcd3';
import { sleep, within } from './common/time.js';
import { type Environment, environmentOf, isEnvironment } from './environment.js';
import { ElectionError } from './errors.js';
import { Granting } from './lease/granting.js';
import { Holding } from './lease/holding.js';
import type { Lease } from './lease/lease.js';
import { type LeaseUser, LeaseUsers } from './lease/lease-users.js';
import { Orphans } from './lease/orphans.js';
import type { Logger } from './log.js';
import { checkClient, type ResolvedSessionOptions, resolveSessionOptions, type SessionOptions } from './options.js';
import { type GivenUp, KeyReleaser } from './queue/key-releaser.js';
import { leaseIn } from './queue/keys.js';
import { type LeaderWatcher, leaderWatcherOf } from './queue/leader-watcher.js';
import type { Queue } from './queue/queue.js';
import { BatchingStore } from './store/batching-store.js';
import { Watcher } from './watch/watcher.js';

/** How long `close()` waits for the end of the lease, ms: etcd ends it by itself all the same. */
const REVOKE_PATIENCE = 1_000;

/** ms before the streams of a lease that was ended are closed: at this moment the next leader reads its place. */
const HEAD_START = 10;

const GONE = 'etcd says that the lease is gone: queueing again with a new one';
const EXPIRED = 'the lease could not be refreshed before its deadline: queueing again with a new one';

/**
 * One lease, kept alive, shared by any number of elections: ten thousand of them cost one refresh every third of the TTL.
 * Heals by itself: when the lease is lost, every election is told, and goes back to its queue with a new lease.
 *
 * The elections of one session stand and fall together, and one session holds one place in an election: for two
 * candidates in the same election take two sessions.
 *
 * @example
 * ```ts
 * const session = new Session(client, { ttl: 10 });
 * for (const shard of shards) new Election(session, `shards/${shard}`).on('elected', work).start();
 * process.once('SIGTERM', () => session.close());
 * ```
 */
export class Session {
  /** @internal */
  readonly options: ResolvedSessionOptions;
  /** @internal */
  readonly environment: Environment;
  /** @internal */
  readonly watch: Watcher;
  /** @internal Who leads an election, seen by all who share the client. */
  readonly leaderWatcher: (election: string) => LeaderWatcher;
  readonly #users = new LeaseUsers();
  readonly #orphans: Orphans;
  readonly #keyReleaser: KeyReleaser;
  #held: Holding | undefined;
  /** Of a lease that was given back: its streams are still open. */
  #retired: Holding | undefined;
  #granting: Granting | undefined;
  #suspension: ElectionError | undefined;
  #closing: Promise<void> | undefined;

  /** @throws ElectionError `INVALID_OPTION` */
  constructor(etcd: Etcd3, options?: SessionOptions);
  /** @internal */
  constructor(source: Etcd3 | Environment, options?: SessionOptions);
  constructor(source: Etcd3 | Environment, options: SessionOptions = {}) {
    if (!isEnvironment(source)) checkClient(source, 'an Etcd3 client');
    this.options = resolveSessionOptions(options);
    const environment = environmentOf(source);
    this.leaderWatcher = (election) => leaderWatcherOf(environment.store, environment.clock, election);
    this.environment = { ...environment, store: new BatchingStore(environment.store) };
    this.#orphans = new Orphans(this.environment, this.options.logger);
    const ttl = this.options.ttl * 1_000;
    this.watch = new Watcher(this.environment.store, this.environment.clock, {
      quiet: clamp(ttl / 3, 1_000, 5_000),
      patience: clamp(ttl / 6, 1_000, 2_500),
      groupOf: leaseIn,
    });
    this.#keyReleaser = new KeyReleaser(this.environment.clock, this.watch);
  }

  /**
   * Stops its elections as their own `stop()` would, and revokes the lease. Idempotent, bounded in time, never rejects.
   * The client stays open. A closed session cannot be used again.
   */
  close(): Promise<void> {
    this.#closing ??= Promise.resolve().then(() => this.#close());
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal The lease that this member can rely on now. */
  leaseOf(member: LeaseUser): Lease | undefined {
    return this.#users.has(member) ? this.#held?.lease : undefined;
  }

  /** @internal Tells `member` of the lease as soon as there is one, and of all that happens to it. */
  attach(member: LeaseUser): void {
    if (this.#closing !== undefined) {
      member.failed(new ElectionError('STOPPED', 'the session is closed: make another one'));
      return;
    }
    const isNew = !this.#users.has(member);
    if (!this.#users.admit(member)) return;
    // Who has left while it was told, and comes back when there is no lease yet, knows already.
    const isUnderWay = this.#held !== undefined || this.#granting !== undefined;
    if (isNew && isUnderWay && this.#suspension !== undefined) member.suspended(this.#suspension);
    if (this.#held !== undefined) member.leased(this.#held.lease);
    else this.#startGranting();
  }

  /** @internal */
  detach(member: LeaseUser): void {
    const next = this.#users.remove(member);
    if (next !== undefined) this.attach(next);
  }

  /** @internal A refresh at once: shows soon whether the lease still exists. */
  refresh(): void {
    this.#held?.refresh();
  }

  /** @internal etcd said that it does not know this lease. */
  reportLost(lease: Lease, reason: ElectionError): void {
    if (this.#held?.lease === lease) this.#lose(reason);
  }

  /**
   * @internal Gives a place in the queue back, and tries again for as long as its lease is ours. Settles as the first
   * attempt does.
   */
  giveBack(queue: Queue, givenUp: GivenUp): Promise<void> {
    if (this.#held?.lease.id === givenUp.lease) return this.#keyReleaser.giveBack(queue, givenUp);
    return givenUp.own === undefined ? Promise.resolve() : queue.leave(givenUp.own);
  }

  /** @internal A join that was given up is on its way, and will give back what it gets: no other may begin before its end. */
  bar(election: string, join: Promise<void>): void {
    this.#keyReleaser.bar(election, join);
  }

  /** @internal Resolves when a candidate can join without being taken for what is left; undefined: now, and it does. */
  clearance(election: string, queue: Queue): Promise<void> | undefined {
    const blocking = this.#keyReleaser.blocking(election, queue);
    if (blocking === undefined) this.#keyReleaser.claim(election);
    return blocking;
  }

  /** @internal Whether leaving can be left to the revocation that follows. */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** @internal Ends the lease, and with it its keys. Resolves to whether etcd confirmed it within `patience` ms. */
  async revoke(patience: number): Promise<boolean> {
    const granting = this.#granting;
    this.#granting = undefined;
    granting?.abort();
    this.#retired?.close();
    this.#retired = this.#drop();
    if (this.#retired !== undefined) this.#orphans.add(this.#retired.lease.id, 0);
    const revoked = (async () => {
      await granting?.done;
      await this.#orphans.revoke();
    })();
    await within(this.environment.clock, patience, revoked);
    return this.#orphans.isEmpty;
  }

  /** @internal Closes what is not used any more, in a moment. */
  async rest(): Promise<void> {
    if (this.#retired !== undefined) await sleep(this.environment.clock, HEAD_START);
    this.#retired?.close();
    this.#retired = undefined;
    this.watch.closeIdle();
  }

  get #log(): Logger {
    return this.options.logger;
  }

  async #close(): Promise<void> {
    const reason = new ElectionError('STOPPED', 'the candidate was stopped'); // one for all: each would have its stack
    await this.#users.stop(reason);
    await this.revoke(REVOKE_PATIENCE);
    await this.rest(); // what `observe()` follows goes on
  }

  #startGranting(): void {
    if (this.#granting !== undefined) return;
    const { ttl, renewDeadline } = this.options;
    const parts = { ...this.environment, orphans: this.#orphans, ttl, renewDeadline };
    this.#granting = new Granting(parts, {
      granted: (lease, sentAt, granted) => this.#hold(lease, sentAt, granted),
      failed: (error) => {
        this.#suspend(error);
        this.#users.failed(error);
      },
    });
  }

  #hold(lease: Lease, sentAt: number, granted: number): void {
    // Refreshed by what was asked for, even when etcd grants more: the renew deadline goes by that. And twice before it.
    const { renewDeadline } = this.options;
    const ttl = Math.min(granted, this.options.ttl, 1.5 * renewDeadline);
    this.#granting = undefined;
    this.#held = new Holding(this.environment, lease, sentAt, ttl, {
      refreshing: () => this.#users.refreshing(),
      refreshed: (at) => this.#onRefreshed(lease, at),
      failed: (error) => {
        this.#suspend(error);
        this.#log.warn({ err: error, lease: lease.hex, remaining: Math.round(lease.remaining) }, 'lease not refreshed');
      },
      gone: () => this.#lose(new ElectionError('LEASE_LOST', GONE)),
      expired: () => this.#lose(new ElectionError('LEASE_EXPIRED', EXPIRED, { cause: this.#suspension })),
    });
    this.#resume();
    this.#users.leased(lease);
    this.#orphans.revokeInTime();
  }

  #onRefreshed(lease: Lease, sentAt: number): void {
    this.#resume();
    this.#users.refreshed({ roundTrip: this.environment.clock.now() - sentAt, expiresIn: lease.remaining });
  }

  #lose(reason: ElectionError): void {
    const held = this.#drop();
    if (held === undefined) return;
    held.close();
    const { lease } = held;
    if (reason.code !== 'LEASE_LOST') this.#orphans.add(lease.id, lease.grace);
    this.#log.warn({ err: reason, lease: lease.hex }, 'lease lost');
    this.#users.lost(lease, reason);
    if (!this.#users.isEmpty) this.#startGranting();
  }

  /** Nobody relies on the lease any more; what it was refreshed on is still open. */
  #drop(): Holding | undefined {
    const held = this.#held;
    this.#held = undefined;
    held?.stop();
    this.#keyReleaser.forget();
    return held;
  }

  #suspend(error: ElectionError): void {
    const isNews = this.#suspension === undefined;
    this.#suspension = error;
    if (isNews) this.#users.suspended(error);
  }

  #resume(): void {
    if (this.#suspension === undefined) return;
    this.#suspension = undefined;
    this.#users.resumed();
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
