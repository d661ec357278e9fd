import type { Etcd3 } from 'etcd3';
import { show } from './checks.js';
import { defaultLoggerOfTests } from './default-logger.js';
import { ElectionError } from './errors.js';
import { OtherWorker } from './fake-pool/other-worker.js';
import { checkPartition, type PoolOptions } from './pool/options.js';
import type { Ownership } from './pool/ownership.js';
import { PartitionList } from './pool/partition-list.js';
import { Pool } from './pool/pool.js';
import { keyFrom } from './store/bytes.js';
import { clientOf } from './testing/memory-kv.js';
import { MemoryStore } from './testing/memory-store.js';
import { Mishaps } from './testing/mishaps.js';
import { allTold, StillClock } from './testing/still-clock.js';

/** How a partition can be lost in a test. */
export type PoolLossCode = 'REBALANCED' | 'KEY_DELETED' | 'LEASE_EXPIRED' | 'LEASE_LOST';

const LOSSES: readonly unknown[] = ['REBALANCED', 'KEY_DELETED', 'LEASE_EXPIRED', 'LEASE_LOST'];

/**
 * A {@link Pool} without etcd, for unit tests of what uses one: owns a partition when the test says so.
 *
 * It is the real worker on a store in memory, so events, their order, `run()`, `owns()`, `observe()` and the errors are
 * the real ones. It asks no network, sets no timer and looks at no clock. The plans are the test's: this worker never
 * coordinates, nothing is balanced, and a partition is lost by `lose()` alone. `stop()` hands everything over to
 * another worker, and waits for the tasks of `run()` without limit. All it does is done when the promise that you await
 * has settled, under fake timers too.
 *
 * @example
 * ```ts
 * import { FakePool } from 'etcd-leader/testing';
 *
 * const fake = new FakePool('orders', { partitions: 8 });
 * fake.on('gained', ({ partition, signal }) => startWork(signal));
 * fake.start();
 * await fake.gain(3);
 * await fake.lose(3, 'REBALANCED');
 * ```
 */
export class FakePool extends Pool {
  /** A client of the store in memory, on which `ownership.txn()` is built: it reads and writes keys. */
  readonly etcd: Etcd3;
  readonly #store: MemoryStore;
  readonly #clock: StillClock;
  readonly #mishaps: Mishaps;
  readonly #list: PartitionList;
  readonly #other: OtherWorker;
  /** Indexes of partitions that this worker is to own. */
  readonly #planned = new Set<number>();
  /** Calls of `gain()` that wait. */
  readonly #waiting = new Set<(reason: ElectionError) => void>();

  /** @throws ElectionError `INVALID_OPTION`, as `Pool` does */
  constructor(name: string, options: PoolOptions) {
    const clock = new StillClock();
    const store = new MemoryStore(clock);
    const etcd = clientOf(store);
    const logger = defaultLoggerOfTests();
    super({ store, clock, etcd }, name, { logger, ...options, coordinate: false });
    this.etcd = etcd;
    this.#store = store;
    this.#clock = clock;
    this.#mishaps = new Mishaps({
      store,
      what: 'worker',
      isRunning: () => this.isRunning(),
      refresh: () => this.session.parts.lease.refresh(),
      tell: (error) => this.events.emit('error', error),
      stop: () => this.stop(),
    });
    const { partitions } = options;
    this.#list = typeof partitions === 'number' ? PartitionList.numbered(partitions) : PartitionList.named(partitions);
    this.#other = new OtherWorker(store, name, this.#list, {
      joined: () => this.#other.plan(this.#planned),
      leaves: () => this.#giveAll(),
      gone: () => {
        if (!this.isRunning()) this.#stopWaiting();
      },
    });
  }

  /**
   * Gives this worker the partition. Resolves with the ownership when everybody who listens has been told. A partition
   * whose last task still runs is gained when that task has ended.
   *
   * @throws ElectionError (rejects) `INVALID_OPTION` when the pool has no such partition; `NOT_CANDIDATE` when the
   *   worker is not started; `STOPPED` when it is stopped before it owns the partition
   */
  async gain(partition: string | number): Promise<Ownership> {
    const [name, index] = this.#find(partition);
    if (!this.isRunning()) throw new ElectionError('NOT_CANDIDATE', 'only a worker can gain partitions: `start()` it');
    await allTold(); // it is a member now
    if (!this.isRunning()) throw new ElectionError('STOPPED', 'the worker was stopped');
    const known = this.owned.get(name);
    if (known?.isCurrent()) return known;
    this.#other.leave(name);
    const gained = this.#gained(name);
    this.#planned.add(index);
    this.#other.plan(this.#planned);
    const ownership = await gained;
    await allTold();
    return ownership;
  }

  /**
   * Takes the partition away, and another worker owns it then. Resolves when everybody who listens has been told.
   *
   * `REBALANCED`, the default, is a move: the partition is let go when the task of `run()` has ended. `KEY_DELETED` is
   * somebody's deletion of its key. `LEASE_EXPIRED` and `LEASE_LOST` are about the one lease of the worker: with it go
   * *all* partitions that the worker owns, as they do in earnest, and then the worker joins again.
   *
   * @throws ElectionError (rejects) `INVALID_OPTION`; `NOT_LEADER` when this worker does not own the partition
   */
  async lose(partition: string | number, reason: PoolLossCode = 'REBALANCED'): Promise<void> {
    const [name, index] = this.#find(partition);
    if (!LOSSES.includes(reason)) {
      throw new ElectionError('INVALID_OPTION', `\`reason\` must be one of ${LOSSES.join(', ')}; got ${show(reason)}`);
    }
    const ownership = this.owned.get(name);
    if (ownership === undefined) {
      throw new ElectionError('NOT_LEADER', `only a partition that is owned can be lost: \`gain()\` ${name}`);
    }
    if (reason === 'LEASE_EXPIRED' || reason === 'LEASE_LOST') {
      await this.resume(); // another lease is granted, so etcd answers
      this.#loseAll(reason === 'LEASE_EXPIRED' ? ownership.expiresIn() : 0);
    } else {
      if (reason === 'KEY_DELETED') {
        this.#other.stand(name, keyFrom(ownership.key));
        await allTold();
      }
      this.#planned.delete(index);
      this.#other.plan(this.#planned, [index]);
      if (reason === 'REBALANCED') this.#other.stand(name);
    }
    await allTold();
  }

  /**
   * Lets etcd stop answering: `suspended` is told with the error. Ownership goes on, since the clock stands still; only
   * refreshes fail. Resolves when everybody who listens has been told.
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
   * Lets something go wrong: `error` is told with the error, each time. Nothing follows from it, except from `STOPPED`,
   * which stops the worker. Resolves when everybody who listens has been told.
   *
   * @throws ElectionError (rejects) `INVALID_OPTION`
   */
  async fail(error: ElectionError): Promise<void> {
    await this.#mishaps.fail(error);
  }

  /** The worker leaves. */
  #giveAll(): void {
    this.#stopWaiting();
    const given = [...this.#planned];
    const owned = [...this.owned.keys()];
    this.#planned.clear();
    this.#other.plan([], given);
    for (const partition of owned) this.#other.stand(partition);
  }

  #loseAll(ms: number): void {
    const lease = this.#other.member ?? 0n;
    const owned = [...this.owned.keys()];
    for (const partition of owned) this.#planned.delete(this.#find(partition)[1]); // what is waited for stays planned
    this.#clock.move(ms);
    this.#store.expire(lease); // after an expiry etcd does so a little later
    for (const partition of owned) this.#other.stand(partition);
  }

  #gained(name: string): Promise<Ownership> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.off('gained', onGained);
        this.#waiting.delete(onStopped);
      };
      const onGained = (ownership: Ownership): void => {
        if (ownership.partition !== name) return;
        end();
        resolve(ownership);
      };
      const onStopped = (reason: ElectionError): void => {
        end();
        reject(reason);
      };
      this.#waiting.add(onStopped);
      this.on('gained', onGained);
    });
  }

  #stopWaiting(): void {
    for (const stopped of [...this.#waiting]) stopped(new ElectionError('STOPPED', 'the worker was stopped'));
  }

  #find(partition: string | number): readonly [name: string, index: number] {
    const name = checkPartition(partition);
    const index = this.#list.indexOf(name);
    if (index !== undefined) return [name, index];
    throw new ElectionError('INVALID_OPTION', `\`partition\` must be one of the pool's; got ${show(partition)}`);
  }
}
