import { soon } from '../common/time.js';
import type { WatchEvent, WatchHandlers, WatchStream } from '../store/store.js';

/**
 * Turns of the microtask queue that news takes. As with etcd it comes later than the reply to whoever has caused it,
 * and all that he does with the reply: one who stops does not hear of his own end.
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
    this.#later(() => this.#on.created(id));
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

  /** Events of one revision. */
  tell(events: readonly WatchEvent[]): void {
    for (const id of this.#ranges.keys()) this.#tellOne(id, events);
  }

  #tellOne(id: number, events: readonly WatchEvent[]): void {
    const range = this.#ranges.get(id);
    const mine = events.filter(({ key }) => range !== undefined && contains(range, key));
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

function contains({ key, end }: Range, other: string): boolean {
  return end === undefined ? other === key : other >= key && other < end;
}
