import { setTimeout as sleep } from 'node:timers/promises';
import type { Etcd3 } from 'etcd3';
import { type ElectionErrorCode, type Ownership, Pool, type Session } from '../../../lib/index.js';
import { microseconds } from '../log/clock.js';
import type { Log } from '../log/log.js';
import type { ElectionEvent, TermId } from '../log/records.js';
import { ownersOf, PARTITIONS, poolOf } from './profile.js';
import type { Sampled } from './sampler.js';

/** Milliseconds between two looks of a task at its signal, and at the time that the lease has left. */
const LOOK_EVERY = 20;
/** Milliseconds that a task may take to end, at the most. */
const WINDS_DOWN_IN = 300;
/** Milliseconds for the tasks: longer than an event loop is ever blocked, so that no key goes before its task. */
const RELEASE_TIMEOUT = 15_000;

/** Ends of an ownership in which the key goes after the task. */
const IN_ORDER: readonly ElectionErrorCode[] = ['REBALANCED', 'STOPPED'];

export interface PoolWorkerParts {
  readonly source: Etcd3 | Session;
  readonly name: string;
  readonly run: string;
  /** Options about the lease, if the pool has its own. */
  readonly timing: { readonly ttl?: number; readonly renewDeadline?: number };
  readonly log: Log;
  /** Is told what the pool tells, as an election would tell it. */
  readonly note: (election: string, event: ElectionEvent, token?: string, detail?: string) => void;
  readonly gained: (ownership: Ownership) => void;
}

/** This process as a worker of the chaos' pool. A task goes on until its signal, and then takes its time to end. */
export class ChaosWorker {
  readonly #pool: Pool;
  readonly #parts: PoolWorkerParts;
  #isWanted = false;
  /** Until `run()` has resolved. */
  #running: Promise<void> | undefined;

  constructor(parts: PoolWorkerParts) {
    const { source, name, run, timing, note } = parts;
    this.#parts = parts;
    const options = { partitions: PARTITIONS, member: name, releaseTimeout: RELEASE_TIMEOUT, ...timing };
    this.#pool = new Pool(source, poolOf(run), options);
    this.#pool.on('gained', (ownership) => {
      note(ownership.election, 'elected', ownership.fencingToken.toString(), ownership.leaseId);
      parts.gained(ownership);
    });
    this.#pool.on('lost', ({ election, fencingToken }, { code }) => {
      note(election, 'unelected', fencingToken.toString(), code);
    });
    this.#pool.on('error', ({ code }) => note(poolOf(run), 'error', '', code));
    this.#pool.on('suspended', ({ code }) => note(poolOf(run), 'suspended', '', code));
    this.#pool.on('resumed', () => note(poolOf(run), 'resumed'));
  }

  /** The partitions as the sampler takes elections: owning one is leading its election. */
  get sampled(): Sampled[] {
    const pool = this.#pool;
    return Array.from({ length: PARTITIONS }, (_, partition) => ({
      name: `${ownersOf(this.#parts.run)}${partition}`,
      isLeader: () => pool.owns(partition),
      get leadership() {
        return pool.owned.get(`${partition}`);
      },
    }));
  }

  start(): void {
    this.#isWanted = true;
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    await this.#pool.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isWanted) await this.#pool.run((ownership) => this.#work(ownership));
    this.#running = undefined;
  }

  async #work({ election, fencingToken, signal, expiresIn }: Ownership): Promise<void> {
    const { log } = this.#parts;
    const term: TermId = [election, fencingToken.toString()];
    log.add(['T', microseconds(), term, 'begins']);
    let leasedUntil = 0;
    while (!signal.aborted) {
      leasedUntil = microseconds() + 1_000 * expiresIn();
      await sleep(LOOK_EVERY, undefined, { signal }).catch(() => {});
    }
    await sleep(Math.random() * WINDS_DOWN_IN);
    const { code } = signal.reason as { readonly code: ElectionErrorCode };
    const at = microseconds();
    log.add(['T', at, term, 'ends', IN_ORDER.includes(code) && at < leasedUntil]);
  }
}
