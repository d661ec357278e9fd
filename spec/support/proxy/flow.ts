import type { Socket } from 'node:net';

/** One direction of a connection. Bytes wait in one queue, so that no change of delay alters their order. */
export class Flow {
  /** True when bytes were lost. */
  broken = false;
  /** Bytes that have been passed on. */
  forwarded = 0;
  #source: Socket | undefined;
  #sink: Socket | undefined;
  #held = false;
  #lossy = false;
  #delay = 0;
  #timer: NodeJS.Timeout | undefined;
  #delivered: (() => void) | undefined;
  readonly #queue: { readonly chunk: Buffer | 'end'; readonly due: number }[] = [];

  from(source: Socket): void {
    this.#source = source;
    source.on('data', (chunk: Buffer) => this.#push(chunk));
    source.on('end', () => this.#push('end'));
    this.#pump();
  }

  to(sink: Socket): void {
    this.#sink = sink;
    sink.on('drain', () => this.#pump());
    this.#pump();
  }

  set(how: { readonly held: boolean; readonly lossy: boolean; readonly delay: number }): void {
    this.#held = how.held;
    this.#lossy = how.lossy;
    this.#delay = how.delay;
    this.#pump();
  }

  /** Calls `fn` once all received bytes are passed on, or when nothing holds them back any more. */
  whenDelivered(fn: () => void): void {
    this.#delivered = fn;
    this.#pump();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    this.#delivered = undefined;
    this.#held = true;
  }

  #push(chunk: Buffer | 'end'): void {
    if (this.#lossy) {
      this.broken = true;
      return;
    }
    this.#queue.push({ chunk, due: performance.now() + this.#delay });
    this.#pump();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    const sink = this.#sink;
    if (this.#held || sink === undefined) {
      this.#source?.pause(); // the kernel's buffer fills up, as behind a silent link
      return;
    }
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      const wait = head.due - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#pump(), wait);
        break;
      }
      this.#queue.shift();
      if (!sink.writable) continue;
      if (head.chunk === 'end') sink.end();
      else {
        this.forwarded += head.chunk.length;
        sink.write(head.chunk);
      }
    }
    if (sink.writable && sink.writableNeedDrain) this.#source?.pause();
    else this.#source?.resume();
    if (this.#queue.length === 0) this.#delivered?.();
  }
}
