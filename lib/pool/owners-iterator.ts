import type { Candidate } from '../candidate.js';
import { onAbort } from '../common/abort.js';
import type { ElectionError } from '../errors.js';
import { FreshRead, type Reader } from '../queue/fresh-read.js';
import type { WatchEvent } from '../store/store.js';
import type { Follower } from '../watch/shared-watch.js';
import type { PoolContext } from './context.js';
import { OwnersTable } from './owners-table.js';
import { ownersIn } from './queries.js';
import { type PagedRange, readPaged } from './reads.js';

type Owners = ReadonlyMap<string, Candidate>;
type Result = IteratorResult<Owners, void>;

export interface OwnersIteratorParts {
  readonly context: PoolContext;
  /** Is told what goes wrong; the iteration goes on. */
  readonly failed: (error: ElectionError) => void;
  readonly signal: AbortSignal | undefined;
}

const PAUSES = { first: 50, longest: 2_000 };
/** Milliseconds in which changes are gathered: those of one handover, and of one crash, come together. */
const GATHERED = 5;

/**
 * An async iterable of who owns which partition: now, then after every change. A slow consumer gets the latest table,
 * and no backlog. Follows one range; the end of the iteration, whatever ends it, ends that too.
 */
export class OwnersIterator implements AsyncIterableIterator<Owners, void>, Follower, Reader<PagedRange> {
  readonly #parts: OwnersIteratorParts;
  readonly #freshRead: FreshRead<PagedRange>;
  #table: OwnersTable | undefined;
  #unfollow = (): void => {};
  #stopListening = (): void => {};
  #cancelDue: (() => void) | undefined;
  #hasBegun = false;
  /** There is a change that has not been told. */
  #hasNews = false;
  /** Calls of `next()` that wait, in their order. */
  #waiting: ((result: Result) => void)[] = [];
  #isOver = false;

  constructor(parts: OwnersIteratorParts) {
    this.#parts = parts;
    this.#freshRead = new FreshRead(parts.context.session.parts.clock, PAUSES, this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (this.#parts.signal?.aborted) this.#end();
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#hasBegun) this.#begin();
      this.#serve();
    });
  }

  return(): Promise<Result> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  // ---- from the watch ----

  changed(event: WatchEvent): void {
    if (this.#table?.apply(event) === undefined) return;
    this.#cancelDue ??= this.#parts.context.session.parts.clock.after(GATHERED, () => {
      this.#cancelDue = undefined;
      this.#hasNews = true;
      this.#serve();
    });
  }

  reset(): void {
    this.#freshRead.now();
  }

  refused(error: ElectionError): void {
    this.#parts.failed(error);
  }

  // ---- the read ----

  read(): Promise<PagedRange> {
    const { session, keys } = this.#parts.context;
    return readPaged(session.parts.store, keys.owners);
  }

  found({ kvs, revision }: PagedRange): void {
    const { session, keys } = this.#parts.context;
    this.#table = new OwnersTable(keys, { withValues: true });
    this.#table.load(kvs);
    this.#unfollow();
    this.#unfollow = session.parts.watcher.follow(keys.owners, revision + 1n, this);
    this.#hasNews = true;
    this.#serve();
  }

  readFailed(error: unknown): void {
    this.#parts.failed(error as ElectionError);
  }

  #begin(): void {
    this.#hasBegun = true;
    this.#freshRead.now();
    this.#stopListening = onAbort(this.#parts.signal, () => this.#end());
  }

  #serve(): void {
    if (!this.#hasNews || this.#table === undefined) return;
    const resolve = this.#waiting.shift();
    if (resolve === undefined) return;
    this.#hasNews = false;
    resolve({ done: false, value: ownersIn(this.#table) });
  }

  #end(): void {
    this.#isOver = true;
    this.#stopListening();
    this.#freshRead.close();
    this.#unfollow();
    this.#cancelDue?.();
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }
}
