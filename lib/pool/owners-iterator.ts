import type { Candidate } from '../candidate.js';
import { LatestIterator } from '../common/latest-iterator.js';
import type { ElectionError } from '../errors.js';
import { FreshRead, type Reader } from '../queue/fresh-read.js';
import { ClientClosed, type WatchEvent } from '../store/store.js';
import type { Follower } from '../watch/shared-watch.js';
import type { PoolContext } from './context.js';
import { OwnersTable } from './owners-table.js';
import { ownersIn } from './queries.js';
import { type PagedRange, readPaged } from './reads.js';

export interface OwnersIteratorParts {
  readonly context: PoolContext;
  /** Is told what goes wrong while the iteration goes on. */
  readonly failed: (error: ElectionError) => void;
  readonly signal: AbortSignal | undefined;
}

/** Milliseconds in which changes are gathered: those of one handover, and of one crash, come together. */
const GATHERED = 5;

/** Who owns which partition: now, then after every change. Follows one range. */
export class OwnersIterator
  extends LatestIterator<ReadonlyMap<string, Candidate>>
  implements Follower, Reader<PagedRange>
{
  readonly #parts: OwnersIteratorParts;
  readonly #freshRead: FreshRead<PagedRange>;
  #table: OwnersTable | undefined;
  #unfollow = (): void => {};
  #cancelDue: (() => void) | undefined;

  constructor(parts: OwnersIteratorParts) {
    super(parts.signal);
    this.#parts = parts;
    this.#freshRead = new FreshRead(parts.context.session.parts.clock, this);
  }

  // ---- from the watch ----

  changed(event: WatchEvent): void {
    if (this.#table?.apply(event) === undefined) return;
    this.#cancelDue ??= this.#parts.context.session.parts.clock.after(GATHERED, () => {
      this.#cancelDue = undefined;
      this.#tellTable();
    });
  }

  reset(): void {
    this.#freshRead.now();
  }

  refused(error: ElectionError): void {
    this.#parts.failed(error);
  }

  over(error: ClientClosed): void {
    this.fail(error);
  }

  // ---- the read ----

  read(): Promise<PagedRange> {
    const { session, keys } = this.#parts.context;
    return readPaged(session.parts.store, keys.owners);
  }

  found({ kvs, revision }: PagedRange): void {
    const { session, keys } = this.#parts.context;
    const table = new OwnersTable(keys, { withValues: true });
    table.load(kvs);
    this.#table = table;
    this.#unfollow();
    this.#unfollow = session.parts.watcher.follow(keys.owners, revision + 1n, this);
    this.#tellTable();
  }

  readFailed(error: ElectionError): void {
    if (error instanceof ClientClosed) this.over(error);
    else this.#parts.failed(error);
  }

  /** The table as it is when somebody wants it. */
  #tellTable(): void {
    const table = this.#table;
    if (table !== undefined) this.tell(() => ownersIn(table));
  }

  // ---- from the consumer ----

  protected begin(): void {
    this.#freshRead.now();
  }

  protected end(): void {
    this.#freshRead.close();
    this.#unfollow();
    this.#cancelDue?.();
  }
}
