import type { Etcd3 } from 'etcd3';
import type { ElectionOptions } from './campaign/options.js';
import type { AskOptions } from './campaign/transfer/asking.js';
import type { Candidate } from './candidate.js';
import { resolveValue } from './checks.js';
import { defaultLoggerOfTests } from './default-logger.js';
import { Election } from './election.js';
import { ElectionError } from './errors.js';
import type { Leadership } from './leadership.js';
import { askIn, askKeyOf } from './queue/control-keys.js';
import { prefixOf } from './queue/keys.js';
import { keyFrom, leaseIdOf } from './store/bytes.js';
import { clientOf } from './testing/memory-kv.js';
import { MemoryStore } from './testing/memory-store.js';
import { Mishaps } from './testing/mishaps.js';
import { allTold, StillClock } from './testing/still-clock.js';

export { FakePool, type PoolLossCode } from './fake-pool.js';

export interface FakeElectionOptions extends ElectionOptions {
  /**
   * What the other candidate announces, who leads until `elect()`.
   *
   * @default 'another'
   */
  readonly leader?: string;

  /**
   * What `leadership.txn()` is built on: a client, or a double of one.
   *
   * @default a client of the store in memory, which reads and writes keys
   */
  readonly etcd?: Etcd3;
}

/** How leadership can be lost in a test. */
export type LossCode = 'LEASE_EXPIRED' | 'LEASE_LOST' | 'KEY_DELETED' | 'STEPPED_DOWN';

/**
 * An {@link Election} without etcd, for unit tests of what uses one: leads when the test says so.
 *
 * It is the real election on a store in memory, so states, events, their order, `run()`, `elected()`, `observe()` and
 * the errors are the real ones. It asks no network, sets no timer and looks at no clock: `expiresIn()` stands still,
 * leadership is lost by `depose()` alone, `stop()` waits for the work of `run()` without limit. All it does is done
 * when the promise that you await has settled, under fake timers too.
 *
 * @example
 * ```ts
 * import { FakeElection } from 'etcd-leader/testing';
 *
 * const fake = new FakeElection('jobs/mail', { value: 'me' });
 * fake.on('elected', (leadership) => startWork(leadership.signal));
 * fake.start();
 * await fake.elect();
 * await fake.depose('LEASE_EXPIRED');
 * ```
 */
export class FakeElection extends Election {
  /**
   * The client that `leadership.txn()` is built on: a real `Etcd3`, on the store in memory unless the option `etcd`
   * says otherwise. Give it to the code under test, and read by it what that code has written. On the store in memory
   * this client reads and writes keys. It grants no leases and watches nothing.
   *
   * @example
   * ```ts
   * import { FakeElection } from 'etcd-leader/testing';
   *
   * const fake = new FakeElection('jobs/nightly');
   * fake.start();
   * const leadership = await fake.elect();
   * await leadership.txn().then(fake.etcd.put('jobs/done').value('17')).commit();
   * console.log(await fake.etcd.get('jobs/done').string()); // 17
   * ```
   */
  readonly etcd: Etcd3;
  readonly #store: MemoryStore;
  readonly #clock: StillClock;
  readonly #mishaps: Mishaps;
  /** The key of the other candidate while there is one. */
  #other: string | undefined;
  #others = 0;
  #lastLeader: string;

  /** @throws ElectionError `INVALID_OPTION`, as `Election` does */
  constructor(name: string, options: FakeElectionOptions = {}) {
    const clock = new StillClock();
    const store = new MemoryStore(clock);
    const { leader = 'another', etcd = clientOf(store), ...rest } = options;
    super({ store, clock, etcd }, name, { logger: defaultLoggerOfTests(), ...rest });
    this.etcd = etcd;
    this.#store = store;
    this.#clock = clock;
    this.#mishaps = new Mishaps({
      store,
      what: 'candidate',
      isRunning: () => this.isRunning(),
      refresh: () => this.session.lease.refresh(),
      tell: (error) => this.events.emit('error', error),
      stop: () => this.stop(),
    });
    this.#lastLeader = leader;
    this.#queueOther(leader);
  }

  /**
   * Makes this candidate the leader. Resolves with the leadership when everybody who listens has been told, which
   * before `start()` is some time after it is started.
   *
   * @throws ElectionError (rejects) `STOPPED`, when it is stopped before it is elected
   */
  async elect(): Promise<Leadership> {
    if (this.#other !== undefined) this.#store.delete(this.#other);
    this.#other = undefined;
    const leadership = await this.elected();
    await allTold();
    return leadership;
  }

  /**
   * Takes leadership away: another leads, and this candidate queues behind it, as the real one would: when the work of
   * `run()` has ended. Resolves when everybody who listens has been told.
   *
   * @param code what `unelected` is told with
   * @throws ElectionError (rejects) `NOT_LEADER`
   */
  async depose(code: LossCode = 'LEASE_EXPIRED'): Promise<void> {
    const { leadership } = this;
    if (leadership === undefined) throw new ElectionError('NOT_LEADER', 'only a leader can be deposed: `elect()` it');
    if (code !== 'LEASE_EXPIRED') await this.resume(); // these losses are what etcd says, and so it answers
    const key = keyFrom(leadership.key);
    const lease = this.#store.get(key)?.lease ?? 0n;
    this.#queueOther(this.#lastLeader);
    if (code === 'KEY_DELETED') this.#store.delete(key);
    else if (code === 'LEASE_LOST') this.#store.expire(lease);
    // What becomes of it is told by the events that are waited for below.
    else if (code === 'STEPPED_DOWN') void this.stepDown().catch(() => {});
    else {
      this.#clock.move(leadership.expiresIn());
      this.#store.expire(lease); // etcd does so a little later
      this.#store.outage = undefined; // another lease is granted, so etcd answers
    }
    await allTold();
  }

  /**
   * Lets another candidate lead, which announces `value`; undefined: nobody, until this candidate is in the queue and
   * so leads itself. Resolves when everybody who listens has been told.
   *
   * @throws ElectionError (rejects) `INVALID_OPTION` while this candidate leads: `depose()` it
   */
  async setLeader(value: string | undefined): Promise<void> {
    if (this.leadership !== undefined) {
      throw new ElectionError('INVALID_OPTION', 'this candidate leads: `depose()` it before another can');
    }
    if (value === undefined) {
      if (this.#other !== undefined) this.#store.delete(this.#other);
      this.#other = undefined;
    } else {
      this.#lastLeader = value;
      this.#queueOther(value);
    }
    await allTold();
  }

  /**
   * Lets another candidate, which announces `value`, queue behind this one, so that `stepDown({ to: value })` has whom
   * to hand over to. There is one other candidate at a time. Resolves when everybody who listens has been told.
   *
   * @throws ElectionError (rejects) `NOT_LEADER` while this candidate does not lead: the other leads, see `setLeader()`
   */
  async queueAnother(value: string): Promise<void> {
    if (this.leadership === undefined) {
      throw new ElectionError('NOT_LEADER', 'the other candidate leads: `elect()` this one before another queues');
    }
    this.#lastLeader = value;
    this.#queueOther(value);
    await allTold();
  }

  /**
   * Asks the leader as a real election does. When the other candidate leads, it steps down at once and queues behind
   * this one.
   */
  override async ask(options: AskOptions = {}): Promise<Candidate | undefined> {
    const asking = super.ask(options);
    await Promise.race([asking.catch(() => {}), allTold()]); // a rejection goes to our caller, below
    this.#answer();
    return asking;
  }

  /**
   * Lets etcd stop answering: `suspended` is told with the error. Leadership goes on, since the clock stands still:
   * `depose('LEASE_EXPIRED')` is what follows when etcd does not answer in time, and ends the outage. Only refreshes
   * fail. What else the election asks is answered, so `stop()` ends. Resolves when everybody who listens has been told.
   *
   * @throws ElectionError (rejects) `NOT_CANDIDATE` when it is not started; `INVALID_OPTION`
   */
  async suspend(error?: ElectionError): Promise<void> {
    await this.#mishaps.suspend(error);
  }

  /** Lets etcd answer again after `suspend()`: `resumed` is told. Resolves when everybody who listens has been told. */
  async resume(): Promise<void> {
    await this.#mishaps.resume();
  }

  /**
   * Lets something go wrong: `error` is told with the error, each time. As with the real election nothing follows from
   * it, except from `STOPPED`, which stops the candidate. Resolves when everybody who listens has been told.
   *
   * @throws ElectionError (rejects) `INVALID_OPTION`
   */
  async fail(error: ElectionError): Promise<void> {
    await this.#mishaps.fail(error);
  }

  /** The other candidate obeys, if it leads and is asked. */
  #answer(): void {
    const ask = this.#store.get(askKeyOf(this.name));
    const other = this.#other === undefined ? undefined : this.#store.get(this.#other);
    if (ask === undefined || other === undefined || askIn(ask)?.token !== other.createRevision) return;
    this.#store.delete(ask.key, other.key);
    this.#other = undefined;
    this.#queueOther(this.#lastLeader);
  }

  /** Puts the other candidate in the place of the one that is there, or else at the end of the queue. */
  #queueOther(value: string): void {
    const old = this.#other;
    const lease = leaseIdOf(BigInt(++this.#others));
    const key = `${prefixOf(this.name)}${lease.toString(16)}`;
    const age = old === undefined ? undefined : (this.#store.get(old)?.createRevision ?? 0n) + 1n;
    this.#store.replace(old, { key, value: resolveValue(value), lease }, age);
    this.#other = key;
  }
}
