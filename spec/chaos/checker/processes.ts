import type { LogRecord } from '../log/records.js';

type EventRecord = Extract<LogRecord, { readonly 0: 'E' }>;

export interface Memory {
  readonly process: string;
  /** Bytes. The first figure is taken when the process has settled. */
  readonly first: number;
  readonly last: number;
  readonly most: number;
  /** Things that keep the event loop alive: timers, sockets and so on. */
  readonly resources: readonly [first: number, last: number];
  /** Microseconds between the first and the last figure. */
  readonly over: number;
}

/** Microseconds after the start of a process before its memory is judged, because starting takes memory too. */
const SETTLING = 10_000_000;

/** What is judged of each process besides its leaderships: errors, memory, its end, pairs of events. */
export class Processes {
  readonly errors = new Map<string, number>();
  readonly unelected = new Map<string, number>();
  readonly crashes: string[] = [];
  readonly violations: string[] = [];
  readonly memories: Memory[] = [];
  #process = '';
  #startedAt = 0;
  #memory: Memory | undefined;
  #since = 0;
  #electedIn = new Map<string, string>();

  open(process: string): void {
    this.close();
    this.#process = process;
    this.#startedAt = 0;
    this.#electedIn = new Map();
  }

  close(): void {
    if (this.#memory !== undefined) this.memories.push(this.#memory);
    this.#memory = undefined;
  }

  add(record: LogRecord): void {
    switch (record[0]) {
      case 'E':
        this.#onEvent(record);
        break;
      case 'V':
        this.violations.push(`${this.#process}: the term ${record[2].join(' ')} was over, and then current again`);
        break;
      case 'X':
        this.crashes.push(`${this.#process}: ${record[2]}`);
        break;
      case 'L':
        if (record[2] !== '') this.violations.push(`${this.#process} is kept alive after its end by: ${record[2]}`);
        break;
      case 'M':
        this.#onMemory(record[1], record[2], record[4]);
        break;
    }
  }

  #onEvent([, , election, event, token, detail]: EventRecord): void {
    if (event === 'error') count(this.errors, detail);
    if (event === 'elected') {
      if (this.#electedIn.has(election)) this.violations.push(`${this.#process}: ${election} elected twice in a row`);
      this.#electedIn.set(election, token);
    } else if (event === 'unelected') {
      count(this.unelected, detail);
      const elected = this.#electedIn.get(election);
      if (elected !== token) {
        this.violations.push(`${this.#process}: ${election} unelected from ${token}, elected to ${elected ?? 'none'}`);
      }
      this.#electedIn.delete(election);
    }
  }

  #onMemory(at: number, rss: number, resources: number): void {
    if (this.#startedAt === 0) this.#startedAt = at;
    if (at - this.#startedAt < SETTLING) return;
    const { first = rss, most = rss, resources: held = [resources, resources], over = 0 } = this.#memory ?? {};
    const since = this.#memory === undefined ? at : this.#since;
    this.#since = since;
    this.#memory = {
      process: this.#process,
      first,
      last: rss,
      most: Math.max(most, rss),
      resources: [held[0], resources],
      over: Math.max(over, at - since),
    };
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
