import type { Clock } from '../common/time.js';
import type { ElectionError } from '../errors.js';
import { FreshRead, type Reader } from '../queue/fresh-read.js';
import { hexOf } from '../store/bytes.js';
import { type KeyValue, readOf, type Store, type TxnResult, type WatchEvent } from '../store/store.js';
import type { Follower } from '../watch/shared-watch.js';
import type { Watcher } from '../watch/watcher.js';

export interface SuccessorHandlers {
  /** The successor's key is in the queue. Told once; nothing is told after it. */
  stands(): void;
  /** A read or a watch failed; it is tried again. */
  failed(error: ElectionError): void;
}

const PAUSES = { first: 50, longest: 1_000 };

/**
 * Waits until the successor of a partition stands in the queue behind us, for as long as it takes: until then we go on.
 * A successor that never comes costs nothing.
 */
export class SuccessorWait implements Follower, Reader<TxnResult> {
  readonly lease: string;
  readonly #key: string;
  readonly #store: Store;
  readonly #watcher: Watcher;
  readonly #on: SuccessorHandlers;
  readonly #freshRead: FreshRead<TxnResult>;
  #unfollow: (() => void) | undefined;
  #isOver = false;

  constructor(
    { store, watcher, clock }: { readonly store: Store; readonly watcher: Watcher; readonly clock: Clock },
    { key, lease }: { readonly key: string; readonly lease: string },
    on: SuccessorHandlers,
  ) {
    this.lease = lease;
    this.#key = key;
    this.#store = store;
    this.#watcher = watcher;
    this.#on = on;
    this.#freshRead = new FreshRead(clock, PAUSES, this);
    this.#freshRead.now();
  }

  close(): void {
    this.#isOver = true;
    this.#freshRead.close();
    this.#unfollow?.();
  }

  // ---- from the watch ----

  changed({ kv }: WatchEvent): void {
    this.#look(kv);
  }

  reset(): void {
    this.#freshRead.now();
  }

  refused(error: ElectionError): void {
    this.#on.failed(error);
  }

  // ---- the read ----

  read(): Promise<TxnResult> {
    return this.#store.txn({ compare: [], success: [readOf(this.#key)], failure: [] });
  }

  found({ ranges, revision }: TxnResult): void {
    this.#look(ranges[0]?.kvs[0]);
    if (!this.#isOver) this.#unfollow ??= this.#watcher.follow({ key: this.#key }, revision + 1n, this);
  }

  readFailed(error: unknown): void {
    this.#on.failed(error as ElectionError);
  }

  /** A key without the successor's lease is nobody's. */
  #look(kv: KeyValue | undefined): void {
    if (this.#isOver || kv === undefined || hexOf(kv.lease) !== this.lease) return;
    this.close();
    this.#on.stands();
  }
}
