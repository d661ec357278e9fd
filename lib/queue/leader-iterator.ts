import type { Candidate } from '../candidate.js';
import { LatestIterator } from '../common/latest-iterator.js';
import type { ElectionError } from '../errors.js';
import { ClientClosed } from '../store/store.js';
import { leaderOf, toCandidate } from './candidates.js';
import type { LeaderObserver, News, QueueAccess } from './leader-observers.js';
import type { LeaderWatcher } from './leader-watcher.js';

export interface LeaderIteratorParts {
  readonly access: QueueAccess;
  readonly watcher: () => LeaderWatcher;
  /** Is told what goes wrong while the iteration goes on. */
  readonly failed: (error: ElectionError) => void;
  readonly signal: AbortSignal | undefined;
}

/** Who leads: now, then every change. */
export class LeaderIterator extends LatestIterator<Candidate | undefined> implements LeaderObserver {
  readonly access: QueueAccess;
  readonly #parts: LeaderIteratorParts;
  #watcher: LeaderWatcher | undefined;
  /** Nobody leads, and that is the latest change, be it told or about to be. */
  #isNobody = false;

  constructor(parts: LeaderIteratorParts) {
    super(parts.signal);
    this.access = parts.access;
    this.#parts = parts;
  }

  // ---- from the leader watcher ----

  changed({ kv: head }: News): void {
    const leader = leaderOf(head);
    const error = this.access.queue.noticeBlocker(head);
    if (error !== undefined) this.failed(error);
    if (leader === undefined && this.#isNobody) return; // the key that blocks the election was written again
    this.#isNobody = leader === undefined;
    this.tell(() => leader && toCandidate(leader));
  }

  failed(error: ElectionError): void {
    if (error instanceof ClientClosed) this.over(error);
    else this.#parts.failed(error);
  }

  over(error: ClientClosed): void {
    this.fail(error);
  }

  // ---- from the consumer ----

  protected begin(): void {
    this.#watcher = this.#parts.watcher();
    this.#watcher.ask(this);
  }

  protected end(): void {
    this.#watcher?.leave(this);
  }
}
