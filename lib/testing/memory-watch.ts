import { soon } from '../common/time.js';
import type { WatchEvent, WatchHandlers, WatchStream } from '../store/store.js';

/**
 * Turns of the microtask queue that news takes. As with etcd, the news of a change comes later than the reply to the
 * caller that made the change, and later than all that the caller does with the reply: a candidate that stops does not
 * hear of its own end.
 */
const NEWS_TAKES = 20;

interface Range {
  readonly key: string;
  readonly end: string | undefined;
}

/** One stream of the store in memory: tells each of its watches what happens in its range, and what has happened. */
export class MemoryWatch implements WatchStream {
  readonly #on: WatchHandlers;
  readonly #history: readonly WatchEvent[];
  readonly #onClose: () => void;
  readonly #ranges = new Map<number, Range>();
  #isOpen = true;

  constructor(on: WatchHandlers, history: readonly WatchEvent[], onClose: () => void) {
    this.#on = on;
    this.#history = history;
    this.#onClose = onClose;
  }

  create(id: number, key: string, end: string | undefined, fromRevision: bigint): void {
    this.#ranges.set(id, { key, end });
    const newest = this.#history.at(-1)?.revision;
    this.#later(() => this.#on.created(id, newest));
    const isInPast = fromRevision > 0n;
    if (isInPast)
      this.#tellOne(
        id,
        this.#history.filter(({ revision }) => revision >= fromRevision),
      );
  }

  cancel(id: number): void {
    this.#ranges.delete(id);
  }

  ping(): void {
    this.#later(() => this.#on.alive());
  }

  overdue(): void {}

  close(): void {
    this.#isOpen = false;
    this.#onClose();
  }

  /**
   * Events of one revision. `isOutOfOrder`: a key was put before others, as no etcd does. A follower of a range draws
   * conclusions from the order of events, and would draw a wrong one: it is made to read.
   */
  tell(events: readonly WatchEvent[], isOutOfOrder: boolean): void {
    for (const [id, range] of [...this.#ranges]) {
      if (isOutOfOrder && range.end !== undefined) this.#interrupt(id, events);
      else this.#tellOne(id, events);
    }
  }

  /** Ends a watch as if the history were compacted. */
  #interrupt(id: number, events: readonly WatchEvent[]): void {
    this.#ranges.delete(id);
    const next = (events.at(-1)?.revision ?? 0n) + 1n;
    this.#later(() => this.#on.cancelled(id, next, new Error('a key was put before others')));
  }

  #tellOne(id: number, events: readonly WatchEvent[]): void {
    const range = this.#ranges.get(id);
    const mine = events.filter((event) => range !== undefined && tells(range, event));
    if (mine.length > 0) {
      this.#later(() => {
        if (this.#ranges.has(id)) this.#on.events(id, mine);
      });
    }
  }

  #later(fn: () => void, turns = NEWS_TAKES): void {
    soon(() => {
      if (!this.#isOpen) return;
      if (turns > 1) return this.#later(fn, turns - 1);
      this.#on.alive();
      fn();
    });
  }
}

function tells({ key, end }: Range, event: WatchEvent): boolean {
  return end === undefined ? event.key === key : event.key >= key && event.key < end;
}
