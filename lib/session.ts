import type { Etcd3 } from 'etcd3';
import { BatchingStore } from './batch.js';
import type { Candidacy, OwnKey } from './candidacy.js';
import { ElectionError } from './errors.js';
import { storeOf } from './etcd/store.js';
import { Granting } from './granting.js';
import type { Lease } from './lease.js';
import type { Logger } from './log.js';
import { checkClient, type ResolvedSessionOptions, resolveSessionOptions, type SessionOptions } from './options.js';
import { Orphans } from './orphans.js';
import { Refresher } from './refresher.js';
import { Remains } from './remains.js';
import type { Store } from './store.js';
import { type Clock, SystemClock, sleep } from './time.js';
import { Watches } from './watches.js';

/** What a session tells those that use its lease. */
export interface SessionMember {
  /** Of its election. */
  readonly name: string;
  leased(lease: Lease): void;
  /** The lease must not be relied on any more; `leased` follows when there is another. */
  lost(lease: Lease, reason: ElectionError): void;
  /** No lease could be had; it is tried again. */
  failed(error: ElectionError): void;
  /** A regular refresh is about to be sent. */
  refreshing(): void;
  refreshed(info: { readonly roundTrip: number; readonly expiresIn: number }): void;
  suspended(error: ElectionError): void;
  resumed(): void;
  /** The session is being closed. */
  stop(reason: ElectionError): Promise<void>;
}

/** A place in the queue that its candidate does not want any more. */
export interface GivenUp {
  readonly election: string;
  readonly lease: bigint;
  /** undefined: whatever key a join without an answer may have left. */
  readonly own: OwnKey | undefined;
  /** The candidate does not return at once. */
  readonly isLast: boolean;
}

/** What a session is made of; etcd is missing in simulations. */
export interface Environment {
  readonly store: Store;
  readonly clock: Clock;
  readonly etcd?: Etcd3;
}

/** How long `close()` waits for the end of the lease, ms: etcd ends it by itself all the same. */
const REVOKE_PATIENCE = 1_000;

const GONE = 'etcd says that the lease is gone: queueing again with a new one';
const EXPIRED = 'the lease could not be refreshed before its deadline: queueing again with a new one';
const TWO_IN_ONE =
  '`session` holds a place in this election for another candidate: waiting until that has left; two candidates take two sessions';

let systemClock: Clock | undefined;

export function environmentOf(source: Etcd3 | Environment): Environment {
  if ('store' in source) return source;
  systemClock ??= new SystemClock();
  return { store: storeOf(source, systemClock), clock: systemClock, etcd: source };
}

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
  readonly watch: Watches;
  /** By election: the lease is part of the key, so one session can hold one place in each. */
  readonly #members = new Map<string, SessionMember>();
  /** Those whose place another member holds. */
  #blocked: SessionMember[] = [];
  readonly #orphans: Orphans;
  readonly #remains: Remains;
  #held: { readonly lease: Lease; readonly refresher: Refresher; cancelDeadline: () => void } | undefined;
  #granting: Granting | undefined;
  #suspension: ElectionError | undefined;
  #closing: Promise<void> | undefined;

  /** @throws ElectionError `INVALID_OPTION` */
  constructor(etcd: Etcd3, options?: SessionOptions);
  /** @internal */
  constructor(source: Etcd3 | Environment, options?: SessionOptions);
  constructor(source: Etcd3 | Environment, options: SessionOptions = {}) {
    if (!(typeof source === 'object' && source !== null && 'store' in source)) checkClient(source, 'an Etcd3 client');
    this.options = resolveSessionOptions(options);
    const environment = environmentOf(source);
    this.environment = { ...environment, store: new BatchingStore(environment.store) };
    this.#orphans = new Orphans(this.environment, this.options.logger);
    const ttl = this.options.ttl * 1_000;
    this.watch = new Watches(this.environment.store, this.environment.clock, {
      quiet: clamp(ttl / 3, 1_000, 5_000),
      patience: clamp(ttl / 6, 1_000, 2_500),
    });
    this.#remains = new Remains(this.environment.clock, this.watch);
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
  leaseOf(member: SessionMember): Lease | undefined {
    return this.#members.get(member.name) === member ? this.#held?.lease : undefined;
  }

  /** @internal Tells `member` of the lease as soon as there is one, and of all that happens to it. */
  attach(member: SessionMember): void {
    if (this.#closing !== undefined) {
      member.failed(new ElectionError('STOPPED', 'the session is closed: make another one'));
      return;
    }
    const holder = this.#members.get(member.name);
    if (holder !== undefined && holder !== member) {
      if (!this.#blocked.includes(member)) this.#blocked.push(member);
      member.failed(new ElectionError('INVALID_OPTION', TWO_IN_ONE));
      return;
    }
    this.#members.set(member.name, member);
    if (holder === undefined && this.#suspension !== undefined) member.suspended(this.#suspension);
    if (this.#held !== undefined) member.leased(this.#held.lease);
    else this.#startGranting();
  }

  /** @internal */
  detach(member: SessionMember): void {
    this.#blocked = this.#blocked.filter((blocked) => blocked !== member);
    if (this.#members.get(member.name) !== member) return;
    this.#members.delete(member.name);
    const next = this.#blocked.find((blocked) => blocked.name === member.name);
    if (next === undefined) return;
    this.#blocked = this.#blocked.filter((blocked) => blocked !== next);
    this.attach(next);
  }

  /** @internal A refresh at once: shows soon whether the lease still exists. */
  refresh(): void {
    this.#held?.refresher.refresh();
  }

  /** @internal etcd said that it does not know this lease. */
  reportLost(lease: Lease, reason: ElectionError): void {
    if (this.#held?.lease === lease) this.#lose(reason);
  }

  /**
   * @internal Gives a place in the queue back, and tries again for as long as its lease is ours. Settles as the first
   * attempt does.
   */
  giveBack(candidacy: Candidacy, { election, lease, own, isLast }: GivenUp): Promise<void> {
    if (this.#held?.lease.id !== lease) return own === undefined ? Promise.resolve() : candidacy.leave(own);
    if (own === undefined) return this.#remains.withdraw(election, candidacy, lease);
    return this.#remains.giveBack(election, candidacy, own, isLast);
  }

  /** @internal A join that was given up is on its way, and will give back what it gets: no other may begin before its end. */
  bar(election: string, join: Promise<void>): void {
    this.#remains.bar(election, join);
  }

  /** @internal Resolves when a candidate can join without being taken for what is left; undefined: now, and it does. */
  clearance(election: string, candidacy: Candidacy): Promise<void> | undefined {
    const blocking = this.#remains.blocking(election, candidacy);
    if (blocking === undefined) this.#remains.claim(election);
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
    this.#suspension = undefined;
    granting?.abort();
    const lease = this.#drop();
    if (lease !== undefined) this.#orphans.add(lease.id, 0);
    const revoked = (async () => {
      await granting?.done;
      await this.#orphans.revoke();
    })();
    const waited = new AbortController();
    await Promise.race([
      revoked.finally(() => waited.abort(null)),
      sleep(this.environment.clock, patience, waited.signal),
    ]);
    return this.#orphans.isEmpty;
  }

  get #log(): Logger {
    return this.options.logger;
  }

  async #close(): Promise<void> {
    const reason = new ElectionError('STOPPED', 'the candidate was stopped'); // one for all: each would have its stack
    await Promise.all([...this.#members.values(), ...this.#blocked].map((member) => member.stop(reason)));
    this.#members.clear();
    await this.revoke(REVOKE_PATIENCE);
    this.watch.close();
  }

  #startGranting(): void {
    if (this.#granting !== undefined) return;
    const { ttl, renewDeadline } = this.options;
    const parts = { ...this.environment, orphans: this.#orphans, ttl, renewDeadline };
    this.#granting = new Granting(parts, {
      granted: (lease, sentAt, granted) => this.#hold(lease, sentAt, granted),
      failed: (error) => {
        this.#suspend(error);
        for (const member of [...this.#members.values()]) member.failed(error);
      },
    });
  }

  #hold(lease: Lease, sentAt: number, granted: number): void {
    const { store, clock } = this.environment;
    // Refreshed by what was asked for, even when etcd grants more: the renew deadline goes by that.
    const ttl = Math.min(granted, this.options.ttl);
    const refresher = new Refresher(store, clock, lease.id, sentAt, ttl, {
      sending: () => {
        for (const member of this.#members.values()) member.refreshing();
      },
      renewed: (at, renewed) => this.#onRenewed(lease, at, renewed),
      gone: () => this.#lose(new ElectionError('LEASE_LOST', GONE)),
      failed: (error) => {
        this.#suspend(error);
        this.#log.warn({ err: error, lease: lease.hex, remaining: Math.round(lease.remaining) }, 'lease not refreshed');
      },
    });
    this.#granting = undefined;
    this.#held = { lease, refresher, cancelDeadline: () => {} };
    this.#watchDeadline();
    this.#resume();
    for (const member of [...this.#members.values()]) member.leased(lease);
    this.#orphans.revokeInTime();
  }

  #onRenewed(lease: Lease, sentAt: number, ttl: number): void {
    // A deadline that has passed stays passed: another may lead by now, whatever this late reply says.
    if (lease.remaining <= 0) return this.#expire();
    lease.renewed(sentAt, ttl);
    if (lease.remaining <= 0) return this.#expire();
    this.#resume();
    const info = { roundTrip: this.environment.clock.now() - sentAt, expiresIn: lease.remaining };
    for (const member of this.#members.values()) member.refreshed(info);
  }

  /** Gives the lease up at the deadline, whatever the refresher is doing. The timer is not moved by each refresh. */
  #watchDeadline(): void {
    const held = this.#held;
    if (held === undefined) return;
    held.cancelDeadline = this.environment.clock.after(held.lease.remaining, () => {
      if (held.lease.remaining <= 0) this.#expire();
      else this.#watchDeadline();
    });
  }

  #expire(): void {
    this.#lose(new ElectionError('LEASE_EXPIRED', EXPIRED, { cause: this.#suspension }));
  }

  #lose(reason: ElectionError): void {
    const lease = this.#drop();
    if (lease === undefined) return;
    if (reason.code !== 'LEASE_LOST') this.#orphans.add(lease.id, lease.grace);
    this.#log.warn({ err: reason, lease: lease.hex }, 'lease lost');
    for (const member of [...this.#members.values()]) member.lost(lease, reason);
    if (this.#members.size > 0) this.#startGranting();
  }

  #drop(): Lease | undefined {
    const held = this.#held;
    this.#held = undefined;
    held?.cancelDeadline();
    held?.refresher.close();
    this.#remains.forget();
    return held?.lease;
  }

  #suspend(error: ElectionError): void {
    const isNews = this.#suspension === undefined;
    this.#suspension = error;
    if (isNews) for (const member of [...this.#members.values()]) member.suspended(error);
  }

  #resume(): void {
    if (this.#suspension === undefined) return;
    this.#suspension = undefined;
    for (const member of [...this.#members.values()]) member.resumed();
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
