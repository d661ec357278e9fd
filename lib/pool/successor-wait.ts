import type { Clock } from '../common/time.js';
import type { ElectionError } from '../errors.js';
import { FreshRead, type Reader, URGENT } from '../queue/fresh-read.js';
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

/** The successor of one partition. */
export interface Successor {
  /** The key that it stands with. */
  readonly key: string;
  /** In lower-case hex. */
  readonly lease: string;
  /** The revision of the plan that names it. */
  readonly plannedAt: bigint;
}

/** Milliseconds after which the successor is looked for, in case it stood before the plan that names it. */
const PATIENCE = 1_000;

/**
 * Waits until the successor of a partition stands in the queue behind us, for as long as it takes: until then we go on.
 * A successor that never comes costs nothing.
 *
 * The successor stands by a plan that was written together with ours, or after it. So a watch from our plan on tells of
 * its key, and no request is needed. A successor that stood before is found by one read, a moment later.
 */
export class SuccessorWait implements Follower, Reader<TxnResult> {
  readonly lease: string;
  readonly #key: string;
  readonly #store: Store;
  readonly #on: SuccessorHandlers;
  readonly #freshRead: FreshRead<TxnResult>;
  readonly #unfollow: () => void;
  #stands = false;
  #isOver = false;

  constructor(
    { store, watcher, clock }: { readonly store: Store; readonly watcher: Watcher; readonly clock: Clock },
    { key, lease, plannedAt }: Successor,
    on: SuccessorHandlers,
  ) {
    this.lease = lease;
    this.#key = key;
    this.#store = store;
    this.#on = on;
    this.#freshRead = new FreshRead(clock, this, URGENT);
    this.#freshRead.after(PATIENCE);
    this.#unfollow = watcher.follow({ key }, plannedAt + 1n, this);
  }

  close(): void {
    this.#isOver = true;
    this.#freshRead.close();
    this.#unfollow();
  }

  // ---- from the watch ----

  changed({ kv }: WatchEvent): void {
    this.#stands = this.#isSuccessors(kv);
  }

  /** Looks only when all events are told: the successor may have stood, and left again. */
  told(): void {
    this.#look();
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

  found({ ranges }: TxnResult): void {
    this.#stands = this.#isSuccessors(ranges[0]?.kvs[0]);
    this.#look();
  }

  readFailed(error: ElectionError): void {
    this.#on.failed(error);
  }

  /** A key without the successor's lease is nobody's. */
  #isSuccessors(kv: KeyValue | undefined): boolean {
    return kv !== undefined && hexOf(kv.lease) === this.lease;
  }

  #look(): void {
    if (this.#isOver || !this.#stands) return;
    this.close();
    this.#on.stands();
  }
}
