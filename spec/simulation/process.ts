import type { Environment } from '../../lib/environment.js';
import { ElectionError } from '../../lib/errors.js';
import type { Leadership } from '../../lib/leadership.js';
import { Lock } from '../../lib/lock.js';
import type { Logger } from '../../lib/log.js';
import { Session } from '../../lib/session.js';
import { hexOf } from '../../lib/store/bytes.js';
import type { Compare, Txn } from '../../lib/store/store.js';
import { isCrash } from '../support/crash.js';
import type { Connection } from '../support/fake-etcd/connection.js';
import type { ResumeOrder, VirtualClock } from '../support/virtual-clock.js';
import { Contender } from './contender.js';
import type { Holder, LockCaller } from './lock-caller.js';
import type { ProcessPlan } from './plan.js';
import { Probe } from './probe.js';
import { Violation } from './violation.js';
import { Weather } from './weather.js';
import type { SimulatedWorld } from './world.js';

/** Seconds between the latest legal renew deadline and the TTL. */
const LATEST = 0.001;

/** `error` events tell what goes wrong outside the library. Any other code is a mistake of the library's. */
const EXPECTED: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'RELEASE_TIMEOUT',
  'INVALID_OPTION',
  'STOPPED',
  'LEASE_LOST',
  'BLOCKED', // an operator has written a key without its lease, and its candidate is not there to mend it
]);

/** One Node process: a clock, a network connection, and the sessions and elections in it. It can pause and die. */
export class SimulatedProcess {
  readonly name: string;
  readonly plan: ProcessPlan;
  readonly world: SimulatedWorld;
  /** The library's clock. */
  readonly clock: VirtualClock;
  /** The clock of the user's code: the same clock, but its timers do not count as leaks of the library. */
  readonly user: VirtualClock;
  readonly connection: Connection;
  readonly environment: Environment;
  readonly weather: Weather;
  /** Leases that the library has given up, because it could not refresh them or etcd said that they had ended. */
  readonly lostLeases = new Set<string>();
  contenders: readonly Contender[] = [];
  /** Callers of locks that have not come back, and those of them that hold one. */
  readonly callers = new Set<LockCaller>();
  readonly holders = new Set<Holder>();
  readonly #locks = new Map<string, Lock>();
  /** The number of pauses so far. */
  pauses = 0;
  session: Session | undefined;
  /** Sessions that have been closed, or are being closed. */
  readonly closed = new WeakSet<Session>();
  /** The contenders of sessions that have been closed. */
  readonly #retired: Contender[] = [];
  /** The epoch of etcd when it first answered: of the epochs before nothing is known here. */
  knowsFrom: number | undefined;
  /** Calls of the user that close what is open and begin anew, and that are under way. */
  renewals = 0;
  readonly #leases = new Set<bigint>();
  readonly #pending = new Map<Promise<unknown>, string>();

  constructor(name: string, plan: ProcessPlan, world: SimulatedWorld) {
    this.name = name;
    this.plan = plan;
    this.world = world;
    const { random, time, etcd, tally } = world;
    const { rate, lateness } = plan;
    const chance = random.fork();
    const options = { name, rate, offset: random.between(0, 1e6) };
    this.clock = time.clock({ ...options, ...(lateness > 0 && { lateness: () => chance.between(0, lateness) }) });
    this.user = time.clock(options);
    this.connection = etcd.connect({ clock: this.clock, name });
    this.weather = new Weather({
      random: random.fork(),
      now: () => time.now,
      tally,
      disturb: (until) => world.disturb(until),
      hangTimeout: world.hangTimeout,
    });
    this.connection.faults.draw = this.weather.draw;
    if (plan.firstGrant !== undefined) this.weather.script('grant', plan.firstGrant, 1);
    this.environment = { store: this.#probe(), clock: this.clock };
    this.enlist();
  }

  /** The user closes what is open, and has not come back yet: others leave the candidates alone; nothing is calm. */
  get isRenewing(): boolean {
    return this.renewals > 0;
  }

  /** Seconds. */
  get ttl(): number {
    return this.plan.ttl;
  }

  /** Seconds. */
  get renewDeadline(): number {
    return this.plan.deadline === 'late' ? this.ttl - LATEST : this.ttl * 0.75;
  }

  get isDead(): boolean {
    return this.clock.dead;
  }

  /** Makes new elections, and a new session if they share one. The elections before them have been closed. */
  enlist(): void {
    const { plan, ttl, renewDeadline, world } = this;
    const logger = this.loggerFor(this.name);
    this.session = plan.shared ? new Session(this.environment, { ttl, renewDeadline, logger }) : undefined;
    this.#locks.clear();
    this.#retired.push(...this.contenders);
    this.contenders = plan.candidates.map(
      (candidate, at) =>
        new Contender({
          name: `${this.name}${String.fromCharCode(97 + at)}`,
          electionName: world.electionName(candidate.election),
          plan: candidate,
          process: this,
          session: this.session,
        }),
    );
  }

  /** One lock of each name, as long as its session lives. */
  lockOf(name: string): Lock {
    const lock = this.#locks.get(name) ?? this.#makeLock(name);
    this.#locks.set(name, lock);
    return lock;
  }

  #makeLock(name: string): Lock {
    const { session, environment, ttl, renewDeadline } = this;
    const log = this.loggerFor(this.name);
    const logger: Logger = { ...log, error: (data: object) => this.checkError('err' in data ? data.err : data) };
    const options = { value: this.name, logger };
    return new Lock(session ?? environment, name, session ? options : { ...options, ttl, renewDeadline });
  }

  /** Runs the user's code: not while the process is paused, and not when the process is dead. */
  act(fn: () => void): void {
    this.user.receive(() => this.world.guard(fn));
  }

  /** Remembers a call that must settle. */
  keep(what: string, promise: Promise<unknown>): void {
    this.#pending.set(promise, what);
    const forget = (): void => {
      this.#pending.delete(promise);
    };
    promise.then(forget, forget);
  }

  /** Calls of the user that have not settled. */
  get pending(): readonly string[] {
    return [...this.#pending.values()];
  }

  /** Whether this process has asked for this lease. */
  readonly owns = (lease: bigint): boolean => this.#leases.has(lease);

  pause(): void {
    this.pauses += 1;
    this.clock.pause();
    this.user.pause();
  }

  resume(order: ResumeOrder): void {
    this.clock.resume(order);
    this.user.resume(order);
  }

  kill(): void {
    this.clock.kill();
    this.user.kill();
  }

  /** Stops every election in the process, and closes the session that they share. */
  async leave(): Promise<void> {
    await Promise.all([...this.#retired, ...this.contenders].map((contender) => contender.stop()));
    await this.close();
  }

  /** Closes as a user does who does not stop the elections first. */
  async close(): Promise<void> {
    const { session } = this;
    if (session === undefined) return;
    this.closed.add(session);
    const closed = session.close();
    this.keep(`${this.name}: close()`, closed);
    await closed;
  }

  checkError(error: unknown): void {
    if (error instanceof ElectionError && EXPECTED.has(error.code) && !isCrash(error)) return;
    throw new Violation('i: no surprises', `${this.name} was told of ${String(error)}`, error);
  }

  loggerFor(who: string): Logger {
    const log =
      (level: string) =>
      (data: object, message: string): void => {
        this.world.story.tell(who, () => `${level}: ${message}${describe(data)}`);
        if (message === 'lease lost' && 'lease' in data) this.lostLeases.add(String(data.lease));
        const err = 'err' in data ? data.err : undefined;
        const isExpected = isOfOurMaking(err) || (err instanceof ElectionError && err.code === 'BLOCKED');
        if ((level === 'error' && !isExpected) || isCrash(err)) {
          this.world.guard(() => {
            throw new Violation('i: no surprises', `${who}: ${message}${describe(data)}`, err);
          });
        }
      };
    return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  }

  #probe(): Probe {
    const released = (isHeldBy: (term: Leadership) => boolean): void => {
      for (const { worker } of this.contenders) this.world.guard(() => worker.released(isHeldBy));
      for (const holder of this.holders) this.world.guard(() => holder.released(isHeldBy));
    };
    return new Probe(this.connection, {
      granting: (lease) => {
        this.#leases.add(lease);
        this.world.referee.ours.add(lease);
      },
      sending: (txn) => {
        this.world.guard(() => checkGuarded(txn));
        this.world.guard(() => this.world.referee.moving(this.name, txn, this.owns));
        // A deletion that is repeated for an earlier place names the revision of that place, so it deletes nothing.
        for (const { key, createRevision } of deletedBy(txn)) {
          released((term) => term.key === key && term.fencingToken === createRevision);
        }
      },
      answered: () => {
        this.knowsFrom ??= this.world.epoch;
      },
      revoking: (lease) => released(({ leaseId }) => leaseId === hexOf(lease)),
    });
  }
}

/**
 * Checks that keys in a queue are written and deleted only under a comparison on the key, and written only with a
 * lease.
 */
function checkGuarded({ compare, success, failure }: Txn): void {
  for (const op of [...success, ...failure]) {
    if (op.type === 'range' || op.key.includes('!')) continue; // control keys lie outside the queue
    const isGuarded = compare.some(({ key }) => key === op.key) && success.includes(op);
    if (!isGuarded) throw new Violation('a: fencing', `${op.type} of ${op.key} without a guard`);
    if (op.type === 'put' && op.lease === 0n) throw new Violation('d: no phantom', `${op.key} is put without a lease`);
  }
}

function deletedBy({ compare, success }: Txn): readonly Compare[] {
  const onKeys = compare.filter((one): one is Compare => 'createRevision' in one);
  return onKeys.filter(({ key }) => success.some((op) => op.type === 'delete' && op.key === key));
}

function describe(data: object): string {
  const parts = Object.entries(data).map(([key, value]) => `${key}=${value instanceof Error ? value.message : value}`);
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

/** Whether a listener that throws on purpose has thrown this. */
function isOfOurMaking(err: unknown): boolean {
  return err instanceof Error && err.message.startsWith('a listener that ');
}
