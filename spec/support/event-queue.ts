/** Something that will happen. `run` is undefined once it has happened or was cancelled. */
export interface QueuedEvent {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** A binary heap, the earliest event first. Events of the same instant come in the order in which they were added. */
export class EventQueue {
  readonly #heap: QueuedEvent[] = [];
  #added = 0;

  add(at: number, run: () => void): QueuedEvent {
    const event: QueuedEvent = { at, order: this.#added++, run };
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
    return event;
  }

  /**
   * Cancelled events are removed here, when they reach the top, because taking them out of the middle would cost more.
   */
  peek(): QueuedEvent | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].run === undefined) this.#removeTop();
    return this.#heap[0];
  }

  take(): QueuedEvent | undefined {
    const top = this.peek();
    if (top !== undefined) this.#removeTop();
    return top;
  }

  #removeTop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(index: number): void {
    for (let child = index; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#swapUnlessOrdered(parent, child)) return;
      child = parent;
    }
  }

  #sink(index: number): void {
    for (let parent = index; ; ) {
      const left = 2 * parent + 1;
      if (left >= this.#heap.length) return;
      const child = left + 1 < this.#heap.length && this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#swapUnlessOrdered(parent, child)) return;
      parent = child;
    }
  }

  #swapUnlessOrdered(parent: number, child: number): boolean {
    if (!this.#isBefore(child, parent)) return false;
    const moved = this.#heap[parent] as QueuedEvent;
    this.#heap[parent] = this.#heap[child] as QueuedEvent;
    this.#heap[child] = moved;
    return true;
  }

  #isBefore(a: number, b: number): boolean {
    const x = this.#heap[a] as QueuedEvent;
    const y = this.#heap[b] as QueuedEvent;
    return x.at < y.at || (x.at === y.at && x.order < y.order);
  }
}
