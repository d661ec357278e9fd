import type { Pool } from '../../pool/pool.js';
import { readRanges } from '../../pool/reads.js';
import { FreshRead, type Reader } from '../../queue/fresh-read.js';
import { prefixOf, rangeEndOf } from '../../queue/keys.js';
import { type PoolInEtcd, readPool } from './pool-in-etcd.js';

/** Milliseconds between two reads, because a watch is silent both when nothing changes and when it is cut off. */
const ASK_EVERY = 5_000;
/** Milliseconds in which changes are gathered: a move of a partition is five changes. */
const GATHERED = 100;

export interface PoolWatchHandlers {
  /** The pool was read, now and after every change. */
  read(state: PoolInEtcd): void;
  /** A read or a watch has failed; it is tried again. */
  failed(error: unknown): void;
}

/** Reads a pool again whenever a key of it has changed, until the process ends. */
export class PoolWatch implements Reader<PoolInEtcd> {
  readonly #pool: Pool;
  readonly #on: PoolWatchHandlers;
  readonly #freshRead: FreshRead<PoolInEtcd>;
  #isFollowing = false;
  /** When the next read is due. */
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(pool: Pool, on: PoolWatchHandlers) {
    this.#pool = pool;
    this.#on = on;
    this.#freshRead = new FreshRead(pool.session.parts.clock, this);
    this.#freshRead.now();
  }

  async read(): Promise<PoolInEtcd> {
    if (!this.#isFollowing) await this.#follow();
    return await readPool(this.#pool);
  }

  found(state: PoolInEtcd): void {
    this.#on.read(state);
    this.#readWithin(ASK_EVERY);
  }

  readFailed(error: unknown): void {
    this.#on.failed(error);
  }

  /** Follows from before the first read on, so that no change is missed. */
  async #follow(): Promise<void> {
    const { store, watcher } = this.#pool.session.parts;
    const key = prefixOf(this.#pool.name);
    const range = { key, end: rangeEndOf(key) };
    const { revision } = await readRanges(store, [{ key, end: `${key}\0` }]);
    this.#isFollowing = true;
    watcher.follow(range, revision + 1n, {
      changed: () => this.#readWithin(GATHERED),
      reset: () => this.#freshRead.now(),
      refused: (error) => this.#on.failed(error),
    });
  }

  /** Keeps a planned read that is due sooner. */
  #readWithin(ms: number): void {
    const { clock } = this.#pool.session.parts;
    const at = clock.now() + ms;
    if (this.#freshRead.isDue && this.#dueAt <= at) return;
    this.#dueAt = at;
    this.#freshRead.after(ms);
  }
}
